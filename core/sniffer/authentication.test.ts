import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';
import { AuthTypes } from './authentication.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'auth-types-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A plugin whose trailer is the secret's first octet, eight times. */
function plugin(name: string, over: { names: string[]; authType?: number; text?: string }): ResolvedPlugin {
  const entry = path.join(folder, `${name}.mjs`);
  const text = `export default { kind: 'auth', create: ({ name }, secret) => ({
    authType: name === 'other' ? 98 : ${over.authType ?? 99},
    sign: (packet, start, end) => packet.fill(secret[0] ?? 0, end, end + 8),
    verify: (packet, start, end) => packet.subarray(end, end + 8).every((octet) => octet === (secret[0] ?? 0)),
  }) };`;
  writeFileSync(entry, over.text ?? text);
  const { names } = over;
  const rest = { kind: 'auth', default: false, provides: [], needs: [], options: {} } as const;
  return { package: `rvrrpd-plugin-${name}`, version: '1.0.0', names, entry, ...rest };
}

const message = (octet: number) => new Uint8Array(20).fill(octet, 12);

test('names by octet, the first plugin of a name wins', async () => {
  const complaints: string[] = [];
  const types = await AuthTypes.load(
    [
      plugin('a', { names: ['one', 'same', 'other'] }),
      plugin('b', { names: ['one', 'two'], authType: 97 }),
      { ...plugin('c', { names: ['driver'] }), kind: 'netdrv' },
    ],
    (text) => complaints.push(text),
  );
  expect(types.names).toEqual(['one', 'same', 'other', 'two']);
  expect([...types.namesByOctet]).toEqual([
    [99, ['one', 'same']],
    [98, ['other']],
    [97, ['two']],
  ]);
  expect(complaints).toEqual([]);
});

test('a plugin that cannot be used is told of, and the others can', async () => {
  const complaints: string[] = [];
  const types = await AuthTypes.load(
    [
      plugin('broken', { names: ['broken'], text: 'throw new Error("out of order");' }),
      plugin('a', { names: ['one'] }),
    ],
    (text) => complaints.push(text),
  );
  expect(types.names).toEqual(['one']);
  expect(complaints).toHaveLength(1);
  expect(complaints[0]).toContain('rvrrpd-plugin-broken');
  expect(complaints[0]).toContain('out of order');
  expect(types.keyringFor('broken', new Uint8Array())).toBeUndefined();
});

test('one secret for all, and the secrets of a configuration', async () => {
  const types = await AuthTypes.load([plugin('a', { names: ['one', 'other'] })], () => {});
  const all = types.keyringFor('one', Buffer.from('A'))!;
  expect(all.check(200, 99, message(0x41), 12)).toBe('right');
  expect(all.check(200, 99, message(0x42), 12)).toBe('wrong');
  expect(all.check(200, 98, message(0x41), 12)).toBe('wrong-type');

  const some = types.keyringOf([
    { vrid: 1, authType: 'one', authSecret: 'A' },
    { vrid: 2, authType: 'other', authSecret: 'é' },
    { vrid: 3, authSecret: '' },
    { vrid: 4, authType: 'missing', authSecret: 'A' },
  ]);
  expect(some.check(1, 99, message(0x41), 12)).toBe('right');
  expect(some.check(2, 98, message(0xc3), 12)).toBe('right'); // UTF-8
  expect(some.check(2, 99, message(0xc3), 12)).toBe('wrong-type');
  expect(some.check(3, 0, message(0), 12)).toBe('right');
  expect(some.check(3, 99, message(0), 12)).toBe('wrong-type');
  expect(some.check(4, 99, message(0), 12)).toBe('unchecked');
  expect(some.check(5, 99, message(0), 12)).toBe('unchecked');
});
