import { expect, test } from 'vitest';
import { commandOf } from './command.ts';

/** The command of a `script` with these words. */
function command(...words: readonly string[]): readonly string[] | undefined {
  return commandOf({ words: ['script', ...words], place: { file: 'k.conf', line: 1 } })?.words;
}

test('what is within quotes is a word, whatever is in it', () => {
  expect(command("/bin/bash -c '</dev/tcp/127.0.0.1/6443'")).toEqual([
    ...['/bin/bash', '-c', '</dev/tcp/127.0.0.1/6443'],
  ]);
  expect(command('/bin/sh', '-c', 'curl -s http://x | grep ok')).toEqual([
    ...['/bin/sh', '-c', 'curl -s http://x | grep ok'],
  ]);
  expect(command('/usr/bin/psql', '-c', 'select 1;')).toEqual(['/usr/bin/psql', '-c', 'select 1;']);
});

test('an address with several parameters needs no shell, which would leave it to itself', () => {
  const url = 'http://127.0.0.1/?a=1&b=2';
  expect(command(`/usr/bin/curl -sf ${url}`)).toEqual(['/usr/bin/curl', '-sf', url]);
  expect(command('/usr/bin/curl', '-sf', url)).toEqual(['/usr/bin/curl', '-sf', url]);
});

test('a shell for what it alone understands', () => {
  for (const text of [
    '/a | /b',
    '/a || exit 1',
    '/a && /b',
    '/a &',
    '/a > /dev/null',
    '/a 2>&1',
    '/a; /b',
    '/a $(b)',
  ])
    expect(command(text), text).toEqual(['/bin/sh', '-c', text]);
  expect(command('</dev/tcp/127.0.0.1/80')).toEqual(['/bin/bash', '-c', '</dev/tcp/127.0.0.1/80']);
  expect(command('/a', 'b c', "it's", '2>&1', '|', '/d')).toEqual([
    ...['/bin/sh', '-c', "/a 'b c' 'it'\\''s' 2>&1 | /d"],
  ]);
});
