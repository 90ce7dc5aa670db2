/** From a configuration file to all that is needed to run it, or to everything that is wrong with it. */
import { type ConfigFormat, type ConfigIssue, hasErrors, loadConfig, sortIssues } from '../config/index.ts';
import { discoverPlugins } from '../plugin/discover.ts';
import { listPlugins, type PluginListing } from '../plugin/listing.ts';
import { resolvePlugins } from '../plugin/resolve.ts';
import type { Start } from './generation.ts';

/** What came of it: `start` is there unless an issue is an error. */
export interface Preparation {
  readonly start?: Omit<Start, 'journal'>;
  readonly issues: readonly ConfigIssue[];
  /** The plugins that were found, those of a faulty configuration too. */
  readonly listing: readonly PluginListing[];
}

/**
 * Loads and checks configuration and plugins; no code of a plugin runs.
 * @param debug `debug` of the command line, which comes before the file's
 */
export async function prepare(
  path: string | undefined,
  format: ConfigFormat | undefined,
  debug?: 0 | 1 | 2 | 3 | 4 | 5,
): Promise<Preparation> {
  const loaded = await loadConfig(path, format);
  if (!loaded.document) return { issues: loaded.issues, listing: [] };
  const config = debug === undefined ? loaded.config : { ...loaded.config, debug };
  const discovery = discoverPlugins({ document: loaded.document, plugins: loaded.plugins });
  const resolution = resolvePlugins(config, loaded.document, discovery.plugins);
  // That nobody answers to the names of a plugin that cannot be used would only hide why.
  const unresolved = hasErrors(discovery.issues) ? [] : resolution.issues;
  const issues = sortIssues([...loaded.issues, ...discovery.issues, ...unresolved]);
  const listing = listPlugins(discovery.plugins, resolution);
  if (hasErrors(issues)) return { issues, listing };
  const plugins = discovery.plugins.map(({ resolved }) => resolved);
  const start = { config: resolution.config, routerPlugins: resolution.routers, plugins, listing };
  return { start: { ...start, ...(resolution.api && { api: resolution.api }) }, issues, listing };
}

/** The plugins that are there without any configuration: the built-in ones. */
export function installedPlugins(): Pick<Preparation, 'issues' | 'listing'> {
  const { plugins, issues } = discoverPlugins();
  return { issues, listing: listPlugins(plugins) };
}
