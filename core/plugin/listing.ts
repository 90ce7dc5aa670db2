/** The plugins as an operator sees them. Pure. */

import type { RouterPlugins } from '../threads/resolved-plugins.ts';
import type { PluginKind, PluginListing } from './contracts/index.ts';
import type { AvailablePlugin } from './discover.ts';
import { PLUGIN_KINDS } from './kinds.ts';
import type { Resolution } from './resolve.ts';

/**
 * Lists all plugins, in order of precedence.
 * @param resolution who uses what; absent: nobody uses anything
 */
export function listPlugins(
  available: readonly AvailablePlugin[],
  resolution?: Pick<Resolution, 'routers' | 'api' | 'config'> &
    Partial<Pick<Resolution, 'trackers' | 'hooks'>>,
): PluginListing[] {
  const used = new Set<string>();
  const use = (kind: PluginKind, name: string | undefined): void => {
    if (name !== undefined) used.add(`${kind} ${name}`);
  };
  for (const chosen of resolution?.routers ?? []) {
    for (const kind of PLUGIN_KINDS) if (kind in chosen) use(kind, chosen[kind as keyof RouterPlugins]);
  }
  for (const name of Object.keys(resolution?.config.protocols ?? {})) use('protocol', name);
  for (const { name } of resolution?.trackers ?? []) use('track', name);
  for (const { name } of resolution?.hooks ?? []) use('notify', name);
  use('api', resolution?.api?.name);
  return available.map(({ resolved, path }) => {
    const { package: name, version, kind, names } = resolved;
    // The first that answers to a name is the one: what it replaces is not used under that name.
    const selected = names.filter((each) => used.delete(`${kind} ${each}`));
    return {
      ...{ package: name, version, kind, names },
      origin: path === undefined ? 'built-in' : 'configuration',
      inUse: selected.length > 0,
    };
  });
}
