import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  expectRegularFile,
  readRegularFile,
  readRegularFileSync,
  UnreadableFile,
  withinTime,
} from './read-file.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'rvrrpd-read-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => path.join(folder, name);

mkdirSync(at('folder'));
execFileSync('mkfifo', [at('fifo')]);
symlinkSync('fifo', at('link-to-fifo'));
writeFileSync(at('file'), 'é\n'.repeat(100_000));
writeFileSync(at('empty'), '');
writeFileSync(at('large'), '');
truncateSync(at('large'), (16 << 20) + 1);

const FAULTS: [string, string][] = [
  [at('folder'), 'is a directory'],
  [at('fifo'), 'is a FIFO, not a regular file'],
  [at('link-to-fifo'), 'is a FIFO, not a regular file'],
  ['/dev/zero', 'is a device, not a regular file'],
  [at('large'), 'is larger than 16 MiB'],
];

describe.each([
  ['at once', async (file: string) => readRegularFileSync(file)],
  ['in time', (file: string) => readRegularFile(file)],
])('read %s', (_how, read) => {
  test.each(FAULTS)('%s', async (file, message) => {
    await expect(read(file)).rejects.toThrow(new UnreadableFile(message));
  });

  test('a regular file is read whole', async () => {
    expect((await read(at('file'))).toString('utf8')).toBe('é\n'.repeat(100_000));
    expect((await read(at('empty'))).length).toBe(0);
  });

  test('one that says it is empty is read too', async () => {
    expect((await read('/proc/self/status')).toString()).toMatch(/^Name:/);
  });

  test('what is not there is an error of the file system', async () => {
    await expect(read(at('missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test.each(FAULTS)('%s is told without reading it', async (file, message) => {
  await expect(expectRegularFile(file)).rejects.toThrow(new UnreadableFile(message));
});

test('what takes too long is given up', async () => {
  await expect(withinTime(new Promise(() => {}), 10)).rejects.toThrow('cannot be read within 0.01 s');
});
