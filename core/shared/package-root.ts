/** Where this installation of rvrrpd is: its own `package.json` and what is built in are found from there. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The name in our own `package.json`, which tells it from those of the workspace's other packages. */
const PACKAGE_NAME = 'rvrrpd';

/**
 * The folder that holds rvrrpd's `package.json`. Walks up, so that it works from the sources (`core/**`) as
 * well as from a bundle (`dist/*.js`), in a checkout as well as in `node_modules`.
 * @param from URL of the module to start at; this one unless told otherwise
 * @throws Error if no folder above has it: the installation is damaged
 */
export function packageRoot(from: string = import.meta.url): string {
  const start = dirname(fileURLToPath(from));
  let folder = start;
  for (;;) {
    const candidate = join(folder, 'package.json');
    if (existsSync(candidate) && nameIn(candidate) === PACKAGE_NAME) return folder;
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error(`no package.json of "${PACKAGE_NAME}" in ${start} or above it: reinstall rvrrpd`);
    }
    folder = parent;
  }
}

/** By module: what was found. */
const versions = new Map<string, string>();

/**
 * Version of this rvrrpd (semver), from its `package.json`, as of the first call: another version may be installed in its
 * place while it runs.
 */
export function packageVersion(from: string = import.meta.url): string {
  let version = versions.get(from);
  if (version === undefined) {
    const parsed: unknown = JSON.parse(readFileSync(join(packageRoot(from), 'package.json'), 'utf8'));
    version = String((parsed as { version?: unknown }).version);
    versions.set(from, version);
  }
  return version;
}

function nameIn(file: string): unknown {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof parsed === 'object' && parsed !== null ? (parsed as { name?: unknown }).name : undefined;
  } catch {
    return undefined; // somebody else's broken package.json on the way up is not our concern
  }
}
