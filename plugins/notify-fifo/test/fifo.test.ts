import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { notifyCompliance, notifyEvent } from 'rvrrpd/plugin';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import plugin, { lineOf } from '../src/index.ts';
import { Pipe } from '../src/pipe.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'notify-fifo-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Reads a pipe, without ever waiting. */
class Reader {
  text = '';
  private readonly descriptor: number;

  constructor(file: string) {
    this.descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /** All lines up to now. @param most octets that are read now */
  lines(most = 1 << 20): string[] {
    const room = Buffer.alloc(most);
    try {
      this.text += room.toString('utf8', 0, readSync(this.descriptor, room));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    return this.text.split('\n').slice(0, -1);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

const made = (name: string): string => {
  const file = path.join(folder, name);
  execFileSync('mkfifo', [file]);
  return file;
};

describe('compliance', () => {
  const file = made('read');
  const plain = path.join(folder, 'plain');
  let reader: Reader;
  beforeAll(() => {
    reader = new Reader(file);
    writeFileSync(plain, '');
  });
  afterAll(() => reader.close());

  notifyCompliance({
    test: (name, body) => test(name, body, 60_000),
    plugin,
    manifest: new URL('../package.json', import.meta.url),
    settings: { path: file },
    arrived: () => reader.lines().map((line) => JSON.parse(line) as unknown).length,
    failing: { path: path.join(folder, 'no', 'such', 'folder') },
    hanging: { path: path.join(folder, 'unread') },
    right: [{ path: '/run/other', format: 'lines', mode: '0640', names: { 'eth0/7': 'VI_1' } }],
    wrong: [
      { settings: { path: 'relative' }, contains: 'relative' },
      { settings: { path: plain }, contains: plain },
      { settings: { path: '/run/other', mode: '999' }, contains: '999' },
    ],
  });
});

test('lines are keepalived’s', () => {
  expect(lineOf(notifyEvent(), { format: 'lines' })).toBe('INSTANCE "eth0/7" MASTER 70\n');
  const group = notifyEvent({ type: 'group', name: 'gw', state: 'Stop' });
  expect(lineOf(group, { format: 'lines', names: { gw: 'VG_1' } })).toBe('GROUP "VG_1" STOP 70\n');
});

test('a pipe that is not there is made, with its mode', async () => {
  const file = path.join(folder, 'new');
  const pipe = new Pipe(file, '0620');
  await expect(pipe.write(1, Buffer.from('x\n'), AbortSignal.timeout(100))).rejects.toThrow(
    'nobody reads it',
  );
  expect(statSync(file).isFIFO()).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o620);
});

test('events wait until somebody reads, and go on with the next one who does', async () => {
  const file = made('later');
  const pipe = new Pipe(file, '0600');
  const first = pipe.write(1, Buffer.from('1\n'), new AbortController().signal);
  const reader = new Reader(file);
  await first;
  expect(reader.lines()).toEqual(['1']);
  reader.close();
  const second = pipe.write(2, Buffer.from('2\n'), new AbortController().signal);
  const next = new Reader(file);
  await second;
  expect(next.lines()).toEqual(['2']);
  next.close();
  pipe.close();
});

test('a line that was begun is finished before another, and is not written again', async () => {
  const file = made('full');
  const pipe = new Pipe(file, '0600');
  const reader = new Reader(file);
  const line = (letter: string): Buffer => Buffer.from(`${letter.repeat(100_000)}\n`); // more than a pipe holds
  await expect(pipe.write(1, line('a'), AbortSignal.timeout(50))).rejects.toThrow('it is full');
  await expect(pipe.write(1, line('A'), AbortSignal.abort())).rejects.toThrow();
  const rest = pipe.write(1, line('A'), new AbortController().signal);
  await expect.poll(() => reader.lines().map((each) => each.slice(0, 1)), { timeout: 20_000 }).toEqual(['a']);
  await rest;
  const next = pipe.write(2, Buffer.from('b\n'), new AbortController().signal);
  await next;
  expect(reader.lines().map((each) => [each[0], each.length])).toEqual([
    ['a', 100_000],
    ['b', 1],
  ]);
  reader.close();
  pipe.close();
});

const forever = new AbortController().signal;

test('who begins to read is not kept waiting for the next attempt', async () => {
  const pipe = new Pipe(made('unread-for-long'), '0600');
  await expect(pipe.write(1, Buffer.from('1\n'), AbortSignal.timeout(20))).rejects.toMatchObject({
    pause: 500,
  });
});

test('what a reader has left in the pipe is the next one’s', async () => {
  const file = made('left');
  const pipe = new Pipe(file, '0600');
  const reader = new Reader(file);
  await pipe.write(1, Buffer.from('1\n'), forever);
  await pipe.write(2, Buffer.from('2\n'), forever);
  reader.close(); // and has read nothing
  await expect(pipe.write(3, Buffer.from('3\n'), AbortSignal.timeout(50))).rejects.toThrow('nobody reads it');
  const third = pipe.write(3, Buffer.from('3\n'), forever);
  const next = new Reader(file);
  await third;
  expect(next.lines()).toEqual(['1', '2', '3']);
  next.close();
  pipe.close();
});

test('a long line whose reader goes in the middle is finished for the next one', async () => {
  const file = made('middle');
  const pipe = new Pipe(file, '0600');
  const reader = new Reader(file);
  const line = `${'a'.repeat(100_000)}\n`;
  const writing = pipe.write(1, Buffer.from(line), forever);
  reader.lines(10_000);
  reader.close();
  const next = new Reader(file);
  await expect.poll(() => next.lines().length, { timeout: 20_000 }).toBe(1);
  await writing;
  expect(reader.text.length + next.text.length).toBe(line.length);
  next.close();
  pipe.close();
});

test('a pipe that has gone is made again, and one in its place is used', async () => {
  const file = made('gone');
  const pipe = new Pipe(file, '0600');
  const reader = new Reader(file);
  await pipe.write(1, Buffer.from('1\n'), forever);
  rmSync(file);
  const second = pipe.write(2, Buffer.from('2\n'), forever);
  await expect
    .poll(() => statSync(file, { throwIfNoEntry: false })?.isFIFO(), { timeout: 20_000 })
    .toBe(true);
  const next = new Reader(file);
  await second;
  expect([reader.lines(), next.lines()]).toEqual([['1'], ['2']]);
  next.close();
  rmSync(file);
  made('gone');
  const third = pipe.write(3, Buffer.from('3\n'), forever);
  const last = new Reader(file);
  await third;
  expect(last.lines()).toEqual(['3']);
  for (const each of [reader, last]) each.close();
  pipe.close();
});

test('who does not read what is full is left for one in its place, which gets a line from its beginning', async () => {
  const file = made('stuck');
  const pipe = new Pipe(file, '0600');
  const stuck = new Reader(file);
  const line = `${'a'.repeat(100_000)}\n`;
  const writing = pipe.write(1, Buffer.from(line), forever);
  rmSync(file);
  made('stuck');
  const reader = new Reader(file);
  await expect.poll(() => reader.lines(), { timeout: 20_000 }).toEqual([line.trim()]);
  await writing;
  for (const each of [stuck, reader]) each.close();
  pipe.close();
});

test.each([
  ['a regular file', (file: string) => writeFileSync(file, 'kept'), 'is no named pipe'],
  ['a folder', (file: string) => mkdirSync(file), 'is no named pipe'],
  ['a link to nothing', (file: string) => symlinkSync('/nonexistent/x', file), 'ENOENT'],
  ['a folder that is not there', () => {}, 'cannot be made: mkfifo: '],
])('%s in its place is told, and left alone', async (what, put, why) => {
  const file = path.join(folder, what === 'a folder that is not there' ? 'none/x' : what);
  put(file);
  const before = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  const writing = new Pipe(file, '0600').write(1, Buffer.from('1\n'), forever);
  await expect(writing).rejects.not.toHaveProperty('pause'); // it may be for long
  await expect(writing).rejects.toThrow(`${file}: ${why}`);
  expect(statSync(file, { throwIfNoEntry: false })?.mtimeMs).toBe(before);
});

test('names with odd characters stay in one line', () => {
  const names = { 'eth0/7': 'a\nb\u0000"c' };
  expect(lineOf(notifyEvent(), { format: 'lines', names })).toBe('INSTANCE "a b "c" MASTER 70\n');
});
