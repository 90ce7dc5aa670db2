import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { advertisement, authenticator, Clock, KEY_1, KEY_7 } from './stage.ts';

const TEXT = 'a text of thirty-two octets, yes!';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-hmac-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  delete process.env.CREDENTIALS_DIRECTORY;
});

function write(name: string, text: string, mode = 0o600): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

/** What a directive is refused with, and which. */
function fault(directives: Readonly<Record<string, unknown>>): string {
  try {
    authenticator({ directives });
  } catch (error) {
    const { directive, message } = error as { directive?: string; message: string };
    return `${directive}: ${message}`.replaceAll(folder, '');
  }
  return 'none';
}

describe('keys', () => {
  test('inline, from a file, from a credential: the same key is the same', () => {
    process.env.CREDENTIALS_DIRECTORY = folder;
    write('vrrp', KEY_1);
    const clock = new Clock();
    const ways = [KEY_1, `file:${write('a', KEY_1)}`, `file:${write('b', `${KEY_1}\n`)}`, 'credential:vrrp'];
    for (const key of ways) {
      const one = authenticator({ clock, directives: { keys: { 1: key } } });
      expect(advertisement().signedBy(one).verdictOf(authenticator({ clock }))).toBe('genuine');
    }
    const text = authenticator({ clock, directives: { keys: { 1: TEXT } } });
    const file = authenticator({ clock, directives: { keys: { 1: `file:${write('c', TEXT)}` } } });
    expect(advertisement().signedBy(text).verdictOf(file)).toBe('genuine');
  });

  test('a file that others can read is told', () => {
    const warnings: string[] = [];
    const warn = (message: string): number => warnings.push(message);
    authenticator({ directives: { keys: { 1: `file:${write('safe', KEY_1, 0o640)}` } }, warn });
    expect(warnings).toEqual([]);
    const file = write('open', KEY_1, 0o644);
    authenticator({ directives: { keys: { 1: `file:${file}` } }, warn });
    expect(warnings).toEqual([
      `${file} can be read by everybody on this machine (keys.1): chmod 600 ${file}`,
    ]);
  });

  test.each([
    [
      { 1: 'too short, but a text' },
      /^keys\.1: it must have 32 to 64 octets, and has 21: "hex:" and 64 digits/,
    ],
    [{ 1: KEY_1, 9: 'hex:00' }, /^keys\.9: it must have 32 to 64 octets, and has 1/],
    [{ 1: `hex:${'zz'.repeat(32)}` }, /^keys\.1: it must have an even number of hexadecimal digits/],
    [
      { 1: 'file:/does/not/exist' },
      /^keys\.1: \/does\/not\/exist must be a readable file with a key: ENOENT/,
    ],
    [{ 1: 'credential:x' }, /^keys\.1: credential:x needs systemd: \$CREDENTIALS_DIRECTORY is not set/],
  ])('%j is refused', (keys, expected) => {
    expect(fault({ keys, active_key: 1 })).toMatch(expected);
  });

  test('what would keep the engine waiting, or has no end, is refused at once', () => {
    const pipe = path.join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const of = (file: string): string => fault({ keys: { 1: `file:${file}` } });
    expect(of(pipe)).toBe('keys.1: /pipe must be a readable file with a key: it is no regular file');
    expect(of('/dev/zero')).toMatch(/^keys\.1: \/dev\/zero must .*: it is no regular file$/);
    expect(of(folder)).toMatch(/: it is a directory$/);
    expect(of(write('large', 'x'.repeat(5000)))).toMatch(/: it has 5000 octets, more than any key$/);
    expect(of('/proc/self/maps'), 'says that it has 0').toMatch(/: it has more than 4096 octets$/);
  });

  test.each([
    [Buffer.alloc(20, 0xff), 'its 20 octets are no text (UTF-8): a key of such octets is written "hex:" and'],
    [
      Buffer.alloc(40),
      'it has control characters or a byte order mark: a key of such octets is written "hex:"',
    ],
    [`\ufeff${TEXT}`, 'it has control characters or a byte order mark'],
    [`${KEY_1}\n\n`, 'it has more than one line'],
    [`${TEXT}\r\n${TEXT}`, 'it has more than one line'],
  ])('a file that holds no line of text is refused: %j', (content, reason) => {
    const file = path.join(folder, 'key');
    writeFileSync(file, content, { mode: 0o600 });
    expect(fault({ keys: { 1: `file:${file}` } })).toContain(
      `keys.1: /key must be a readable file with a key: ${reason}`,
    );
  });

  test('the end of a line is no part of the key, whichever system has written it', () => {
    const clock = new Clock();
    const packet = advertisement().signedBy(authenticator({ clock, directives: { keys: { 1: TEXT } } }));
    for (const end of ['', '\n', '\r\n']) {
      const keys = { 1: `file:${write('key', `${TEXT}${end}`)}` };
      expect(packet.verdictOf(authenticator({ clock, directives: { keys } }))).toBe('genuine');
    }
  });

  test('a file with something else than a key is refused, without showing it', () => {
    expect(fault({ keys: { 1: `file:${write('x', 'secret?')}` } })).toBe(
      'keys.1: /x must have 32 to 64 octets, and has 7: "hex:" and 64 digits or more, or a text',
    );
    expect(fault({ keys: { 1: `file:${write('y', 'x'.repeat(5000))}` } })).toMatch(
      /5000 octets, more than any key/,
    );
  });
});

describe('active_key', () => {
  test('the only one, or one of several', () => {
    expect(fault({ keys: { 3: KEY_1 }, active_key: undefined })).toBe('none');
    expect(fault({ active_key: undefined })).toBe(
      'active_key: must be set where there are several keys: one of 1, 7',
    );
    expect(fault({ active_key: undefined, mode: 'receive-only' })).toBe('none');
    expect(fault({ active_key: 2 })).toBe('active_key: must be the number of a key in keys: 1, 7');
  });

  test('signs; all others are accepted too', () => {
    const clock = new Clock();
    const receiver = authenticator({ clock });
    for (const active_key of [7, 1]) {
      const packet = advertisement().signedBy(authenticator({ clock, directives: { active_key } }));
      clock.pass(1);
      expect(packet.trailer[1]).toBe(active_key);
      expect(packet.verdictOf(receiver)).toBe('genuine');
    }
    const other = authenticator({ clock, directives: { keys: { 9: KEY_7 }, active_key: undefined } });
    expect(advertisement().signedBy(other).verdictOf(receiver)).toBe('unknown-key');
  });
});

test.each([
  ['receive-only', false, false],
  ['permissive', true, false],
  ['enforce', true, true],
])('mode %s: sends %s, requires %s', (mode, sends, requires) => {
  expect(authenticator({ directives: { mode } })).toMatchObject({ sends, requires, length: 28 });
});
