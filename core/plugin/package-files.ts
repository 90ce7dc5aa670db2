/** Packages in `node_modules` and files in them, by Node's rules. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import semver from 'semver';
import type { ConfigDocument } from '../config/document.ts';
import { parseDocument } from '../config/parse.ts';
import { readRegularFileSync } from '../shared/read-file.ts';

/** That a manifest or a schema may have. */
const MOST_OCTETS = 1 << 20;

/** A package's `package.json`. */
export interface PackageFile {
  /** Absolute path of the package's folder. */
  readonly folder: string;
  readonly document: ConfigDocument;
  readonly name: string;
  readonly version: string;
  readonly fault?: undefined;
}

/** The folder of an installed package: the first `node_modules/<name>` in `from` or above it. */
export function findPackage(name: string, from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (dirname(folder) === folder) return undefined;
  }
}

/**
 * Whether a package's `package.json` may have a manifest: most dependencies are no plugins, and to read where in such
 * a file everything is takes longer than all else about it. One that cannot be read may have one.
 */
export function mentionsManifest(folder: string): boolean {
  const content = readText(join(folder, 'package.json'));
  return content.fault !== undefined || content.text.includes('"rvrrpd"');
}

/** Reads a package's `package.json`, or says why that can't be used. */
export function readPackage(folder: string): PackageFile | { readonly fault: string } {
  const file = join(folder, 'package.json');
  const content = readText(file);
  if (content.fault !== undefined) return { fault: content.fault };
  const { document, issues } = parseDocument(file, content.text, 'json');
  if (document === undefined) return { fault: issues[0]?.message ?? 'not valid JSON' };
  const { name, version } = document.data;
  if (typeof name !== 'string' || typeof version !== 'string' || semver.valid(version) === null) {
    return { fault: 'must have a "name" and a semver "version"' };
  }
  return { folder, document, name, version };
}

/**
 * The module that `import` of a package gives (Node's documentation, "Packages"): `exports` with the
 * conditions `node`, `import` and `default`, or `main`.
 * @returns absolute path, or `undefined` if the package exports nothing; the file need not exist
 */
export function packageEntry(
  folder: string,
  manifest: Readonly<Record<string, unknown>>,
): string | undefined {
  const { exports, main } = manifest;
  let target: string | undefined;
  if (exports === undefined) target = typeof main === 'string' ? main : './index.js';
  else target = targetOf(hasSubpaths(exports) ? exports['.'] : exports);
  return target === undefined ? undefined : fileInPackage(folder, target);
}

function hasSubpaths(exports: unknown): exports is Readonly<Record<string, unknown>> {
  return (
    typeof exports === 'object' &&
    exports !== null &&
    !Array.isArray(exports) &&
    Object.keys(exports).some((key) => key.startsWith('.'))
  );
}

function targetOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [condition, inner] of Object.entries(value)) {
    if (condition === 'node' || condition === 'import' || condition === 'default') {
      const target = targetOf(inner);
      if (target !== undefined) return target;
    }
  }
  return undefined;
}

/** Absolute path of a file of a package; `undefined` if it lies outside of it. */
export function fileInPackage(folder: string, path: string): string | undefined {
  if (isAbsolute(path)) return undefined;
  const file = resolve(folder, path);
  return relative(folder, file).split('/')[0] === '..' ? undefined : file;
}

/** Contents of a file, or why it cannot be read. */
export function readText(
  file: string,
): { readonly text: string; readonly fault?: undefined } | { readonly fault: string } {
  try {
    return { text: readRegularFileSync(file, MOST_OCTETS).toString('utf8') };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { fault: code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}` };
  }
}
