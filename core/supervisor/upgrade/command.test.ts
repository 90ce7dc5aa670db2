import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { argumentsOf, commandOf } from './command.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, mode: number, text = '#!/usr/bin/env node\n'): string {
  const at = path.join(folder, name);
  writeFileSync(at, text);
  chmodSync(at, mode);
  return at;
}
const plain = file('plain.js', 0o644);
const script = file('script', 0o755);
const silent = file('no-first-line', 0o755, 'console.log(1)\n');
const node = process.execPath;
const own = { node, nodeArguments: ['--disable-sigusr1', '--max-old-space-size=99'], script };
const gone = { ...own, node: path.join(folder, 'no-node') };
const with99 = [node, '--max-old-space-size=99'];

test.each([
  { what: 'the same', request: {}, own, is: [...with99, script] },
  { what: 'the same where its Node.js is gone', request: {}, own: gone, is: [script] },
  { what: 'another one that can be executed', request: { executable: script }, own, is: [script] },
  { what: 'one that cannot', request: { executable: plain }, own, is: [...with99, plain] },
  { what: 'one that does not say how', request: { executable: silent }, own, is: [...with99, silent] },
  { what: 'another Node.js', request: { node }, own: gone, is: [...with99, script] },
  { what: 'both', request: { executable: plain, node }, own: gone, is: [...with99, plain] },
])('$what', ({ request, own, is }) => {
  expect(commandOf(request, own, ['-m1'])).toEqual([...is, '-m1']);
});

test.each([
  [{ executable: '/no/such/file' }, '/no/such/file: there is no such file'],
  [{ node: '/no/node' }, 'Node.js /no/node: there is no such file'],
  [{ executable: folder }, 'it is no file'],
  [{ executable: 'dist/rvrrpd.js' }, 'an absolute path is needed'],
])('%j is refused', (request, why) => {
  expect(() => commandOf(request, own, [])).toThrow(why);
});

test('the new process runs the same configuration in the same way', () => {
  expect(argumentsOf(2, '/etc/x', { format: 'json', debug: 3 })).toEqual([
    ...['-m2', '-c', '/etc/x', '-g', 'json', '-d', '3'],
  ]);
  expect(argumentsOf(1, '/etc/x', {})).toEqual(['-m1', '-c', '/etc/x']);
});
