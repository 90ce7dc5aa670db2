/** Makes the Debian package, with dpkg-deb alone. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { copyrightText } from './copyright.ts';
import { install } from './install.ts';
import { COMMANDS, sharedFiles } from './layout.ts';
import { expectMachine } from './machine.ts';
import { type Addons, filesBelow } from './stage.ts';
import { manifestIn, ROOT } from './workspace.ts';

const execFileAsync = promisify(execFile);
const templates = path.join(ROOT, 'packaging/debian');
const LAYOUT = { prefix: '/usr', distribution: true };

/** As Debian calls it. */
export type Architecture = 'amd64' | 'arm64';

/** Who answers for the package: as Debian's other tools, from the environment. */
const MAINTAINER = `${process.env.DEBFULLNAME ?? 'rvrrpd contributors'} <${process.env.DEBEMAIL ?? 'rvrrpd@packages.debian.org'}>`;

const NODE_ARCHITECTURES = { amd64: 'x64', arm64: 'arm64' } as const;

/** What to make. */
export interface DebOptions {
  readonly architecture: Architecture;
  readonly addons: Addons;
  /** Version of the package; default: rvrrpd's. */
  readonly version?: string;
  /** `gzip` takes a moment, and makes it half as large again. Default: `xz`. */
  readonly compression?: 'xz' | 'gzip';
}

/** This machine's. @throws Error if packages are not made for it */
export function thisArchitecture(): Architecture {
  const found = Object.entries(NODE_ARCHITECTURES).find(([, arch]) => arch === process.arch);
  if (!found) throw new Error(`no packages are made for ${process.arch}: there is x64 and arm64`);
  return found[0] as Architecture;
}

/** A version as Debian compares it: what comes before a release sorts before it. */
export const debianVersion = (version: string): string => version.replace('-', '~');

/** Makes it. @returns path of the package @throws Error if something has not been built, or dpkg-deb fails */
export async function buildDeb(into: string, options: DebOptions): Promise<string> {
  const version = debianVersion(options.version ?? manifestIn('').version);
  const tree = mkdtempSync(path.join(tmpdir(), 'rvrrpd-deb-'));
  chmodSync(tree, 0o755);
  try {
    await install(tree, LAYOUT, options.addons);
    keepAddonsOf(tree, options.architecture);
    adaptToDebian(tree, version);
    writeControl(tree, version, options);
    const file = path.join(into, `rvrrpd_${version}_${options.architecture}.deb`);
    const compression = `-Z${options.compression ?? 'xz'}`;
    await execFileAsync('dpkg-deb', ['--root-owner-group', compression, '--build', tree, file]);
    return file;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/**
 * Takes away the addons of other platforms: Debian has glibc.
 * @throws Error if one is missing then, or is for another processor than its folder says
 */
export function keepAddonsOf(tree: string, architecture: Architecture): void {
  const machine = NODE_ARCHITECTURES[architecture];
  const library = path.join(tree, 'usr/lib/rvrrpd');
  const addons = filesBelow(library).filter((each) => each.endsWith('.node'));
  const places = new Set(addons.map((file) => path.dirname(path.dirname(file))));
  for (const file of addons) {
    const addon = path.join(library, file);
    const isWanted = path.basename(path.dirname(file)) === `linux-${machine}` && !file.endsWith('.musl.node');
    if (isWanted) expectMachine(addon, machine);
    else rmSync(addon);
  }
  for (const place of places) {
    const prebuilds = path.join(library, place);
    for (const platform of readdirSync(prebuilds)) {
      const folder = path.join(prebuilds, platform);
      if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
    }
    if (readdirSync(prebuilds).length !== 1) throw new Error(`${prebuilds} has no addon for ${architecture}`);
  }
}

function adaptToDebian(tree: string, version: string): void {
  const library = path.join(tree, 'usr/lib/rvrrpd');
  for (const file of Object.values(COMMANDS)) {
    const script = path.join(library, file);
    const text = readFileSync(script, 'utf8').replace(/^#!.*\n/, '#!/usr/bin/node\n');
    writeFileSync(script, text);
  }
  for (const file of filesBelow(path.join(tree, 'usr/share/man'))) {
    const page = path.join(tree, 'usr/share/man', file);
    writeFileSync(`${page}.gz`, gzipSync(readFileSync(page), { level: 9 }));
    rmSync(page);
  }
  const documents = path.join(tree, 'usr/share/doc/rvrrpd');
  const changelog = `rvrrpd (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md in this folder.\n\n -- ${MAINTAINER}  ${changeDate()}\n`;
  writeFileSync(path.join(documents, 'changelog.gz'), gzipSync(changelog, { level: 9 }));
  writeFileSync(path.join(documents, 'copyright'), copyrightText(library));
  if (existsSync(path.join(templates, 'lintian-overrides'))) {
    const overrides = path.join(tree, 'usr/share/lintian/overrides');
    mkdirSync(overrides, { recursive: true });
    cpSync(path.join(templates, 'lintian-overrides'), path.join(overrides, 'rvrrpd'));
  }
}

/** When it was made, as changelogs write it; SOURCE_DATE_EPOCH, if that is set, makes builds alike. */
function changeDate(): string {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const date = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
  return date.toUTCString().replace('GMT', '+0000');
}

function writeControl(tree: string, version: string, { architecture }: DebOptions): void {
  const control = path.join(tree, 'DEBIAN');
  const files = filesBelow(tree);
  const size = files.reduce((sum, file) => sum + lstatSync(path.join(tree, file)).size, 0);
  mkdirSync(control, { mode: 0o755 });
  chmodSync(control, 0o755);
  const values = {
    ...{ VERSION: version, ARCHITECTURE: architecture, MAINTAINER },
    SIZE: String(Math.ceil(size / 1024)),
  };
  writeFileSync(
    path.join(control, 'control'),
    readFileSync(path.join(templates, 'control'), 'utf8').replace(
      /@(\w+)@/g,
      (_, name: string) => values[name as keyof typeof values],
    ),
  );
  const sums = files
    .filter((file) => lstatSync(path.join(tree, file)).isFile() && !file.startsWith('etc/'))
    .map((file) => `${md5(path.join(tree, file))}  ${file}\n`);
  writeFileSync(path.join(control, 'md5sums'), sums.join(''));
  const configuration = sharedFiles(LAYOUT).filter((file) => file.configuration);
  writeFileSync(path.join(control, 'conffiles'), configuration.map(({ to }) => `${to}\n`).join(''));
  for (const script of ['postinst', 'prerm', 'postrm']) {
    cpSync(path.join(templates, script), path.join(control, script));
    chmodSync(path.join(control, script), 0o755);
  }
  for (const file of ['control', 'md5sums', 'conffiles']) chmodSync(path.join(control, file), 0o644);
}

const md5 = (file: string): string => createHash('md5').update(readFileSync(file)).digest('hex');
