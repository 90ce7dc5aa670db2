/** What the daemon and its plugins need of other people's packages, as package-lock.json has chosen it. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './workspace.ts';

/** An entry of the lock file. */
interface LockEntry {
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

/** A package to copy. */
export interface Dependency {
  /** Absolute path. */
  readonly from: string;
  /** From the daemon's package on: `node_modules/…`. */
  readonly to: string;
}

/** Every package that is there for running, not for working on it. Those of this repository are left out. */
export function runtimeDependencies(): Dependency[] {
  const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockEntry & { readonly resolved?: string }>>;
  };
  const entries = Object.entries(lock.packages);
  // Plugins are links to their folders: what stands in such a folder belongs to the package of the link.
  const links = new Map(entries.flatMap(([key, { link, resolved }]) => (link ? [[resolved!, key]] : [])));
  return entries.flatMap(([key, { link, dev, devOptional }]) => {
    const at = key.indexOf('node_modules/');
    if (at < 0 || link || dev || devOptional) return [];
    const from = path.join(ROOT, key);
    if (!existsSync(from)) return []; // an optional one, of another platform
    const folder = key.slice(0, Math.max(0, at - 1));
    const owner = folder === '' ? '' : links.get(folder);
    if (owner === undefined) throw new Error(`package-lock.json: ${key} belongs to no package`);
    return [{ from, to: path.join(owner, key.slice(at)) }];
  });
}
