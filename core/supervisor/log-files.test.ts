import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { openFileLog } from './log.ts';
import { LogFiles, logPlaces } from './log-files.ts';

let folder = '';
let places = { main: '', error: '' };
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-log-'));
  places = { main: path.join(folder, 'main.log'), error: path.join(folder, 'error.log') };
  return () => rmSync(folder, { recursive: true, force: true });
});

/** Messages in a file of the log. */
function linesOf(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
}

function logTo(files: LogFiles) {
  return openFileLog({ debug: 0, timeZone: 'utc', timeFormat: 'disabled' }, files);
}

/** Waits until a file has so many lines. */
async function written(file: string, lines: number): Promise<void> {
  while (linesOf(file).length < lines) await new Promise(setImmediate);
}

test('everything is in the main file, errors in the other one too', async () => {
  const files = new LogFiles(places);
  const log = logTo(files);
  log.info('one');
  log.error('two');
  log.debug('not at this level');
  await written(places.main, 2);
  await written(places.error, 1);
  expect(linesOf(places.main)).toEqual(['one', 'two']);
  expect(linesOf(places.error)).toEqual(['two']);
});

test('files that were renamed are opened anew', async () => {
  const files = new LogFiles(places);
  const log = logTo(files);
  log.info('one');
  await written(places.main, 1);
  renameSync(places.main, `${places.main}.1`);
  log.info('two');
  await written(`${places.main}.1`, 2);
  files.reopen();
  log.info('three');
  await written(places.main, 1);
  expect(linesOf(`${places.main}.1`)).toEqual(['one', 'two']);
  expect(linesOf(places.main)).toEqual(['three']);
});

test('others that cannot be used leave those that are', async () => {
  const files = new LogFiles(places);
  const log = logTo(files);
  const wrong = { main: path.join(folder, 'other.log'), error: path.join(folder, 'no', 'error.log') };
  expect(() => files.reopen(wrong)).toThrow(
    `error_log ${JSON.stringify(wrong.error)} cannot be written: ENOENT`,
  );
  log.error('one');
  await written(places.main, 1);
  await written(places.error, 1);
  expect(linesOf(places.main)).toEqual(['one']);
  expect(linesOf(places.error)).toEqual(['one']);
  files.reopen({ main: wrong.main });
  log.error('two');
  await written(wrong.main, 1);
  expect(linesOf(wrong.main)).toEqual(['two']);
  expect(linesOf(places.error)).toEqual(['one']);
});

test('a folder is no log file; a device is', () => {
  mkdirSync(places.main);
  expect(() => LogFiles.check(places)).toThrow(expect.objectContaining({ code: 'file-unusable' }));
  LogFiles.check({ main: '/dev/null' });
});

test('relative paths are below the working directory', () => {
  expect(logPlaces({ mainLog: 'a.log' })).toEqual({ main: path.resolve('a.log') });
  expect(logPlaces({ mainLog: '/a', errorLog: 'b' })).toEqual({ main: '/a', error: path.resolve('b') });
});

test('what a full disk did not take is written once there is room, though nothing else is logged', async () => {
  const files = new LogFiles({ main: '/dev/full' });
  logTo(files).info('one');
  await new Promise((resolve) => setTimeout(resolve, 50)); // it has failed by then
  files.reopen({ main: places.main });
  await expect.poll(() => linesOf(places.main), { timeout: 10_000 }).toEqual(['one']);
});
