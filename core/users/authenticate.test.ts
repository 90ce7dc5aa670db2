import { expect, test } from 'vitest';
import { authenticate } from './authenticate.ts';

/** Lines of rVRRPd 0.1.3; both passwords are `banana`. */
const CAROL =
  '{{SHA256}}carol:0:4d366f21b361d47c:dc66fefa5622ac031ecdde147fc3ded68287a912db95647c825541d6de59b736';
const DAVE =
  '{{SCRYPT}}dave:3::$rscrypt$0$BAgB$PVpOT7gyMRG8VCDNaw/TDA==$7tsQ0XxJsDwI+AwKiTDms6pzH5zx1f6MNTWmmzXhsw4=$';
const BROKEN = '{{MD5}}eve:0::0123456789abcdef0123456789abcdef';

async function ask(lines: readonly string[], name: string, password: string) {
  const complaints: string[] = [];
  const user = await authenticate(lines, name, password, (message) => complaints.push(message));
  return { level: user?.level, complaints };
}

test.each([
  ['carol', 'banana', 0],
  ['dave', 'banana', 3],
  ['carol', 'Banana', undefined],
  ['dave', '', undefined],
  ['Carol', 'banana', undefined],
  ['', 'banana', undefined],
  ['mallory', 'banana', undefined], // whoever's hash stands in for hers
])('%s with password "%s": level %s', async (name, password, level) => {
  expect(await ask([CAROL, DAVE], name, password)).toEqual({ level, complaints: [] });
});

test('without users nobody gets in', async () => {
  expect(await ask([], 'carol', 'banana')).toEqual({ level: undefined, complaints: [] });
});

test('a line that nobody can check is complained about, but only to those who may know of it', async () => {
  const { level, complaints } = await ask([BROKEN], 'eve', 'banana');
  expect(level).toBeUndefined();
  expect(complaints).toEqual([
    'user eve cannot log in: no algorithm is called MD5: there is SCRYPT and SHA256',
  ]);
  expect(await ask([BROKEN], 'mallory', 'banana')).toEqual({ level: undefined, complaints: [] });
});

test('a name that does not exist takes as long as the one whose hash stands in for it', async () => {
  // The costs differ so much (SHA-256 and scrypt) that a shortcut for unknown names would show.
  const slow =
    '{{SCRYPT}}slow:0::$rscrypt$0$DggB$PVpOT7gyMRG8VCDNaw/TDA==$7tsQ0XxJsDwI+AwKiTDms6pzH5zx1f6MNTWmmzXhsw4=$';
  const time = async (name: string): Promise<number> => {
    const begin = performance.now();
    await ask([slow], name, 'banana');
    return performance.now() - begin;
  };
  expect(await time('nobody')).toBeGreaterThan((await time('slow')) / 10);
});
