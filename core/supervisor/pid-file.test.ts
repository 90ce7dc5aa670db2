import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { takePidFile } from './pid-file.ts';

let file = '';
beforeEach(() => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-pid-'));
  file = path.join(folder, 'x.pid');
  return () => rmSync(folder, { recursive: true, force: true });
});

test('it has the id of this process until it is released', () => {
  const taken = takePidFile(file);
  expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
  taken.release();
  taken.release();
  expect(existsSync(file)).toBe(false);
});

test('what a dead daemon has left is taken over', () => {
  writeFileSync(file, '4194304000\n');
  const taken = takePidFile(file);
  expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
  taken.release();
});

test('what a running one has is not', () => {
  const taken = takePidFile(file);
  expect(() => takePidFile(file)).toThrow(
    expect.objectContaining({
      code: 'already-running',
      message: `${file}: rvrrpd, process ${process.pid}, already runs: stop it, or reload it`,
    }),
  );
  expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
  taken.release();
});

test('a file that somebody has put in its place stays', () => {
  const taken = takePidFile(file);
  rmSync(file);
  writeFileSync(file, 'mine');
  taken.release();
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test.each([
  { what: 'another file', make: () => writeFileSync(file, 'a letter'), text: 'is not a PID file' },
  { what: 'a large file', make: () => writeFileSync(file, '1'.repeat(33)), text: 'is not a PID file' },
  { what: 'a folder', make: () => mkdirSync(file), text: 'cannot be written: EISDIR' },
  {
    what: 'a symbolic link',
    make: () => symlinkSync('/etc/passwd', file),
    text: 'cannot be written: it is a symbolic link',
  },
])('$what is left alone', ({ make, text }) => {
  make();
  expect(() => takePidFile(file)).toThrow(
    expect.objectContaining({ code: 'file-unusable', message: expect.stringContaining(`${file} ${text}`) }),
  );
  expect(existsSync(file)).toBe(true);
});

test('a folder that does not exist is named', () => {
  const missing = path.join(path.dirname(file), 'no', 'x.pid');
  expect(() => takePidFile(missing)).toThrow(`${missing} cannot be written: ENOENT: change "pid", or create`);
});
