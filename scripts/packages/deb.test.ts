import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { debianVersion, keepAddonsOf } from './deb.ts';

let tree = '';
beforeEach(() => {
  tree = mkdtempSync(path.join(tmpdir(), 'deb-'));
});
afterEach(() => rmSync(tree, { recursive: true }));

/** Writes the beginning of an ELF file. @param machine `e_machine` */
function addon(file: string, machine: number): void {
  const target = path.join(tree, 'usr/lib/rvrrpd', file);
  mkdirSync(path.dirname(target), { recursive: true });
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01', 'latin1');
  header.writeUInt16LE(machine, 18);
  writeFileSync(target, header);
}

/** As `make cross` lays them out. */
function addonsOfAll(folder: string, part: string): void {
  for (const [arch, machine] of [
    ['x64', 62],
    ['arm64', 183],
  ] as const) {
    for (const libc of ['glibc', 'musl'])
      addon(`${folder}/prebuilds/linux-${arch}/${part}.${libc}.node`, machine);
  }
}

const left = (): string[] =>
  (readdirSync(path.join(tree, 'usr/lib/rvrrpd'), { recursive: true }) as string[])
    .filter((file) => /prebuilds\/./.test(file))
    .sort();

test('a package has the addons of its architecture and of glibc, and no folder of another', () => {
  addonsOfAll('core/native', 'core');
  addonsOfAll('node_modules/rvrrpd-plugin-x', 'x');
  keepAddonsOf(tree, 'arm64');
  expect(left()).toEqual([
    'core/native/prebuilds/linux-arm64',
    'core/native/prebuilds/linux-arm64/core.glibc.node',
    'node_modules/rvrrpd-plugin-x/prebuilds/linux-arm64',
    'node_modules/rvrrpd-plugin-x/prebuilds/linux-arm64/x.glibc.node',
  ]);
});

test('what was built for this machine alone', () => {
  addon('core/native/prebuilds/linux-x64/core.node', 62);
  keepAddonsOf(tree, 'amd64');
  expect(left()).toContain('core/native/prebuilds/linux-x64/core.node');
});

test('no package without one of them, or with one of another processor', () => {
  addonsOfAll('core/native', 'core');
  addon('node_modules/rvrrpd-plugin-x/prebuilds/linux-x64/x.glibc.node', 62);
  expect(() => keepAddonsOf(tree, 'arm64')).toThrow(/rvrrpd-plugin-x\/prebuilds has no addon for arm64$/);
  addon('node_modules/rvrrpd-plugin-x/prebuilds/linux-arm64/x.glibc.node', 62);
  expect(() => keepAddonsOf(tree, 'arm64')).toThrow(
    /x\.glibc\.node is for ELF machine 62, and must be for 183 \(arm64\)$/,
  );
  writeFileSync(path.join(tree, 'usr/lib/rvrrpd/core/native/prebuilds/linux-arm64/core.glibc.node'), 'text');
  expect(() => keepAddonsOf(tree, 'arm64')).toThrow(/core\.glibc\.node is no addon/);
});

test('what comes before a release sorts before it', () => {
  expect([debianVersion('1.0.0'), debianVersion('1.0.0-rc.1')]).toEqual(['1.0.0', '1.0.0~rc.1']);
});
