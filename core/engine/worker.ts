/** Entry point of the engine's worker thread. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Link, Plugin } from '../plugin/contracts/index.ts';
import { messageOf, reportOf } from '../shared/errors.ts';
import type { ActuatorToEngine } from '../threads/actuator-messages.ts';
import { AuthMemories, ownerNumber } from '../threads/auth-memory.ts';
import { Doorbell } from '../threads/doorbell.ts';
import type { EngineInit, Succession } from '../threads/engine-messages.ts';
import { KnownLinks } from '../threads/link-news.ts';
import { ENGINE_PRIORITY, runInRealTime, runOrdinarily } from '../threads/scheduling.ts';
import { Int, Num, StateTable } from '../threads/state-table.ts';
import type { EngineTable, TableReader } from '../threads/table-views.ts';
import { TrackCell } from '../threads/track-cell.ts';
import type { WorkerOrder, WorkerReport } from '../threads/worker-messages.ts';
import { authenticationOf } from './authentication.ts';
import { allClosed } from './closing.ts';
import { Engine } from './engine.ts';
import { handOver, type PluginState, takeOver } from './handover.ts';
import { kernelIo } from './io.ts';
import { type LoadedPlugin, loadNamed } from './loaded-plugin.ts';
import { adoptMemory } from './memories.ts';
import { Observer } from './observer.ts';
import { Patience } from './patience.ts';
import { Placement } from './placement.ts';
import { kindsOf, Rehearsal, rehearse } from './rehearsal.ts';
import { EngineRouter } from './router.ts';
import { inherit } from './succession.ts';
import { Tracking } from './tracking.ts';
import { memoryOf } from './trailer-guard.ts';
import { TurnClock } from './turn-clock.ts';

const init = workerData as EngineInit;
const supervisor = parentPort!;
const report = (message: WorkerReport): void => supervisor.postMessage(message);
const log = (
  level: 'info' | 'warn' | 'error' | 'debug',
  message: string,
  fields: Record<string, unknown> = {},
): void => report({ type: 'log', level, message, fields });

/** How often in ms a router is asked for again that another process runs. */
const CLAIM_RETRY = 1000;

/** A busy host must not cost an advertisement. */
function raisePriority(): void {
  const refused = runInRealTime(ENGINE_PRIORITY);
  if (!refused || !runOrdinarily(-20)) return;
  log('warn', `the engine runs at ordinary priority: ${refused.message}; a busy host may delay it`);
}

/** The plugins of a kind that virtual routers use, by configuration name. Others may be broken: nobody cares. */
async function loadUsed<K extends 'auth' | 'filter'>(
  kind: K,
): Promise<Map<string, LoadedPlugin<Extract<Plugin, { kind: K }>>>> {
  const used = new Set(init.routerPlugins.map((plugins) => plugins[kind]));
  const loaded = new Map<string, LoadedPlugin<Extract<Plugin, { kind: K }>>>();
  for (const resolved of init.plugins) {
    if (resolved.kind !== kind) continue;
    // Those of the configuration come before the built-in ones.
    const names = resolved.names.filter((name) => used.has(name) && !loaded.has(name));
    if (names.length === 0) continue;
    report({ type: 'loading', plugin: `${resolved.package} ${resolved.version}` });
    for (const [name, plugin] of await loadNamed(resolved, kind, names, log)) loaded.set(name, plugin);
  }
  return loaded;
}

async function main(): Promise<void> {
  const auths = await loadUsed('auth');
  const filters = await loadUsed('filter');
  const whole = new StateTable(init.table); // until it is inherited
  const table: EngineTable = whole;
  const memories = new AuthMemories(init.authMemories);
  const authBell = new Doorbell(init.authBell, init.eventPort);
  const clock = new TurnClock(kernelIo);
  const routers = init.config.virtualRouters.map((config, slot) => {
    const auth = auths.get(init.routerPlugins[slot]!.auth ?? '');
    if (auth === undefined) return new EngineRouter(slot, config, undefined, table);
    let isKnown = false;
    const { authenticator, trailer } = authenticationOf(config, auth, clock, () => {
      isKnown = memories.claim(slot, ownerNumber(auth.resolved.package));
      return memoryOf(memories, slot, () => authBell.ring());
    });
    if (isKnown) trailer?.adopt('restart');
    return new EngineRouter(slot, config, authenticator, table, trailer);
  });
  const routerFilters = init.routerPlugins.map(({ filter }) => {
    const chosen = filters.get(filter ?? '');
    return chosen?.guard.filter(() => chosen.plugin.create(chosen.context));
  });

  for (const { slot, until } of init.held) {
    table.setInt(slot, Int.Held, 1);
    table.setNum(slot, Num.HeldUntil, until);
  }

  const observer = new Observer(init.events, table.slots + 1);
  const wantedBell = new Doorbell(init.wantedBell, init.actuatorPort);
  const eventBell = new Doorbell(init.eventBell, init.eventPort);
  const engine = new Engine(
    routers,
    table,
    observer,
    (wantedChanged) => {
      if (wantedChanged) {
        wantedBell.ring();
        patience.watch();
      }
      if (observer.dirty) eventBell.ring();
      observer.dirty = false;
    },
    init.config.debug === 5,
    { ...kernelIo, turns: clock },
  );
  const placement = new Placement(
    engine,
    table,
    routerFilters,
    (message, fields) => log('error', message, fields),
    (closed, opened) => report({ type: 'sockets', closed, opened }),
    kernelIo,
  );

  placement.onTrouble = (topic, text) =>
    report({ type: 'trouble', topic, ...(text !== undefined && { text }) });

  const patience = new Patience(
    engine,
    table,
    (slots) => {
      for (const slot of slots) table.setNum(slot, Num.RetryAt, 0);
      placement.lookAgain(slots);
    },
    kernelIo.now,
    kernelIo.after,
  );

  const tracking = new Tracking(
    engine,
    table,
    (init.config.trackers ?? []).map(({ name }) => name),
    init.trackCells.map((buffer) => new TrackCell(buffer)),
    { lookAgain: (slots) => placement.lookAgain(slots), soon: kernelIo.soon },
  );
  tracking.prepare();

  let running = false;
  /** What the actuator has told before the engine ran. */
  const early = new KnownLinks();
  const links = new Promise<readonly Link[]>((resolve) => {
    init.actuatorPort.on('message', (message: ActuatorToEngine) => {
      if (message?.type !== 'links') return;
      if (running) {
        placement.change(message);
        return;
      }
      early.hear(message);
      resolve(early.list());
    });
  });

  /** Starts running, on links that the actuator has told or another engine knew. */
  const run = (on: readonly Link[]): void => {
    running = true;
    tracking.prepare();
    placement.update(on);
    if (early.told && early.list() !== on) placement.update(early.list()); // told while we made ready
    new Doorbell(init.appliedBell, init.actuatorPort).listen(() => {
      engine.announceApplied();
      patience.heard();
    });
    tracking.begin();
    new Doorbell(init.trackBell, init.eventPort).listen(() => tracking.rung());
    setInterval(() => placement.retryClaims(), CLAIM_RETRY).unref();
    raisePriority();
    report({ type: 'ready' });
  };

  /**
   * @param late the predecessor has let go: whatever fails, the routers run
   * @param how what it has left of authentication is, see {@link adoptMemory}
   */
  const inheritFrom = (
    { table: memory, slots, changed, authMemories }: Succession,
    late: boolean,
    how: 'reload' | 'restart' = 'reload',
  ): void => {
    const predecessor: TableReader = new StateTable(memory);
    inherit(whole, predecessor, { slots, changed }, init.config.virtualRouters, kernelIo.now());
    const before = new AuthMemories(authMemories);
    for (const router of routers) {
      try {
        adoptMemory(router, memories, before, slots[router.slot]!, how);
      } catch (error) {
        if (!late) throw error;
        log('error', `${messageOf(error)}: it begins anew`);
      }
    }
    engine.resume();
  };

  /** Takes over from a running engine, or from one that has crashed. */
  const succeed = async (succession: Succession): Promise<void> => {
    if (!succession.port) {
      const on = await links;
      placement.prepare(on, true); // nobody runs the routers: all that can go on shall
      placement.inherit(succession.sockets);
      inheritFrom(succession, true);
      run(on);
      return;
    }
    await rehearsed;
    let known: readonly Link[] = [];
    const estate = await takeOver(succession.port, (offer) => {
      known = offer.links;
      for (const [slot, from] of succession.slots.entries())
        importState(routers[slot]!, offer.pluginStates[from]);
      placement.prepare(known);
      engine.rehearse();
      inheritFrom(succession, false); // a rehearsal: once more when the other engine has let go
      raisePriority();
    });
    placement.inherit(estate.sockets);
    for (const [slot, from] of succession.slots.entries()) {
      const known = estate.peers[from];
      if (known) routers[slot]!.inheritPeers(known);
    }
    inheritFrom(succession, true, estate.died ? 'restart' : 'reload');
    run(known);
    const pause = kernelIo.now() - estate.since;
    log('debug', `took over from the engine before within ${pause.toFixed(1)} ms`, { pause });
  };

  /** Lets another engine take over, which then runs all but the `leaving` slots. */
  const yieldTo = async (port: MessagePort, leaving: readonly number[], revocable = false): Promise<void> => {
    const offer = () => ({ links: placement.links, pluginStates: routers.map(exportState) });
    const letGo = () => {
      patience.stop();
      tracking.stop();
      const sockets = revocable ? placement.lend(leaving) : placement.letGo(leaving);
      return {
        sockets,
        peers: routers.map(({ peersKnown }) => peersKnown),
        since: kernelIo.now(),
      };
    };
    const takeBack = (): void => {
      placement.takeBack();
      patience.resume();
      tracking.resume();
      engine.announceApplied();
    };
    const handed = await handOver(port, offer, letGo, revocable ? takeBack : undefined);
    if (!handed) return;
    await allClosed();
    report({ type: 'stopped' });
  };

  supervisor.on('message', (order: WorkerOrder) => {
    const failed = (error: unknown): void =>
      report({ type: 'failed', error: reportOf(error, 'worker-failed') });
    switch (order.type) {
      case 'go':
        if (order.succession) succeed(order.succession).catch(failed);
        else links.then(run).catch(failed);
        break;
      case 'hand-over':
        yieldTo(order.port, order.leaving, order.revocable).catch((error: unknown) => {
          log('error', `cannot hand over: ${messageOf(error)}`);
          order.port.close();
        });
        break;
      case 'fail-over':
        for (const slot of order.slots) engine.failOver(routers[slot]!);
        engine.settle();
        break;
      case 'standby':
        for (const { slot, held, until } of order.slots) {
          if (held) engine.standby.hold(routers[slot]!, until);
          else engine.standby.release(routers[slot]!);
        }
        engine.settle();
        break;
      case 'take-back':
        for (const slot of order.slots) engine.standby.takeBack(routers[slot]!);
        engine.settle();
        break;
      case 'stop':
        patience.stop();
        tracking.stop();
        placement.shutdown();
        report({ type: 'stopped' });
        break;
    }
  });
  report({ type: 'prepared' });
  // A start waits for the actuator now, a hand-over takes place when the rehearsal is over. If it fails, the engine
  // runs all the same, a little later in its first take-over.
  const { virtualRouters } = init.config;
  const hasGroups = virtualRouters.some(({ sync }) => sync !== undefined);
  const rehearsal = new Rehearsal(kernelIo, kindsOf(virtualRouters), hasGroups);
  const rehearsed = rehearse(rehearsal, () => !running).then(
    () => {
      engine.onAwake = () => rehearsal.warm();
    },
    (error: unknown) => {
      rehearsal.close();
      log('warn', `the engine's rehearsal failed: ${messageOf(error)}`);
    },
  );
}

function exportState({ authenticator }: EngineRouter): PluginState | undefined {
  const state = authenticator?.exportState?.();
  return authenticator && state !== undefined ? { plugin: authenticator.plugin, state } : undefined;
}

function importState({ authenticator }: EngineRouter, from: PluginState | undefined): void {
  if (from && authenticator?.plugin === from.plugin) authenticator.importState?.(from.state);
}

main().catch((error: unknown) => report({ type: 'failed', error: reportOf(error, 'worker-failed') }));
