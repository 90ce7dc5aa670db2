/** Loads and creates the plugins that the actuator runs: network drivers, interface types, protocols. */
import type { DaemonConfig } from '../config/model.ts';
import type {
  InterfaceType,
  KernelResource,
  NetworkDriver,
  PluginContext,
  PluginKind,
} from '../plugin/contracts/index.ts';
import { loadPlugin } from '../plugin/load.ts';
import { messageOf } from '../shared/errors.ts';
import type { ActuatorInit } from '../threads/actuator-messages.ts';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';
import { chooseProtocolDriver } from './protocol-driver.ts';

/** The actuator's plugins, by the names that the configuration calls them. */
export interface ActuatorPlugins {
  readonly drivers: ReadonlyMap<string, NetworkDriver>;
  readonly iftypes: ReadonlyMap<string, InterfaceType>;
  /** What `[protocols]` wants while anyone is Master. */
  readonly protocolResources: readonly KernelResource[];
  /** Name of the driver that installs it. */
  readonly protocolDriver: string;
}

/** Writes to the daemon's log on behalf of a plugin. */
export type PluginLog = PluginContext['log'];

/**
 * Loads what the configuration uses.
 * @param leftoverDrivers names of the drivers that earlier left something in the kernel: used if they exist
 * @param loading called with each plugin before any code of it runs
 * @throws Error for the operator
 */
export async function loadPlugins(
  init: Pick<ActuatorInit, 'config' | 'plugins' | 'routerPlugins'>,
  leftoverDrivers: Iterable<string>,
  log: PluginLog,
  loading: (plugin: ResolvedPlugin) => void,
): Promise<ActuatorPlugins> {
  const find = (kind: PluginKind, name: string): ResolvedPlugin | undefined =>
    init.plugins.find((plugin) => plugin.kind === kind && plugin.names.includes(name));
  const need = (kind: PluginKind, name: string): ResolvedPlugin => {
    const plugin = find(kind, name);
    if (!plugin) throw new Error(`no plugin answers to ${kind} "${name}"`);
    loading(plugin);
    return plugin;
  };
  const context = (name: string, { options }: ResolvedPlugin): PluginContext => ({ name, options, log });

  const iftypes = new Map<string, InterfaceType>();
  for (const name of new Set(init.routerPlugins.map(({ iftype }) => iftype))) {
    const plugin = need('iftype', name);
    iftypes.set(name, (await loadPlugin(plugin, 'iftype')).create(context(name, plugin)));
  }
  const protocolResources = await planProtocols(init.config, need, context);
  const drivers = new Map<string, NetworkDriver>();
  const used = init.routerPlugins.map(({ netdrv }) => netdrv);
  const protocolDriver = chooseProtocolDriver(protocolResources, used, init.plugins);
  if (protocolDriver.notice !== undefined) log('info', protocolDriver.notice);
  const leftover = [...leftoverDrivers].filter((name) => find('netdrv', name) !== undefined);
  try {
    const names = new Set([...used, protocolDriver.name, ...leftover]);
    // The first one reads for all: the one that knows most of what can be there.
    const knowledge = (name: string): number => find('netdrv', name)?.provides.length ?? 0;
    for (const name of [...names].sort((a, b) => knowledge(b) - knowledge(a))) {
      const plugin = need('netdrv', name);
      try {
        drivers.set(name, (await loadPlugin(plugin, 'netdrv')).create(context(name, plugin)));
      } catch (error) {
        // Virtual routers that do not need it run all the same.
        if (used.includes(name) || name === protocolDriver.name) throw error;
        log('error', `what network driver "${name}" left in the kernel stays there: ${messageOf(error)}`);
      }
    }
  } catch (error) {
    for (const driver of drivers.values()) driver.close();
    throw error;
  }
  return { drivers, iftypes, protocolResources, protocolDriver: protocolDriver.name };
}

async function planProtocols(
  { protocols }: DaemonConfig,
  need: (kind: PluginKind, name: string) => ResolvedPlugin,
  context: (name: string, plugin: ResolvedPlugin) => PluginContext,
): Promise<KernelResource[]> {
  const resources: KernelResource[] = [];
  for (const [name, entries] of Object.entries(protocols)) {
    if (entries.length === 0) continue;
    const plugin = need('protocol', name);
    const protocol = (await loadPlugin(plugin, 'protocol')).create(context(name, plugin));
    resources.push(...protocol.plan(entries));
  }
  return resources;
}
