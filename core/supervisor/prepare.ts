/** From a configuration to all that is needed to run it, or to everything that is wrong with it. */
import type { OpenSchemas } from '../config/edit.ts';
import { exposureIssues, keyFile, type Openness, openFiles } from '../config/exposure.ts';
import {
  type ConfigDocument,
  type ConfigFormat,
  type ConfigIssue,
  documentOfText,
  hasErrors,
  type LoadedConfiguration,
  loadConfig,
  loadText,
  type Surroundings,
  sortIssues,
} from '../config/index.ts';
import { redactConfiguration, withDefaults } from '../config/redact.ts';
import type { SchemaNode } from '../config/schema.ts';
import { valuesOf } from '../config/values.ts';
import type { PluginKind, PluginListing } from '../plugin/contracts/index.ts';
import { type AvailablePlugin, discoverPlugins } from '../plugin/discover.ts';
import { packageFingerprint } from '../plugin/fingerprint.ts';
import { listPlugins } from '../plugin/listing.ts';
import { resolvePlugins } from '../plugin/resolve.ts';
import { hookSchema } from '../plugin/resolve-notify.ts';
import { trackerSchema } from '../plugin/resolve-track.ts';
import type { Offer } from '../plugin/table.ts';
import type { ServiceStart, Start } from './generation.ts';
import type { NotifyStart } from './notify/notifier.ts';
import type { ConfigurationSource } from './source.ts';
import type { TrackStart } from './track/trackers.ts';

/** What came of it: `start` is there unless an issue is an error. */
export interface Preparation {
  readonly start?: Omit<Start, 'places'>;
  readonly issues: readonly ConfigIssue[];
  /** What is for the log alone. */
  readonly hints: readonly ConfigIssue[];
  /** The plugins that were found, those of a faulty configuration too. */
  readonly listing: readonly PluginListing[];
}

/** A configuration that there is a document of. */
type LoadedDocument = Extract<LoadedConfiguration, { readonly text: string }>;

/** What the command line says for every configuration. */
export interface PrepareOptions {
  readonly format?: ConfigFormat;
  /** Comes before the file's. */
  readonly debug?: 0 | 1 | 2 | 3 | 4 | 5;
}

/**
 * Loads and checks configuration and plugins; no code of a plugin runs.
 * @param path absent: where configurations usually are
 */
export async function prepare(path: string | undefined, options: PrepareOptions): Promise<Preparation> {
  const loaded = await loadConfig(path, options.format);
  const open = loaded.document ? await openFiles(filesOf(loaded)) : new Map();
  return assemble(loaded, options, open, ({ document, text, included }) => ({
    ...{ file: document.file, text, fileText: text },
    ...(included.length > 0 && {
      included: included.map((each) => ({ ...each, fileText: each.text })),
    }),
    ...(document.outside && { outside: document.outside }),
    ...(document.assembly && { hosts: document.assembly.hosts }),
  }));
}

/** Files that may hold secrets: those of the configuration, and the key of the client API. */
function filesOf({ document, included }: LoadedDocument): string[] {
  const key = keyFile(document);
  return [document.file, ...included.map(({ file }) => file), ...(key === undefined ? [] : [key])];
}

/** The same for texts that are not, or not yet, in the files. What stands outside of them is not read again. */
export function prepareText(source: ConfigurationSource, options: PrepareOptions): Preparation {
  const { file, text } = source;
  const loaded = loadText(file, text, options.format, surroundings(source));
  return assemble(loaded, options, new Map(), () => source); // who may read the files was told when they were read
}

/** The document of what runs. @throws Error if there is none: there was, to run it */
export function documentOf(source: ConfigurationSource): ConfigDocument {
  const document = documentOfText(source.file, source.text, source.format, surroundings(source));
  if (document === undefined) throw new Error(`${source.file} cannot be read again`);
  return document;
}

function surroundings({ outside, included, hosts }: ConfigurationSource): Partial<Surroundings> {
  return { ...(outside && { outside }), ...(included && { included }), ...(hosts && { hosts }) };
}

/** @param open files that are open to every user */
function assemble(
  loaded: LoadedConfiguration,
  { format, debug }: PrepareOptions,
  open: ReadonlyMap<string, Openness>,
  sourceOf: (loaded: LoadedDocument) => ConfigurationSource,
): Preparation {
  if (!loaded.document) return { issues: loaded.issues, hints: [], listing: [] };
  const { document } = loaded;
  const config = debug === undefined ? loaded.config : { ...loaded.config, debug };
  const discovery = discoverPlugins({ document, plugins: loaded.plugins });
  const resolution = resolvePlugins(config, document, discovery.plugins);
  // That nobody answers to the names of a plugin that cannot be used would only hide why.
  const unresolved = hasErrors(discovery.issues) ? [] : resolution.issues;
  const schemas = openSchemas(discovery.plugins);
  const { exposed, nearly: hints } = exposureIssues(document, schemas, open);
  const issues = sortIssues([...loaded.issues, ...discovery.issues, ...unresolved, ...exposed]);
  const listing = listPlugins(discovery.plugins, resolution);
  if (hasErrors(issues)) return { issues, hints, listing };
  const start = {
    config: resolution.config,
    routerPlugins: resolution.routers,
    plugins: discovery.plugins.map(({ resolved }) => resolved),
    listing,
    schemas,
    source: { ...sourceOf(loaded), ...(format && { format }) },
    ...(resolution.trackers.length > 0 && { tracks: tracksOf(resolution.trackers, discovery.plugins) }),
    ...(resolution.hooks.length > 0 && { notifies: pluginsOf(resolution.hooks, discovery.plugins) }),
    ...(resolution.api && {
      api: serviceOf(resolution.api, valuesOf(document, schemas), discovery.plugins, schemas),
    }),
  };
  return { start, issues, hints, listing };
}

function serviceOf(
  { name, plugin }: Offer,
  data: Record<string, unknown>,
  available: readonly AvailablePlugin[],
  { options, protocols, auth, track, notify }: OpenSchemas,
): ServiceStart {
  const folder = available.find(({ resolved }) => resolved === plugin)!.folder;
  const shown = redactConfiguration(data, options, protocols, auth, track, notify);
  const fingerprint = packageFingerprint(folder);
  return { name, plugin, fingerprint, data: shown, effective: withDefaults(shown) };
}

/** The plugins of the trackers, each once. @param offers by tracker */
function tracksOf(offers: readonly Offer[], available: readonly AvailablePlugin[]): TrackStart[] {
  return pluginsOf(offers, available).map(({ tables, ...rest }) => ({ ...rest, trackers: tables }));
}

/** Plugins with the tables that each of them has, of trackers or of hooks. @param offers by table */
function pluginsOf(offers: readonly Offer[], available: readonly AvailablePlugin[]): NotifyStart[] {
  return [...new Set(offers.map(({ plugin }) => plugin))].map((plugin) => ({
    plugin,
    fingerprint: packageFingerprint(available.find(({ resolved }) => resolved === plugin)!.folder),
    tables: [...offers.keys()].filter((index) => offers[index]!.plugin === plugin),
  }));
}

function openSchemas(available: readonly AvailablePlugin[]): OpenSchemas {
  const options = new Map(
    available.flatMap(({ path, optionsSchema }) =>
      path && optionsSchema ? [[String(path[1]), optionsSchema] as const] : [],
    ),
  );
  /** Of the parts of the configuration that are a kind's, by the names that select its plugins. */
  const schemasOf = (kind: PluginKind): ReadonlyMap<string, SchemaNode> =>
    new Map(
      // The first that answers to a name is the one: it comes last here, over the others.
      [...available]
        .reverse()
        .flatMap(({ resolved, configSchema }) =>
          configSchema && resolved.kind === kind
            ? resolved.names.map((name) => [name, configSchema] as const)
            : [],
        ),
    );
  /** Of whole tables, by `type`. */
  const wholeOf = (
    kind: PluginKind,
    schema: (own: SchemaNode | undefined) => SchemaNode,
  ): ReadonlyMap<string, SchemaNode> =>
    new Map(
      [...available]
        .reverse()
        .flatMap(({ resolved, configSchema }) =>
          resolved.kind === kind ? resolved.names.map((name) => [name, schema(configSchema)] as const) : [],
        ),
    );
  return {
    options,
    ...{ protocols: schemasOf('protocol'), auth: schemasOf('auth') },
    ...{ track: wholeOf('track', trackerSchema), notify: wholeOf('notify', hookSchema) },
  };
}

/** The plugins that are there without any configuration: the built-in ones. */
export function installedPlugins(): Pick<Preparation, 'issues' | 'listing'> {
  const { plugins, issues } = discoverPlugins();
  return { issues, listing: listPlugins(plugins) };
}
