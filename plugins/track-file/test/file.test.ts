import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TrackContext, trackCompliance } from 'rvrrpd/plugin';
import { afterAll, expect, test } from 'vitest';
import { judgeContent } from '../src/content.ts';
import plugin from '../src/index.ts';

const root = mkdtempSync(path.join(tmpdir(), 'track-file-'));
afterAll(() => rmSync(root, { recursive: true }));
const folder = path.join(root, 'a/b');
const file = path.join(folder, 'flag');

const { signal } = new AbortController();

function make(settings: Readonly<Record<string, unknown>>) {
  const context: TrackContext = {
    ...{ name: 'file', options: {}, log: () => {}, tracker: 't', interval: 1000, timeout: 1000 },
    settings,
  };
  return plugin.create(context);
}

async function find(settings: Readonly<Record<string, unknown>>): Promise<string> {
  const { up, words, weight } = await make(settings).check(signal);
  return `${up ? 'up' : 'down'} ${words.replaceAll(root, '')}${weight === undefined ? '' : ` ${weight}`}`;
}

/** Waits for what other threads and the kernel do. */
async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

trackCompliance({
  test,
  plugin,
  manifest: new URL('../package.json', import.meta.url),
  settings: { path: file },
  up: () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, '');
  },
  down: () => rmSync(path.join(root, 'a'), { recursive: true, force: true }),
  right: [{ path: '/x', read: 'weight' }],
  wrong: [
    { settings: { path: 'relative' }, contains: '' },
    { settings: { path: '/x', read: 'everything' }, contains: '' },
    { settings: {}, contains: '' },
  ],
});

test.each([
  ['5\n', true, 5],
  ['  -20 \n\n', true, -20],
  ['+7', true, 7],
  ['-0', true, 0],
  ['0', true, 0],
  ['253', true, 253],
  ['254', true, 253],
  ['-253', true, -253],
  ['-254', false, undefined],
  ['-999999999', false, undefined],
  ['', false, undefined],
  ['\n', false, undefined],
  ['1.5', false, undefined],
  ['5 6', false, undefined],
  ['0x10', false, undefined],
  ['many', false, undefined],
  ['99999999999999999999', false, undefined],
])('the content %j: up %s, weight %s', (content, up, weight) => {
  const found = judgeContent('/f', content);
  expect(found.up).toBe(up);
  expect(found.weight).toBe(weight);
  expect(Object.is(found.weight, -0)).toBe(false);
});

test('presence, absence and number, in words', async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, '-30\n');
  expect(await find({ path: file })).toBe('up /a/b/flag is there');
  expect(await find({ path: file, read: 'absence' })).toBe('down /a/b/flag is there');
  expect(await find({ path: file, read: 'weight' })).toBe('up /a/b/flag says -30 -30');
  expect(await find({ path: folder, read: 'weight' })).toBe('down /a/b is no regular file');
  expect(await find({ path: `${file}/x` })).toBe('down /a/b/flag/x is not there');
  rmSync(file);
  expect(await find({ path: file, read: 'absence' })).toBe('up /a/b/flag is not there');
  expect(await find({ path: file, read: 'weight' })).toBe('down /a/b/flag is not there');
  symlinkSync('/nowhere/at/all', file);
  expect(await find({ path: file })).toBe('down /a/b/flag leads to nothing');
  rmSync(file);
});

test('what a named pipe holds is left to whoever reads it', async () => {
  mkdirSync(folder, { recursive: true });
  const pipe = path.join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  writeSync(reader, '-20\n');
  expect(await find({ path: pipe, read: 'weight' })).toBe('down /a/b/pipe is no regular file');
  expect(readSync(reader, Buffer.alloc(10))).toBe(4);
  closeSync(reader);
  expect(await find({ path: pipe })).toBe('up /a/b/pipe is there');
  rmSync(pipe);
});

test('a number that nobody can have meant is called one', () => {
  const words = (content: string) => judgeContent('/f', content).words;
  expect(words('-99999999999\n')).toBe('/f holds a number of more than nine digits');
  expect(words('9e9')).toBe('/f holds no whole number');
});

test('a file that is written in place is no failure while it is empty', async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, '');
  const found = make({ path: file, read: 'weight' }).check(signal);
  setTimeout(() => writeFileSync(file, '-20'), 20);
  expect((await found).weight).toBe(-20);
  writeFileSync(file, '\n');
  expect(await find({ path: file, read: 'weight' })).toBe('down /a/b/flag is empty');
  expect(await find({ path: file })).toBe('up /a/b/flag is there');
  rmSync(file);
});

test('tells of a file that is replaced, of a folder that goes and comes back', async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, '1');
  const tracker = make({ path: file, read: 'weight' });
  let told = 0;
  await tracker.start?.(() => {
    told++;
  });
  const weight = async () => (await tracker.check(signal)).weight;
  expect(await weight()).toBe(1);
  const change = async (how: () => void) => {
    const before = told;
    how();
    await until(() => told > before);
  };
  await change(() => {
    writeFileSync(`${file}.new`, '2');
    renameSync(`${file}.new`, file);
  });
  expect(await weight()).toBe(2);
  await change(() => rmSync(path.join(root, 'a'), { recursive: true }));
  expect(await weight()).toBeUndefined(); // and watches what is left
  await change(() => mkdirSync(path.join(root, 'a')));
  expect(await weight()).toBeUndefined();
  await change(() => mkdirSync(folder));
  expect(await weight()).toBeUndefined();
  await change(() => writeFileSync(file, '3'));
  expect(await weight()).toBe(3);
  await change(() => writeFileSync(file, '4'));
  expect(await weight()).toBe(4);
  await tracker.stop?.();
});
