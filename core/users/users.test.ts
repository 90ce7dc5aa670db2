import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HASH_ALGORITHMS, hashPassword, SCRYPT_COST, verifyPassword } from './password-hash.ts';
import { formatUserLine, isUserName, parseUserLine, type User } from './user-line.ts';

/** Lines of rVRRPd 0.1.3; both passwords are `banana`. */
const CAROL =
  '{{SHA256}}carol:0:4d366f21b361d47c:dc66fefa5622ac031ecdde147fc3ded68287a912db95647c825541d6de59b736';
const DAVE =
  '{{SCRYPT}}dave:0::$rscrypt$0$BAgB$PVpOT7gyMRG8VCDNaw/TDA==$7tsQ0XxJsDwI+AwKiTDms6pzH5zx1f6MNTWmmzXhsw4=$';

const LOW_COST = { logN: 4, r: 8, p: 1 };

describe('a user line', () => {
  test.each([
    [CAROL, { algorithm: 'SHA256', name: 'carol', level: 0, salt: '4d366f21b361d47c' }],
    [DAVE, { algorithm: 'SCRYPT', name: 'dave', level: 0, salt: '' }],
  ])('%s', (line, user) => {
    const parsed = parseUserLine(line)!;
    expect(parsed).toMatchObject(user);
    expect(formatUserLine(parsed)).toBe(line);
  });

  test.each([
    '',
    'carol',
    CAROL.replace('SHA256', ''),
    CAROL.replace('SHA256', 'SHA-256'),
    CAROL.replace('carol', ''),
    CAROL.replace('carol', 'ca_rol'),
    CAROL.replace('carol', 'c'.repeat(257)),
    CAROL.replace(':0:', ':10:'),
    CAROL.replace(':0:', '::'),
    CAROL.replace('4d36', '4d3g'),
    CAROL.replace('4d366f21b361d47c', 'a'.repeat(65)),
    CAROL.replace(/:[^:]*$/, ':'),
    CAROL.replace(/:[^:]*$/, `:${'a'.repeat(15)}`),
    CAROL.replace(/:[^:]*$/, `:${'a'.repeat(257)}`),
    `${CAROL}\n`,
    `${CAROL} x`,
    ` ${CAROL}`,
  ])('%j is none', (line) => {
    expect(parseUserLine(line)).toBeUndefined();
  });

  test('whatever is formatted is parsed to the same', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9]{1,256}$/);
    const user: fc.Arbitrary<User> = fc.record({
      algorithm: word,
      name: word,
      level: fc.integer({ min: 0, max: 9 }),
      salt: fc.stringMatching(/^[0-9a-f]{0,64}$/),
      hash: fc.stringMatching(/^[!-~]{16,256}$/),
    });
    fc.assert(
      fc.property(user, (each) => {
        expect(parseUserLine(formatUserLine(each))).toEqual(each);
      }),
    );
  });

  test('what no line can hold is refused', () => {
    const user = parseUserLine(CAROL)!;
    expect(() => formatUserLine({ ...user, name: 'a:b' })).toThrow(RangeError);
    expect(() => formatUserLine({ ...user, level: 10 })).toThrow(RangeError);
    expect(isUserName('carol1')).toBe(true);
    for (const name of ['', 'a b', 'a:b', 'é', 'x'.repeat(257)]) expect(isUserName(name), name).toBe(false);
  });
});

describe('a password', () => {
  test.each([CAROL, DAVE])('banana logs in with %s, nothing else does', async (line) => {
    const user = parseUserLine(line)!;
    expect(await verifyPassword(user, 'banana')).toBe(true);
    for (const other of ['', 'Banana', 'banana ', 'bananabanana']) {
      expect(await verifyPassword(user, other)).toBe(false);
    }
  });

  test.each(HASH_ALGORITHMS)('%s: what is hashed is verified', async (algorithm) => {
    for (const password of ['banana', 'pässwörd 🍌', 'x'.repeat(1000), '$:{}']) {
      const user = { name: 'eve', level: 3, ...(await hashPassword(password, algorithm, LOW_COST)) };
      const parsed = parseUserLine(formatUserLine(user))!;
      expect(await verifyPassword(parsed, password)).toBe(true);
      expect(await verifyPassword(parsed, `${password}x`)).toBe(false);
    }
  });

  test.each(HASH_ALGORITHMS)('%s: each hash has a salt of its own', async (algorithm) => {
    const hashes = await Promise.all([1, 2].map(() => hashPassword('banana', algorithm, LOW_COST)));
    expect(hashes[0]!.hash).not.toBe(hashes[1]!.hash);
  });

  test('the default is scrypt at the cost that OWASP asks for', async () => {
    expect(SCRYPT_COST).toEqual({ logN: 17, r: 8, p: 1 });
    const made = await hashPassword('banana');
    expect(made).toMatchObject({ algorithm: 'SCRYPT', salt: '' });
    // 17, 8, 1; a salt of 16 octets; a key of 32
    expect(made.hash).toMatch(/^\$rscrypt\$0\$EQgB\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=\$$/);
    expect(await verifyPassword(made, 'banana')).toBe(true);
  });

  test('SHA256 is laid out as 0.1.3 does it', async () => {
    const made = await hashPassword('banana', 'SHA256');
    expect(made.salt).toMatch(/^[1-9a-f][0-9a-f]{0,15}$/);
    expect(made.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('rscrypt format 1, parameters of 9 octets', async () => {
    // RFC 7914 §12: scrypt(P="", S="", N=16, r=1, p=1) has an empty salt, which rscrypt never makes; so dave's,
    // its parameters written the long way.
    const parameters = Buffer.from([4, 8, 0, 0, 0, 1, 0, 0, 0]).toString('base64');
    const user = parseUserLine(DAVE.replace('$0$BAgB$', `$1$${parameters}$`))!;
    expect(await verifyPassword(user, 'banana')).toBe(true);
    expect(await verifyPassword(user, 'apple')).toBe(false);
  });

  const scrypt = (text: string) => ({ algorithm: 'SCRYPT', salt: '', hash: text });
  const KEY = '7tsQ0XxJsDwI+AwKiTDms6pzH5zx1f6MNTWmmzXhsw4=';
  const octets = (...values: number[]) => Buffer.from(values).toString('base64');
  test.each([
    [{ algorithm: 'MD5', salt: '', hash: 'x'.repeat(32) }, 'no algorithm is called MD5'],
    [{ algorithm: 'sha256', salt: '', hash: '0'.repeat(64) }, 'no algorithm is called sha256'],
    [{ algorithm: 'SHA256', salt: '', hash: '0'.repeat(63) }, '64 hexadecimal digits'],
    [{ algorithm: 'SHA256', salt: '', hash: 'g'.repeat(64) }, '64 hexadecimal digits'],
    [scrypt('no scrypt at all!'), '$rscrypt$0$'],
    [scrypt(`$rscrypt$2$BAgB$PVpO$${KEY}$`), '$rscrypt$0$'],
    [scrypt(`$rscrypt$1$BAgB$PVpO$${KEY}$`), '$rscrypt$0$'],
    [scrypt(`$rscrypt$0$${octets(4, 0, 1)}$PVpO$${KEY}$`), '$rscrypt$0$'],
    [scrypt(`$rscrypt$0$${octets(0, 8, 1)}$PVpO$${KEY}$`), '$rscrypt$0$'],
    [scrypt('$rscrypt$0$BAgB$PVpO$AAAA$'), '$rscrypt$0$'],
    [scrypt(`$rscrypt$0$${octets(30, 8, 1)}$PVpO$${KEY}$`), 'N = 2^30, r = 8, p = 1 costs too much'],
    [scrypt(`$rscrypt$0$${octets(255, 255, 255)}$PVpO$${KEY}$`), 'costs too much'],
    [
      scrypt(`$rscrypt$1$${octets(17, 8, 0, 0, 0, 255, 255, 255, 255)}$PVpO$${KEY}$`),
      'N = 2^17, r = 8, p = 4294967295 costs too much',
    ],
  ])('%j cannot be checked', async (hash, message) => {
    const refusal = await verifyPassword(hash, 'banana').then(String, (error: Error) => error);
    expect(refusal).toBeInstanceOf(Error);
    expect((refusal as Error).name).toBe('PasswordHashError');
    expect((refusal as Error).message).toContain(message);
    expect((refusal as Error).message).not.toContain('banana');
  });
});
