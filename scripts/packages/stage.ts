/**
 * Lays the packages out as they are published: what `npm pack` takes of each folder, with the addons of all platforms
 * in the place of the one that was built for this machine.
 */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { npmPack, type Packed } from './npm.ts';
import { type Manifest, ROOT, type WorkspacePackage, workspacePackages } from './workspace.ts';

/** Whose addons go into packages: `all` platforms' (`npm run build:cross`), or `this` machine's (`npm run build`). */
export type Addons = 'all' | 'this';

/** A package laid out. */
export interface Staged extends WorkspacePackage {
  /** Absolute path of its folder. */
  readonly staged: string;
}

/** How to lay out. */
export interface StageOptions {
  readonly addons: Addons;
  /** Another version for all of them, as a test of upgrades needs one. Default: what each `package.json` says. */
  readonly version?: string;
  /** Only these, by folder. Default: all. */
  readonly folders?: readonly string[];
}

/** Fields of a `package.json` that are for who works on it, not for who installs it. */
const INTERNAL = ['devDependencies', 'workspaces', 'scripts', 'overrides'];

/** Where the addons of all platforms are. */
export const CROSS = path.join(ROOT, 'out/cross');

/**
 * Lays packages out below a folder, which is emptied first.
 * @throws Error if something has not been built
 */
export async function stage(below: string, options: StageOptions): Promise<Staged[]> {
  rmSync(below, { recursive: true, force: true });
  const packages = workspacePackages().filter(
    ({ folder }) => options.folders === undefined || options.folders.includes(folder),
  );
  const listings = await listingsOf(packages);
  return packages.map((each, index) => {
    const source = path.join(ROOT, each.folder);
    const staged = path.join(below, each.manifest.name);
    const own = `${path.join(source, each.folder === '' ? 'core/native/prebuilds' : 'prebuilds')}/`;
    for (const { path: file } of listings[index]!) {
      const from = path.join(source, file);
      if (options.addons === 'all' && from.startsWith(own)) continue;
      const to = path.join(staged, file);
      mkdirSync(path.dirname(to), { recursive: true });
      copyFileSync(from, to);
    }
    if (options.addons === 'all' && existsSync(own)) {
      const cross = path.join(CROSS, path.relative(ROOT, own));
      if (!existsSync(cross)) throw new Error(`${cross} is missing: run \`npm run build:cross\``);
      cpSync(cross, path.join(staged, path.relative(source, own)), { recursive: true });
    }
    const licence = path.join(staged, 'LICENSE');
    if (!existsSync(licence)) copyFileSync(path.join(ROOT, 'LICENSE'), licence);
    writeFileSync(
      path.join(staged, 'package.json'),
      `${JSON.stringify(published(each.manifest, options.version), undefined, 2)}\n`,
    );
    return { ...each, staged };
  });
}

/** By folder: what `npm pack` would take of it. Asked once: nothing is built while packages are laid out. */
const known = new Map<string, Packed['files']>();

async function listingsOf(packages: readonly WorkspacePackage[]): Promise<Packed['files'][]> {
  const folders = packages.map(({ folder }) => folder);
  const unknown = folders.filter((folder) => !known.has(folder));
  if (unknown.length > 0) {
    const packed = await npmPack(unknown.map((folder) => path.join(ROOT, folder)));
    for (const [index, folder] of unknown.entries()) known.set(folder, packed[index]!.files);
  }
  return folders.map((folder) => known.get(folder)!);
}

/** A `package.json` as it is published. */
export function published(manifest: Manifest, version = manifest.version): Manifest {
  return Object.fromEntries(
    Object.entries({ ...manifest, version }).filter(([field]) => !INTERNAL.includes(field)),
  ) as Manifest;
}

/** Every file below a folder, from there on, in order. */
export function filesBelow(folder: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[])
    .filter((file) => !statSync(path.join(folder, file)).isDirectory())
    .sort();
}
