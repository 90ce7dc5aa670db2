/** The packages of this repository: rvrrpd itself, and every folder of `plugins/`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../core/shared/package-root.ts';

/** The repository. */
export const ROOT = packageRoot();

/** A `package.json`, as far as packaging is concerned. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** A package of this repository. */
export interface WorkspacePackage {
  readonly manifest: Manifest;
  /** From the root of the repository; empty: it is the root. */
  readonly folder: string;
}

/** Reads a `package.json`. @param folder from the root of the repository */
export function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
}

/** All packages in the order in which they can be published: each after what it depends on. */
export function workspacePackages(): WorkspacePackage[] {
  const plugins = readdirSync(path.join(ROOT, 'plugins'))
    .map((name) => path.join('plugins', name))
    .filter((folder) => existsSync(path.join(ROOT, folder, 'package.json')))
    .sort();
  const all = [...plugins, ''].map((folder) => ({ folder, manifest: manifestIn(folder) }));
  const ordered = new Set<WorkspacePackage>();
  const add = (each: WorkspacePackage): void => {
    for (const other of all) {
      if (!ordered.has(other) && each.manifest.dependencies?.[other.manifest.name] !== undefined) add(other);
    }
    ordered.add(each);
  };
  all.forEach(add);
  return [...ordered];
}
