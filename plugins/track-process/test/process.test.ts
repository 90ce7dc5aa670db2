import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { body, message } from 'rvrrpd-track-system';
import { afterAll, describe, expect, test } from 'vitest';
import { Census, type Looks } from '../src/census.ts';
import { readEvent } from '../src/events.ts';
import plugin, { judge, pidIn } from '../src/index.ts';

const proc = mkdtempSync(path.join(tmpdir(), 'track-process-'));
afterAll(() => rmSync(proc, { recursive: true }));

/** Puts a process there. */
function put(
  pid: number,
  name: string,
  words: readonly string[],
  more: { state?: string; exe?: string; start?: number } = {},
) {
  const { state = 'S', exe, start = 100 } = more;
  const folder = path.join(proc, String(pid));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const rest = Array<number>(18).fill(0).join(' ');
  writeFileSync(path.join(folder, 'stat'), `${pid} (${name}) ${state} ${rest} ${start} 0 0\n`, 'latin1');
  writeFileSync(path.join(folder, 'cmdline'), words.map((word) => `${word}\0`).join(''));
  if (exe) symlinkSync(exe, path.join(folder, 'exe'));
}

put(1, 'systemd', ['/sbin/init'], { exe: '/usr/lib/systemd/systemd' });
put(2, 'kthreadd', []);
put(30, 'unbound', ['/usr/sbin/unbound', '-d', '-p'], { exe: '/usr/sbin/unbound' });
put(31, 'nginx', ['nginx: worker process', '', ''], { exe: '/usr/sbin/nginx (deleted)' });
put(32, 'a) S (b', ['/opt/odd name'], { exe: '/opt/odd name' });
put(33, 'a-very-long-nam', ['/opt/a-very-long-name-of-a-program', '--x']);
put(34, 'unbound', [], { state: 'Z' });
put(35, 'python3', ['/usr/bin/python3', '/opt/app.py', '--port', '80'], { exe: '/usr/bin/python3.11' });
mkdirSync(path.join(proc, 'self'));

const found = (looks: Looks) => [...new Census(looks, proc).take()];

describe('which processes', () => {
  test.each<[Looks, number[]]>([
    [{ process: 'unbound' }, [30]],
    [{ process: 'systemd' }, [1]],
    [{ process: 'init' }, [1]],
    [{ process: 'kthreadd' }, [2]],
    [{ process: 'nginx' }, [31]],
    [{ process: 'a) S (b' }, [32]],
    [{ process: 'odd name' }, [32]],
    [{ process: 'a-very-long-name-of-a-program' }, [33]],
    [{ process: 'a-very-long-name' }, []],
    [{ process: 'a-very-long-nam' }, [33]],
    [{ process: 'python3.11' }, [35]],
    [{ process: 'bound' }, []],
    [{ command_line: '/usr/sbin/unbound -d -p' }, [30]],
    [{ command_line: '/usr/sbin/unbound -d' }, []],
    [{ command_line: '/usr/sbin/unbound -d', match: 'begin' }, [30]],
    [{ command_line: 'app.py', match: 'contain' }, [35]],
    [{ command_line: 'nginx: worker process' }, [31]],
    [{ process: 'python3', command_line: 'app.py', match: 'contain' }, [35]],
    [{ process: 'unbound', command_line: 'app.py', match: 'contain' }, []],
  ])('%j', (looks, expected) => {
    expect(found(looks)).toEqual(expected);
  });

  test('another one with the same id, and one that has become another', () => {
    const census = new Census({ process: 'cron' }, proc);
    put(40, 'cron', ['cron']);
    expect([...census.take()]).toEqual([40]);
    put(40, 'sleep', ['sleep'], { start: 200 });
    expect([...census.take()]).toEqual([]);
    put(40, 'sh', ['sh'], { start: 300 });
    expect([...census.take()]).toEqual([]);
    put(40, 'cron', ['cron'], { start: 300 });
    expect([...census.take()]).toEqual([40]);
    rmSync(path.join(proc, '40'), { recursive: true });
    expect([...census.take()]).toEqual([]);
  });
});

test.each([
  [0, {}, false, 'no process of x'],
  [1, {}, true, '1 process of x'],
  [2, { minimum: 3 }, false, '2 processes of x, 3 at least must run'],
  [4, { minimum: 1, maximum: 3 }, false, '4 processes of x, 3 at most may run'],
  [0, { minimum: 0, maximum: 0 }, true, 'no process of x'],
])('%i with %j', (count, limits, up, words) => {
  expect(judge('x', count, limits)).toEqual({ up, words });
});

test.each([
  ['123\n', 123],
  [' 123', 123],
  ['123\nmore\n', 123],
  ['', undefined],
  ['0', undefined],
  ['-1', undefined],
  ['12x', undefined],
  ['pid 12', undefined],
])('a file with %j holds %s', (content, expected) => {
  expect(pidIn(content)).toBe(expected);
});

describe('events', () => {
  const event = (what: number, ...data: number[]) =>
    readEvent(message(3, 0, 0, body(1, 1, 0, 0, 0, what, 0, 0, 0, ...data)));
  test.each<[string, number, number[], unknown]>([
    ['yes', 0, [0], 'ready'],
    ['no', 0, [1], undefined],
    ['fork', 1, [10, 10, 20, 20], { what: 'new', pid: 20 }],
    ['a thread', 1, [10, 10, 21, 10], undefined],
    ['exec', 2, [20, 20], { what: 'look', pid: 20 }],
    ['exec of another thread', 2, [21, 20], { what: 'look', pid: 20 }],
    ['a name', 0x200, [20, 20, 0, 0, 0, 0], { what: 'look', pid: 20 }],
    ['exit', 0x80000000, [20, 20, 0, 0], { what: 'end', pid: 20 }],
    ['exit of a thread', 0x80000000, [21, 20, 0, 0], undefined],
    ['a user', 4, [20, 20], undefined],
  ])('%s', (_, what, data, expected) => {
    expect(event(what, ...data)).toEqual(expected);
  });

  test('of another connector', () => {
    expect(readEvent(message(3, 0, 0, body(2, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 2)))).toBeUndefined();
    expect(readEvent(Uint8Array.of(1, 2, 3))).toBeUndefined();
  });
});

function make(settings: Readonly<Record<string, unknown>>) {
  const context = { name: 'process', options: {}, log: () => {}, tracker: 'x', settings };
  return plugin.create({ ...context, interval: 1000, timeout: 1000 });
}

test('a PID file: the process itself, not a thread of that id, nor another program', async () => {
  const file = path.join(proc, 'pid-file');
  const found = async (id: number | string, more: Looks = {}) => {
    writeFileSync(file, `${id}\n`);
    return make({ pid_file: file, ...more }).check(new AbortController().signal);
  };
  const thread = readdirSync('/proc/self/task').find((id) => Number(id) !== process.pid)!;
  expect(await found(process.pid)).toEqual({ up: true, words: `process ${process.pid} of ${file} runs` });
  expect(await found(thread)).toEqual({ up: false, words: `process ${thread} of ${file} does not run` });
  expect(await found(process.pid, { process: 'cron', command_line: '/x', match: 'begin' })).toEqual({
    up: false,
    words: `process ${process.pid} of ${file} is another program than cron as "/x"`,
  });
  expect(await found(2 ** 31 - 1)).toMatchObject({
    up: false,
    words: expect.stringMatching(/does not run$/),
  });
});

test('what could never be down is refused', () => {
  expect(() => make({ process: 'x', minimum: 0 })).toThrow(
    'minimum = 0: with no maximum it would never be down',
  );
  make({ process: 'x', minimum: 0, maximum: 0 });
});

test('a PID file that is none holds nobody up', async () => {
  const pipe = path.join(proc, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const found = async (file: string) => {
    const tracker = make({ pid_file: file });
    const finding = await tracker.check(new AbortController().signal);
    await tracker.stop?.();
    return finding;
  };
  for (const file of [pipe, '/dev/zero', proc])
    expect(await found(file)).toEqual({ up: false, words: `${file} is no regular file` });
  expect(await found(path.join(proc, 'none'))).toMatchObject({
    words: expect.stringMatching(/is not there$/),
  });
});
