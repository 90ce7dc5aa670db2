/** Installs and removes what the layout says. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runtimeDependencies } from './closure.ts';
import { COMMANDS, type Layout, libraryOf, sharedFiles } from './layout.ts';
import { type Addons, stage } from './stage.ts';

/** What of other people's packages is of no use at run time: types, sources of minified files, settings of tools, tests, and a
 * page that loads scripts from elsewhere. */
const UNUSED =
  /\.(?:[cm]?ts|map|tsbuildinfo|flow|sh)$|\/\.[^/]+$|\/(?:tests?|__tests__|spec|integration|benchmarks?|examples?|pino\/index\.html)$/;

/** From the prefix. */
const DOCUMENTS = 'share/doc/rvrrpd';

function copyUsed(from: string, to: string): void {
  cpSync(from, to, {
    recursive: true,
    filter: (file) => {
      const below = file.slice(from.length);
      return (
        below === '' || (!below.includes('/node_modules') && !UNUSED.test(`${path.basename(from)}${below}`))
      );
    },
  });
}

/** Files and folders for all to read, what can be run for all to run, whatever the umask of whoever built them. */
function setModes(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) setModes(file);
    else if (entry.isFile()) {
      chmodSync(file, readFileSync(file).subarray(0, 2).toString() === '#!' ? 0o755 : 0o644);
    }
  }
}

/**
 * Installs below a folder.
 * @param below what stands for `/` (DESTDIR)
 * @returns what was left as it was, because it is the operator's
 * @throws Error if something has not been built
 */
export async function install(below: string, layout: Layout, addons: Addons): Promise<string[]> {
  const library = path.join(below, libraryOf(layout));
  const temporary = mkdtempSync(path.join(tmpdir(), 'rvrrpd-install-'));
  try {
    const packages = await stage(temporary, { addons });
    rmSync(library, { recursive: true, force: true });
    for (const { folder, manifest, staged } of packages) {
      const to = folder === '' ? library : path.join(library, 'node_modules', manifest.name);
      cpSync(staged, to, { recursive: true });
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  // What is for reading goes where such things are looked for.
  const documents = path.join(below, layout.prefix, DOCUMENTS);
  mkdirSync(documents, { recursive: true });
  for (const name of ['README.md', 'CHANGELOG.md', 'docs']) {
    cpSync(path.join(library, name), path.join(documents, name), { recursive: true });
    rmSync(path.join(library, name), { recursive: true });
  }
  rmSync(path.join(library, 'packaging'), { recursive: true, force: true });
  for (const { from, to } of runtimeDependencies()) copyUsed(from, path.join(library, to));
  setModes(library);
  setModes(documents);
  const bin = path.join(below, layout.prefix, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, file] of Object.entries(COMMANDS)) {
    rmSync(path.join(bin, name), { force: true });
    symlinkSync(path.join('../lib/rvrrpd', file), path.join(bin, name));
  }
  const left: string[] = [];
  for (const { to, content, configuration } of sharedFiles(layout)) {
    const file = path.join(below, to);
    if (configuration && existsSync(file)) {
      if (!readFileSync(file).equals(content)) left.push(to);
      continue;
    }
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: 0o644 });
    chmodSync(file, 0o644);
  }
  return left;
}

/**
 * Removes what {@link install} has put there, and the folders that are empty then and nobody else's.
 * @returns what was left, because it is the operator's
 */
export function uninstall(below: string, layout: Layout): string[] {
  rmSync(path.join(below, libraryOf(layout)), { recursive: true, force: true });
  for (const name of Object.keys(COMMANDS)) {
    rmSync(path.join(below, layout.prefix, 'bin', name), { force: true });
  }
  const left: string[] = [];
  for (const { to, content, configuration } of sharedFiles(layout)) {
    const file = path.join(below, to);
    if (!existsSync(file)) continue;
    if (configuration && !readFileSync(file).equals(content)) left.push(to);
    else rmSync(file);
  }
  rmSync(path.join(below, layout.prefix, DOCUMENTS), { recursive: true, force: true });
  removeEmpty(path.join(below, '/etc/rvrrpd'));
  return left;
}

function removeEmpty(folder: string): void {
  if (existsSync(folder) && statSync(folder).isDirectory() && readdirSync(folder).length === 0)
    rmdirSync(folder);
}
