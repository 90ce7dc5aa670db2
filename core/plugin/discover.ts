/**
 * Which plugins there are: the built-in ones, which are the dependencies of rvrrpd's own package that have a
 * manifest, and those that the configuration's `[plugins]` adds. None of their code runs here.
 */
import { dirname, isAbsolute, join, resolve } from 'node:path';
import semver from 'semver';
import type { ConfigDocument } from '../config/document.ts';
import type { PluginRequest } from '../config/interpret.ts';
import { type ConfigIssue, type ConfigPath, directiveName } from '../config/issues.ts';
import type { SchemaNode } from '../config/schema.ts';
import { fillDefaults, validate } from '../config/validate.ts';
import { packageRoot } from '../shared/package-root.ts';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';
import type { PluginManifest } from './contracts/index.ts';
import { checkManifest } from './manifest.ts';
import {
  findPackage,
  mentionsManifest,
  type PackageFile,
  packageEntry,
  readPackage,
} from './package-files.ts';
import { type SchemaField, shippedSchema } from './shipped-schema.ts';

/** A plugin that can be used. */
export interface AvailablePlugin {
  readonly resolved: ResolvedPlugin;
  /** Its entry in `[plugins]`: it comes before built-in ones of the same name. Absent: built in. */
  readonly path?: ConfigPath;
  /** Schema of one `[[protocols.<name>]]` entry, of `[vrouter.auth]`, or of its own part of a `[[track]]`. Absent: the plugin ships none. */
  readonly configSchema?: SchemaNode;
  /** Schema of its `[plugins]` options. Absent: it takes none. */
  readonly optionsSchema?: SchemaNode;
  /** Absolute path of its package. */
  readonly folder: string;
}

/** What was found. */
export interface Discovery {
  /** Those of `[plugins]` first, in the order of the file. */
  readonly plugins: readonly AvailablePlugin[];
  readonly issues: readonly ConfigIssue[];
}

/** The part of a loaded configuration that matters here. */
export interface PluginConfiguration {
  readonly document: ConfigDocument;
  readonly plugins: readonly PluginRequest[];
}

/**
 * Finds all plugins, and reports everything that is wrong with any of them.
 * @param configuration its `[plugins]` are looked for from its folder, then from `root`; absent: none
 * @param root folder of rvrrpd's own `package.json`
 */
export function discoverPlugins(
  configuration?: PluginConfiguration,
  root: string = packageRoot(),
): Discovery {
  const search = new Search(root);
  for (const request of configuration?.plugins ?? []) search.addConfigured(request, configuration!.document);
  search.addBuiltIn();
  return { plugins: search.plugins, issues: search.issues };
}

/** A `[plugins]` entry and the file that it is in. */
interface Entry {
  readonly request: PluginRequest;
  readonly document: ConfigDocument;
}

class Search {
  readonly plugins: AvailablePlugin[] = [];
  readonly issues: ConfigIssue[] = [];
  /** By name and by folder: what `[plugins]` has is not added again as built in. */
  private readonly seen = new Map<string, ConfigPath>();

  constructor(private readonly root: string) {}

  addConfigured(request: PluginRequest, document: ConfigDocument): void {
    const found = this.find(request, dirname(document.file));
    if (typeof found !== 'string') {
      this.add(found, { request, document });
      return;
    }
    const { path } = request;
    const value = document.places.source(path);
    this.issues.push({
      severity: 'error',
      position: document.places.position(path),
      directive: directiveName(path),
      ...(value === undefined ? {} : { value }),
      message: found,
    });
  }

  /** The package of a `[plugins]` entry, or why it can't be used. */
  private find({ name, range, path }: PluginRequest, start: string): PackageFile | string {
    const isPath = isAbsolute(name) || name.startsWith('.');
    const folder = isPath ? resolve(start, name) : (findPackage(name, start) ?? findPackage(name, this.root));
    if (folder === undefined) {
      return `is not installed: run "npm install ${name}" in ${start}, or remove this entry`;
    }
    const found = readPackage(folder);
    if (found.fault !== undefined) return `${join(folder, 'package.json')}: ${found.fault}`;
    const before = this.seen.get(found.name);
    if (before !== undefined) return `is the same plugin as ${directiveName(before)}: remove one of the two`;
    this.seen.set(found.name, path);
    if (found.document.data.rvrrpd === undefined) {
      return `${found.name} ${found.version} is not a plugin: its package.json has no "rvrrpd" field`;
    }
    if (semver.validRange(range) !== null && !semver.satisfies(found.version, range)) {
      const what = `install a version of ${found.name} that fits ${range}, or change the range`;
      return `version ${found.version} is installed in ${folder}: ${what}`;
    }
    return found;
  }

  addBuiltIn(): void {
    const own = readPackage(this.root);
    if (own.fault !== undefined) {
      this.broken(this.root, `${own.fault}: reinstall rvrrpd`);
      return;
    }
    for (const name of Object.keys(own.document.data.dependencies ?? {})) {
      if (this.seen.has(name)) continue;
      const folder = findPackage(name, this.root);
      if (folder === undefined) {
        // Of any other dependency that is missing, the import that needs it tells.
        if (!name.includes('rvrrpd-plugin-')) continue;
        this.broken(this.root, `the built-in plugin ${name} is not installed: reinstall rvrrpd`);
        continue;
      }
      if (!name.includes('rvrrpd-plugin-') && !mentionsManifest(folder)) continue;
      const found = readPackage(folder);
      if (found.fault !== undefined) this.broken(folder, `${found.fault}: reinstall rvrrpd`);
      else if (found.document.data.rvrrpd !== undefined) this.add(found);
    }
  }

  private add(found: PackageFile, entry?: Entry): void {
    const { folder, document, name, version } = found;
    const { manifest, issues } = checkManifest(document, `${name} ${version}`);
    this.issues.push(...issues);
    if (manifest === undefined) return;
    const module = packageEntry(folder, document.data);
    if (module === undefined) {
      const message = `plugin ${name} ${version} exports no module: its "exports" has no "." that can be imported`;
      this.broken(folder, message);
      return;
    }
    const builtIn = entry === undefined;
    const configSchema = this.schema(found, manifest, 'configSchema', builtIn);
    const optionsSchema = this.schema(found, manifest, 'optionsSchema', builtIn);
    const options = this.options(found, optionsSchema, entry);
    const resolved: ResolvedPlugin = {
      package: name,
      version,
      kind: manifest.kind,
      names: manifest.names,
      default: manifest.default ?? false,
      provides: manifest.provides ?? [],
      needs: manifest.needs ?? [],
      ...(manifest.placement === undefined ? {} : { placement: manifest.placement }),
      entry: module,
      options,
    };
    this.plugins.push({
      resolved,
      ...(entry === undefined ? {} : { path: entry.request.path }),
      ...(configSchema === undefined ? {} : { configSchema }),
      ...(optionsSchema === undefined ? {} : { optionsSchema }),
      folder,
    });
  }

  private schema(
    found: PackageFile,
    manifest: PluginManifest,
    field: SchemaField,
    builtIn: boolean,
  ): SchemaNode | undefined {
    const shipped = shippedSchema(found, manifest, field, builtIn);
    if (shipped.issue === undefined) return shipped.schema;
    this.issues.push(shipped.issue);
    return undefined;
  }

  /** The options after validation, defaults filled in. */
  private options(
    { name, version }: PackageFile,
    schema: SchemaNode | undefined,
    entry: Entry | undefined,
  ): Readonly<Record<string, unknown>> {
    const options = structuredClone(entry?.request.options ?? {});
    if (entry === undefined) {
      if (schema !== undefined) fillDefaults(schema, options);
      return options;
    }
    const path = [...entry.request.path, 'options'];
    const none: SchemaNode = { additionalProperties: false };
    for (const { issue } of validate(entry.document, path, schema ?? none, options)) {
      this.issues.push({ ...issue, message: `${issue.message} (plugin ${name} ${version})` });
    }
    return options;
  }

  /** Something is wrong with what is installed. */
  private broken(folder: string, message: string): void {
    const position = { file: join(folder, 'package.json') };
    this.issues.push({ severity: 'error', position, directive: '', message });
  }
}
