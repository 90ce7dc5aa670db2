/** Loads the plugins that virtual routers name: `auth` and `filter`. By the engine, and by `--check`. */
import type { Plugin, PluginContext } from '../plugin/contracts/index.ts';
import { loadPlugin } from '../plugin/load.ts';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';
import { PluginGuard } from './guard.ts';

/** A plugin with what its `create` wants. */
export interface LoadedPlugin<P> {
  readonly plugin: P;
  readonly context: PluginContext;
  readonly guard: PluginGuard;
  readonly resolved: ResolvedPlugin;
}

/** Takes what a plugin, or its guard, says. */
export type PluginLog = (
  level: 'info' | 'warn' | 'error' | 'debug',
  message: string,
  fields?: Record<string, unknown>,
) => void;

/**
 * Loads a plugin.
 * @param names that it is used by
 * @returns it, by name
 * @throws PluginError if it cannot be loaded
 */
export async function loadNamed<K extends 'auth' | 'filter'>(
  resolved: ResolvedPlugin,
  kind: K,
  names: readonly string[],
  log: PluginLog,
): Promise<Map<string, LoadedPlugin<Extract<Plugin, { kind: K }>>>> {
  const plugin = await loadPlugin(resolved, kind);
  const guard = new PluginGuard(resolved, (message, fields) => log('error', message, fields));
  return new Map(
    names.map((name) => {
      const context: PluginContext = {
        name,
        options: resolved.options,
        log: (level, message) => log(level, `${resolved.package}: ${message}`),
      };
      return [name, { plugin, context, guard, resolved }];
    }),
  );
}
