import { describe, expect, test } from 'vitest';
import { accountOf } from '../src/accounts.ts';
import { LastLine } from '../src/last-line.ts';

describe('users and groups', () => {
  const files = {
    passwd:
      'root:x:0:0:root:/root:/bin/sh\n# a comment\nweb:x:33:34:,,,:/srv/web:/bin/false\nbare:x:40:41:::\nbroken:x:z:1\n',
    group: 'root:x:0:\nadm:x:4:web\n',
  };
  const root = { uid: 0, gid: 0 };

  test('of the daemon, if nothing is said', () => {
    expect(accountOf(files, root, undefined, undefined)).toEqual({
      uid: 0,
      gid: 0,
      name: 'root',
      home: '/root',
    });
    expect(accountOf(files, { uid: 7, gid: 8 }, undefined, undefined)).toEqual({ uid: 7, gid: 8, home: '/' });
  });

  test('by name and by number', () => {
    const web = { uid: 33, gid: 34, name: 'web', home: '/srv/web' };
    expect(accountOf(files, root, 'web', undefined)).toEqual(web);
    expect(accountOf(files, root, 33, undefined)).toEqual(web);
    expect(accountOf(files, root, 'web', 'adm')).toEqual({ ...web, gid: 4 });
    expect(accountOf(files, root, 'web', 99)).toEqual({ ...web, gid: 99 });
    expect(accountOf(files, root, 1234, 99)).toEqual({ uid: 1234, gid: 99, home: '/' });
    expect(accountOf(files, root, undefined, 'adm')).toMatchObject({ uid: 0, gid: 4 });
    expect(accountOf(files, root, 'bare', undefined).home).toBe('/');
  });

  test('that are not there', () => {
    expect(() => accountOf(files, root, 'nobody', undefined)).toThrow('user = "nobody"');
    expect(() => accountOf(files, root, 'broken', undefined)).toThrow('user = "broken"');
    expect(() => accountOf(files, root, 'web', 'wheel')).toThrow('group = "wheel"');
    expect(() => accountOf(files, root, 1234, undefined)).toThrow('user = 1234');
  });
});

describe('the last line', () => {
  const lineOf = (...parts: readonly string[]) => {
    const line = new LastLine();
    for (const part of parts) line.add(Buffer.from(part));
    return line.text();
  };
  test.each([
    [['a\nb\n'], 'b'],
    [['a\nb'], 'b'],
    [['a\n', '\n \n'], 'a'],
    [['progress 1\rprogress 2\r'], 'progress 2'],
    [['one ', 'line'], 'one line'],
    [['\u001b[31mred\u001b[0m\n'], '[31mred [0m'],
    [[''], ''],
    [[], ''],
  ])('of %j is %j', (parts, expected) => {
    expect(lineOf(...parts)).toBe(expected);
  });

  test('is bounded, however much is written', () => {
    const line = new LastLine();
    for (let count = 0; count < 1000; count++) line.add(Buffer.alloc(10_000, 'x'));
    expect(line.text()).toBe('x'.repeat(200));
    line.add(Buffer.from('\nend\n'));
    expect(line.text()).toBe('end');
  });
});
