/** What a kit reads from the plugin's manifest instead of being told. */
import { readFileSync } from 'node:fs';
import type { DriverCapability, PluginKind, PluginManifest } from '../contracts/index.ts';

/** How a kit learns what the plugin is: from its manifest, or told. What is told comes first. */
export interface FromManifest {
  /** The plugin's `package.json`: a path, or its URL, as by `new URL('../package.json', import.meta.url)`. */
  readonly manifest?: string | URL;
  /** One of the names that it answers to. Default: the first in its manifest. */
  readonly name?: string;
}

/** What a plugin declares. */
export interface Declared {
  readonly name: string;
  /** Of a network driver. */
  readonly provides: readonly DriverCapability[];
  /** Of an interface type. */
  readonly needs: readonly DriverCapability[];
  /** Content of the file that `configSchema` of a protocol names. */
  readonly schema?: object;
}

/**
 * Reads the manifest, if there is one.
 * @param options as the kit was given them
 * @throws Error that names the file, if it is no manifest of a plugin of this kind, or nothing tells the name
 */
export function declared(
  kind: PluginKind,
  options: FromManifest & Partial<Omit<Declared, 'name'>>,
): Declared {
  const { manifest: file } = options;
  const manifest = file === undefined ? undefined : read(file, kind);
  const name = options.name ?? manifest?.names[0];
  if (name === undefined)
    throw new Error(`${kind} compliance: say \`manifest\`, the plugin's package.json, or \`name\``);
  const path = manifest?.configSchema;
  const schema = options.schema ?? (path === undefined ? undefined : json(beside(file!, path)));
  return {
    name,
    provides: options.provides ?? manifest?.provides ?? [],
    needs: options.needs ?? manifest?.needs ?? [],
    ...(schema && { schema }),
  };
}

function read(file: string | URL, kind: PluginKind): PluginManifest {
  const manifest = (json(file) as { readonly rvrrpd?: PluginManifest }).rvrrpd;
  if (manifest === undefined) throw new Error(`${file}: has no field "rvrrpd", the plugin's manifest`);
  if (manifest.kind !== kind) throw new Error(`${file}: rvrrpd.kind is "${manifest.kind}", not "${kind}"`);
  if (!Array.isArray(manifest.names) || manifest.names.length === 0)
    throw new Error(`${file}: rvrrpd.names must be an array of words, one at least`);
  return manifest;
}

/** A file of the package. */
function beside(file: string | URL, path: string): string | URL {
  return file instanceof URL ? new URL(path, file) : `${file.replace(/[^/]*$/, '')}${path}`;
}

function json(file: string | URL): object {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof value !== 'object' || value === null) throw new Error(`${file}: must be a JSON object`);
  return value;
}
