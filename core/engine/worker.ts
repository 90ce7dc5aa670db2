/** Entry point of the engine's worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ActuatorToEngine, WorkerOrder, WorkerReport } from '../actuator/messages.ts';
import { native } from '../native/index.ts';
import { loadPlugin } from '../plugin/load.ts';
import type { Plugin, PluginContext } from '../plugin/types.ts';
import { Doorbell } from '../shared/doorbell.ts';
import { StateTable } from '../shared/state-table.ts';
import { Engine } from './engine.ts';
import { PluginGuard } from './guard.ts';
import type { EngineInit } from './messages.ts';
import { Observer } from './observer.ts';
import { Placement } from './placement.ts';
import { EngineRouter } from './router.ts';

const init = workerData as EngineInit;
const supervisor = parentPort!;
const report = (message: WorkerReport): void => supervisor.postMessage(message);
const log = (
  level: 'info' | 'warn' | 'error' | 'debug',
  message: string,
  fields: Record<string, unknown> = {},
): void => report({ type: 'log', level, message, fields });

/** SCHED_FIFO above every ordinary process: a busy host must not cost an advertisement. */
const REAL_TIME_PRIORITY = 1;

function raisePriority(): void {
  try {
    native.setThreadScheduling(1, REAL_TIME_PRIORITY, 0);
  } catch (refused) {
    try {
      native.setThreadScheduling(0, 0, -20);
    } catch {
      log(
        'warn',
        `the engine runs at ordinary priority: ${(refused as Error).message}; a busy host may delay it`,
      );
    }
  }
}

/** A plugin with what its `create` wants. */
interface Loaded<P> {
  readonly plugin: P;
  readonly context: PluginContext;
  readonly guard: PluginGuard;
}

/** Every plugin of a kind, by configuration name. */
async function loadAll<K extends 'auth' | 'filter'>(
  kind: K,
): Promise<Map<string, Loaded<Extract<Plugin, { kind: K }>>>> {
  const loaded = new Map<string, Loaded<Extract<Plugin, { kind: K }>>>();
  for (const resolved of init.plugins) {
    if (resolved.kind !== kind) continue;
    const plugin = await loadPlugin(resolved, kind);
    const guard = new PluginGuard(resolved, (message, fields) => log('error', message, fields));
    for (const name of resolved.names) {
      if (loaded.has(name)) continue; // those of the configuration come before the built-in ones
      const context: PluginContext = {
        name,
        options: resolved.options,
        log: (level, message) => log(level, `${resolved.package}: ${message}`),
      };
      loaded.set(name, { plugin, context, guard });
    }
  }
  return loaded;
}

async function main(): Promise<void> {
  const auths = await loadAll('auth');
  const filters = await loadAll('filter');
  const table = new StateTable(init.table);
  const encoder = new TextEncoder();
  const routers = init.config.virtualRouters.map((config, slot) => {
    const auth = auths.get(init.routerPlugins[slot]!.auth ?? '');
    const secret = encoder.encode(config.authSecret);
    const authenticator = auth?.guard.authenticator(config, () => auth.plugin.create(auth.context, secret));
    return new EngineRouter(slot, config, authenticator, table);
  });
  const routerFilters = init.routerPlugins.map(({ filter }) => {
    const chosen = filters.get(filter ?? '');
    return chosen?.guard.filter(() => chosen.plugin.create(chosen.context));
  });

  const observer = new Observer(init.events, table.slots + 1);
  const wantedBell = new Doorbell(init.wantedBell, init.actuatorPort);
  const eventBell = new Doorbell(init.eventBell, init.eventPort);
  const engine = new Engine(
    routers,
    table,
    observer,
    (wantedChanged) => {
      if (wantedChanged) wantedBell.ring();
      if (observer.dirty) eventBell.ring();
      observer.dirty = false;
    },
    init.config.debug === 5,
  );
  const placement = new Placement(engine, table, routerFilters, (message, fields) =>
    log('error', message, fields),
  );

  let started = false;
  new Doorbell(init.appliedBell, init.actuatorPort).listen(() => engine.announceApplied());
  init.actuatorPort.on('message', (message: ActuatorToEngine) => {
    if (message?.type !== 'links') return;
    placement.update(message.links);
    if (started) return;
    started = true;
    raisePriority();
    report({ type: 'ready' });
  });
  supervisor.on('message', (order: WorkerOrder) => {
    if (order.type !== 'stop') return;
    placement.shutdown();
    engine.close();
    report({ type: 'stopped' });
  });
}

main().catch((error: unknown) => {
  report({ type: 'failed', error: error instanceof Error ? error.message : String(error) });
});
