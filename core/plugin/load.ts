/** Loads a plugin's code and holds it against its kind's contract. Runs in the worker that the kind decides. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { CodedError, messageOf } from '../shared/errors.ts';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';
import type { Plugin } from './contracts/index.ts';

/** A plugin that cannot be used. The message names it, its version, and what to do. */
export class PluginError extends CodedError {
  override readonly name = 'PluginError';

  /** @param what what is wrong and what to do */
  constructor(plugin: Pick<ResolvedPlugin, 'package' | 'version' | 'kind'>, what: string, cause?: unknown) {
    const message = `plugin ${plugin.package} ${plugin.version} (kind ${plugin.kind}): ${what}`;
    super('plugin-load-failed', message, { cause });
  }
}

/**
 * Imports a plugin and checks its default export against its kind.
 * @param kind the kind that the caller wants; the plugin's manifest must have said the same
 * @throws PluginError
 */
export async function loadPlugin<K extends Plugin['kind']>(
  plugin: ResolvedPlugin,
  kind: K,
): Promise<Extract<Plugin, { readonly kind: K }>> {
  if (plugin.kind !== kind) throw new PluginError(plugin, `a plugin of kind ${kind} is needed here`);
  if (!existsSync(plugin.entry)) {
    const what = `its module ${plugin.entry} does not exist: build it (npm run build) or reinstall it`;
    throw new PluginError(plugin, what);
  }
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await settled(import(pathToFileURL(plugin.entry).href));
  } catch (error) {
    const reason = messageOf(error);
    throw new PluginError(
      plugin,
      `its module ${plugin.entry} cannot be loaded: ${reason}: reinstall it, or tell its author`,
      error,
    );
  }
  const contract = module.default;
  if (typeof contract !== 'object' || contract === null) {
    throw new PluginError(plugin, `${plugin.entry} must have an object as its default export: ${TELL}`);
  }
  const { kind: actual, create } = contract as { readonly kind?: unknown; readonly create?: unknown };
  if (actual !== kind) {
    const is = actual === undefined ? 'no kind' : `kind ${JSON.stringify(actual)}`;
    throw new PluginError(plugin, `its manifest says kind "${kind}", its default export has ${is}: ${TELL}`);
  }
  const { placement = 'data' } = contract as { readonly placement?: unknown };
  const { placement: declared = 'data' } = plugin;
  if (kind === 'auth' && placement !== declared) {
    const both = `its manifest says placement "${declared}", its default export ${JSON.stringify(placement)}`;
    throw new PluginError(plugin, `${both}: ${TELL}`);
  }
  if (typeof create !== 'function') {
    throw new PluginError(plugin, `its default export must have a function "create": ${TELL}`);
  }
  return contract as Extract<Plugin, { readonly kind: K }>;
}

/** A module may take this many ms to load. */
const PATIENCE = 10_000;

/** Waits for an import. One whose top-level `await` never settles would otherwise end the thread without a word. */
async function settled(loading: Promise<unknown>): Promise<Readonly<Record<string, unknown>>> {
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<never>((_, reject) => {
    const complaint = `it did not finish within ${PATIENCE / 1000} s (an await that never settles?)`;
    timer = setTimeout(() => reject(new Error(complaint)), PATIENCE);
  });
  try {
    return (await Promise.race([loading, impatience])) as Readonly<Record<string, unknown>>;
  } finally {
    clearTimeout(timer);
  }
}

const TELL = 'install another version, or tell its author';
