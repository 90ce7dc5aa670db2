import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSmallFile } from '../src/small-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-small-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a file is read up to its bound', () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, 'x'.repeat(40_000));
  expect(readSmallFile(file, 40_000)).toBe('x'.repeat(40_000));
  expect(() => readSmallFile(file, 39_999)).toThrow('has more than 39999 octets');
  // Its size is 0, and it is not.
  expect(readSmallFile('/proc/self/status', 1 << 16)).toMatch(/^Name:/);
});

test('what would keep the reader waiting, or has no end, is refused at once', () => {
  const pipe = path.join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const file of [pipe, folder, '/dev/zero', '/dev/null'])
    expect(() => readSmallFile(file, 100), file).toThrow('is no regular file');
  expect(() => readSmallFile(path.join(folder, 'none'), 100)).toThrow(/ENOENT/);
});
