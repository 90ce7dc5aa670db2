import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot, packageVersion } from './package-root.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rvrrpd-root-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const url = (path: string): string => pathToFileURL(join(folder, path)).href;

function put(path: string, content: string): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), content);
}

test('of the sources it is the checkout', () => {
  expect(`${packageRoot()}/`).toBe(fileURLToPath(new URL('../../', import.meta.url)));
  expect(packageVersion()).toMatch(/^\d+\.\d+\.\d+/);
});

test('of a bundle in node_modules it is the package there', () => {
  put('package.json', '{ "name": "somebody-elses" }');
  put('node_modules/rvrrpd/package.json', '{ "name": "rvrrpd", "version": "1.2.3" }');
  expect(packageRoot(url('node_modules/rvrrpd/dist/rvrrpd.js'))).toBe(join(folder, 'node_modules/rvrrpd'));
  expect(packageVersion(url('node_modules/rvrrpd/dist/rvrrpd.js'))).toBe('1.2.3');
  // Another one is installed in its place: what runs is still this one.
  put('node_modules/rvrrpd/package.json', '{ "name": "rvrrpd", "version": "1.3.0" }');
  expect(packageVersion(url('node_modules/rvrrpd/dist/rvrrpd.js'))).toBe('1.2.3');
});

test('other packages on the way up are passed over, broken ones as well', () => {
  put('package.json', '{ "name": "rvrrpd" }');
  put('a/package.json', '{ broken');
  put('a/b/package.json', '{ "name": "other" }');
  put('a/b/c/package.json', 'null');
  expect(packageRoot(url('a/b/c/d/x.js'))).toBe(folder);
});

test('there may be none', () => {
  expect(() => packageRoot(url('x/y.js'))).toThrow(
    `no package.json of "rvrrpd" in ${join(folder, 'x')} or above it: reinstall rvrrpd`,
  );
});
