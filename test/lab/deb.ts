/** Debian packages of other versions, and dpkg on a bare root. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { BareRoot } from './bare-root.ts';
import type { Host } from './host.ts';

const execFileAsync = promisify(execFile);

/** The same package as of another version of rvrrpd. @returns its path, beside the other one */
export async function otherDeb(file: string, version: string): Promise<string> {
  const tree = `${file}.${version}`;
  await execFileAsync('dpkg-deb', ['-R', file, tree]);
  const change = (name: string, from: RegExp, to: string): void => {
    const at = path.join(tree, name);
    writeFileSync(at, readFileSync(at, 'utf8').replace(from, to));
  };
  change('DEBIAN/control', /^Version: .*$/m, `Version: ${version}`);
  change('usr/lib/rvrrpd/package.json', /"version": "[^"]*"/, `"version": "${version}"`);
  const other = `${tree}.deb`;
  await execFileAsync('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, other]);
  return other;
}

/**
 * Calls this machine's dpkg for another root.
 * @param host in whose network: its daemon is the one that scripts of packages find
 * @returns what it said @throws Error with that if it fails
 */
export async function dpkg(
  root: BareRoot,
  host: Host | undefined,
  ...words: readonly string[]
): Promise<string> {
  const { code, stdout, stderr } = await root.beside(['dpkg', `--root=${root.folder}`, ...words], host);
  if (code !== 0) throw new Error(`dpkg ${words.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
  return stdout + stderr;
}
