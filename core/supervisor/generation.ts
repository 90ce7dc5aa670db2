/**
 * A generation: one configuration with the workers that run it. A reload starts the next one beside it
 * (docs/architecture.md, "Generations").
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { OpenSchemas } from '../config/edit.ts';
import type { DaemonConfig, VirtualRouterConfig } from '../config/model.ts';
import type {
  DaemonInfo,
  PluginListing,
  RouterName,
  RunningConfiguration,
} from '../plugin/contracts/index.ts';
import { CodedError } from '../shared/errors.ts';
import { within } from '../shared/within.ts';
import type { ActuatorInit } from '../threads/actuator-messages.ts';
import { AuthMemories } from '../threads/auth-memory.ts';
import { Doorbell } from '../threads/doorbell.ts';
import type { EngineInit, HeldSlot, Succession } from '../threads/engine-messages.ts';
import { type EventReader, EventRing } from '../threads/event-ring.ts';
import type { ResolvedPlugin, RouterPlugins } from '../threads/resolved-plugins.ts';
import type { ServiceView } from '../threads/service-messages.ts';
import { Int, STATE_NAMES, StateTable } from '../threads/state-table.ts';
import type { TableReader } from '../threads/table-views.ts';
import { TrackBoard } from '../threads/track-board.ts';
import type { AuthKeeper } from './auth-keeper.ts';
import { slotsOf } from './fail-over.ts';
import type { InstancePlaces } from './instance.ts';
import type { Logger } from './log.ts';
import { Narrator } from './narrator.ts';
import type { NotifyStart } from './notify/notifier.ts';
import type { ServiceSpec } from './service-host.ts';
import { type ConfigurationSource, configurationTag, isTemporary } from './source.ts';
import { matchRouters, type RouterSummary, summariesOf } from './succession.ts';
import type { TrackStart } from './track/trackers.ts';
import { WorkerHandle } from './worker-handle.ts';
import type { StartThread } from './worker-thread.ts';

/** Events kept for a slow reader: several transitions of some thousand routers. A power of two. */
const EVENTS = 1 << 15;
/** Events logged before signals and other things get their turn. */
const EVENTS_PER_TURN = 200;

/** A new engine must run within this many ms after the old one let go: then there is time for another try. */
const GAP = 1000;
/** Once one thread could not be prepared, the other may go on loading for this many ms before it is ended. */
const LOADING_ENDS = 500;
/** An old actuator may finish what it is at for this many ms: a stuck driver must not keep the kernel waiting. */
const RETIRE_TIMEOUT = 2000;

/** An engine must have said good-bye within this many ms: more than it takes for thousands of routers. */
const ENGINE_TIMEOUT = 600;

/**
 * Young generation of a worker's heap in MiB, three times a semi-space; V8's own limit is 48. Where thousands of
 * virtual routers are made ready, V8 lets it grow, and nothing makes it shrink again. A small one is emptied more
 * often, each time sooner; in the steady state neither worker has anything to empty.
 */
const YOUNG = 3;

/** All that is needed to run. */
export interface Start {
  readonly config: DaemonConfig;
  readonly routerPlugins: readonly RouterPlugins[];
  readonly plugins: readonly ResolvedPlugin[];
  /** The client API. Absent: none. */
  readonly api?: ServiceStart;
  /** The plugins of trackers. Absent: there is no tracker. */
  readonly tracks?: readonly TrackStart[];
  /** The plugins of hooks. Absent: there is no hook. */
  readonly notifies?: readonly NotifyStart[];
  /** All plugins, for whoever asks. */
  readonly listing: readonly PluginListing[];
  /** Of what plugins have in the configuration. Absent: none. */
  readonly schemas?: OpenSchemas;
  readonly source: ConfigurationSource;
  readonly places: Pick<InstancePlaces, 'journal' | 'namespaceCookie' | 'serviceState'>;
}

/** The service to run, and what it sees of the configuration. */
export interface ServiceStart extends Pick<RunningConfiguration, 'data' | 'effective'> {
  /** The configuration value that selected it. */
  readonly name: string;
  readonly plugin: ResolvedPlugin;
  /** See core/plugin/fingerprint.ts. */
  readonly fingerprint: string;
}

/** What a generation leaves to the next one. */
export interface Estate extends Pick<Succession, 'table' | 'authMemories' | 'sockets'> {
  /** By slot. */
  readonly routers: readonly RouterSummary[];
}

/** A generation as the next one sees it: it may be another process's. */
export interface Predecessor {
  /** With the sockets that a crashed engine has had. */
  readonly estate: Estate;
  /** Its engine has crashed. */
  readonly crashed: boolean;
  /** Has its engine hand over to the one at the other end of the port; `leaving` slots have no successor. */
  handOver(port: MessagePort, leaving: readonly number[]): void;
  /** Waits for the new engine, and ends the old one. @throws Error if the new one has failed; then the old one goes on */
  handedOver(successor: WorkerHandle): Promise<void>;
  /** Ends its actuator, which leaves everything in the kernel. */
  retire(): Promise<void>;
  /** Logs what has happened in it. */
  tellRest(): void;
}

/** See the file's comment. */
export class Generation implements Predecessor {
  readonly table: TableReader & Pick<StateTable, 'buffer'>;
  private readonly engine: WorkerHandle;
  private readonly actuator: WorkerHandle;
  private readonly events: SharedArrayBuffer;
  private readonly narrate: () => void;
  private readonly authMemories: AuthMemories;
  /** What its trackers say. */
  readonly board: TrackBoard;
  private readonly trackBell: Doorbell;
  /** What happens in it, from the first event on. */
  readonly reader: EventReader;
  /** Called when something may have. */
  onEvents: () => void = () => {};

  /**
   * Starts the workers; they load their plugins, and do nothing else before {@link go} or {@link takeOver}.
   * @param startThread starts their threads
   * @param checked slots without which it is not prepared if they cannot be Master, see core/actuator/obstacles.ts
   * @param keeper keeps what authentication must not forget; absent: it is forgotten when the daemon ends
   * @param cells of its trackers, by index
   * @param held slots that stand by from the start
   * @param hookCells of its hooks, by index
   */
  constructor(
    readonly start: Start,
    log: Logger,
    startThread: StartThread,
    checked: readonly number[] = [],
    private readonly keeper?: Pick<AuthKeeper, 'fill' | 'follow' | 'changed' | 'flush'>,
    private readonly cells: readonly SharedArrayBuffer[] = [],
    held: readonly HeldSlot[] = [],
    private readonly hookCells: readonly SharedArrayBuffer[] = [],
  ) {
    const { config, routerPlugins, plugins } = start;
    const { journal, namespaceCookie } = start.places;
    this.table = StateTable.allocate(config.virtualRouters.length);
    const between = new MessageChannel();
    const events = new MessageChannel();
    const shared = {
      config,
      routerPlugins,
      plugins,
      table: this.table.buffer,
      wantedBell: Doorbell.memory(),
      appliedBell: Doorbell.memory(),
    };
    this.events = EventRing.allocate(EVENTS);
    const ring = new EventRing(this.events);
    const eventBell = Doorbell.memory();

    this.board = new TrackBoard(config.trackers ?? [], cells);
    const narrator = new Narrator(log, config.virtualRouters, this.board);
    this.reader = ring.reader('start');
    const reader = ring.reader();
    let scheduled = false;
    this.narrate = () => {
      scheduled = false;
      const lost = reader.read((event) => narrator.tell(event), EVENTS_PER_TURN);
      if (lost > 0) narrator.lost(lost);
      if (reader.pending && !scheduled) {
        scheduled = true;
        setImmediate(this.narrate);
      }
    };
    new Doorbell(eventBell, events.port1).listen(() => {
      this.narrate();
      this.onEvents();
    });
    events.port1.unref();
    const trailers = new Set(
      plugins.flatMap(({ kind, placement, names }) =>
        kind === 'auth' && placement === 'trailer' ? names : [],
      ),
    );
    const isSigning = routerPlugins.some(({ auth }) => auth !== undefined && trailers.has(auth));
    this.authMemories = AuthMemories.allocate(isSigning ? config.virtualRouters.length : 0);
    keeper?.fill(this.authMemories, config.virtualRouters);
    const authBell = Doorbell.memory();
    new Doorbell(authBell, events.port1).listen(() => keeper?.changed());

    const trackBell = Doorbell.memory();
    this.trackBell = new Doorbell(trackBell, events.port1);

    const engine: EngineInit = {
      ...shared,
      held,
      trackCells: cells,
      trackBell,
      events: ring.buffer,
      actuatorPort: between.port1,
      eventBell,
      eventPort: events.port2,
      authMemories: this.authMemories.buffer,
      authBell,
    };
    const actuator: ActuatorInit = {
      ...shared,
      journal,
      namespaceCookie,
      checked,
      enginePort: between.port2,
    };
    const limits = { maxYoungGenerationSizeMb: YOUNG };
    const transfer = [between.port1, events.port2];
    this.engine = new WorkerHandle('engine', engine, transfer, log, startThread, limits);
    this.actuator = new WorkerHandle('actuator', actuator, [between.port2], log, startThread, limits);
  }

  /** The client API of this generation, if it has one. */
  service(daemon: DaemonInfo): ServiceSpec | undefined {
    const { api, config, places, source } = this.start;
    if (!api) return undefined;
    const { name, plugin, fingerprint, data, effective } = api;
    const { file } = source;
    const view: ServiceView = {
      virtualRouters: config.virtualRouters.map((router) => ({ ...withoutAuth(router), authSecret: '' })),
      table: this.table.buffer,
      events: this.events,
      trackers: (config.trackers ?? []).map(({ name, type }) => ({ name, type })),
      trackCells: this.cells,
      hooks: (config.hooks ?? []).map(({ name, type }) => ({ name, type })),
      hookCells: this.hookCells,
      configuration: { file, data, effective, tag: configurationTag(source), temporary: isTemporary(source) },
      daemon,
    };
    const settings = { options: plugin.options, api: config.api };
    return { init: { plugin, name, settings, view, stateFile: places.serviceState }, fingerprint };
  }

  /** Its workers have loaded their plugins. @throws Error why one has not */
  async prepared(): Promise<void> {
    const both = [this.actuator.prepared, this.engine.prepared];
    try {
      await Promise.all(both);
    } catch (error) {
      // Descriptors are the process's: a thread that is ended while it loads a file would leave that open for good.
      const loaded = Promise.allSettled(both).then(() => undefined);
      await within(loaded, LOADING_ENDS, () => undefined);
      throw error;
    }
  }

  /** Starts as the first generation. @throws Error why it could not */
  async go(): Promise<void> {
    this.keep();
    this.actuator.order({ type: 'go' });
    this.engine.order({ type: 'go' });
    // The actuator's failure is the cause where both fail, so it is waited for first.
    await this.actuator.ready;
    await this.engine.ready;
  }

  /** What keeps it from being prepared, should that take too long. */
  get unprepared(): string {
    return [this.actuator, this.engine].flatMap(({ unprepared }) => unprepared ?? []).join(', ');
  }

  /** What a successor has to know of it. */
  get estate(): Estate {
    return {
      routers: summariesOf(this.start),
      table: this.table.buffer,
      authMemories: this.authMemories.buffer,
      sockets: this.engine.sockets,
    };
  }

  /** Its engine has crashed. */
  get crashed(): boolean {
    return this.engine.dead;
  }

  /** Has its engine hand over to the one at the other end of the port. @param revocable see `WorkerOrder` */
  handOver(port: MessagePort, leaving: readonly number[], revocable?: true): void {
    this.engine.order({ type: 'hand-over', port, leaving, ...(revocable && { revocable }) }, [port]);
  }

  /** See `WorkerHandle.handedOver`. */
  handedOver(successor: WorkerHandle): Promise<void> {
    return this.engine.handedOver(successor, GAP);
  }

  /** Its actuator stops, and leaves everything in the kernel to the successor's. */
  async retire(): Promise<void> {
    if (!this.actuator.dead) await this.actuator.end('retire', RETIRE_TIMEOUT);
  }

  /** Its actuator has stopped. */
  get retired(): boolean {
    return this.actuator.dead;
  }

  /** Logs what has happened in it. */
  tellRest(): void {
    this.narrate();
  }

  /**
   * Takes over the virtual routers of the generation before, whose workers may have crashed.
   * @throws Error why it could not: then the old engine runs on, or has crashed. This one is to be discarded.
   */
  async takeOver(old: Predecessor): Promise<void> {
    const { crashed } = old;
    const { routers, ...estate } = old.estate;
    const { slots, changed, leaving } = matchRouters(routers, summariesOf(this.start));
    const succession: Succession = { ...estate, slots, changed };
    if (crashed) {
      this.engine.order({ type: 'go', succession });
    } else {
      const heirs = new MessageChannel();
      old.handOver(heirs.port1, leaving);
      this.engine.order({ type: 'go', succession: { ...succession, port: heirs.port2 } }, [heirs.port2]);
      await old.handedOver(this.engine);
    }
    this.keep();
    // What the routers want of the kernel waits for its turn meanwhile.
    await old.retire();
    this.actuator.order({ type: 'go' });
    // A crashed engine's successor needs the actuator: it has the links from nobody else.
    if (crashed) await Promise.all([this.actuator.ready, this.engine.ready]);
  }

  /** A tracker's verdict is another one: the engine looks, in its own time. */
  ringTrackers(): void {
    if (!this.engine.dead) this.trackBell.ring();
  }

  /** Has Masters give up that run here: they stand by then (RFC 3768 §6.4.3 and §6.4.1). */
  failOver(names: readonly RouterName[]): void {
    this.failOverSlots(names.flatMap((name) => this.slotsOf(name)));
  }

  /** The same, by slots. */
  failOverSlots(slots: readonly number[]): void {
    this.engine.order({ type: 'fail-over', slots });
  }

  /** Has virtual routers stand by, or no longer. */
  standBy(slots: readonly HeldSlot[]): void {
    this.engine.order({ type: 'standby', slots });
  }

  /** Masters of these slots that gave up are Master again: nobody has taken over. */
  takeBack(slots: readonly number[]): void {
    this.engine.order({ type: 'take-back', slots });
  }

  /**
   * After {@link takeOver}: does what must not call it off any more, because the routers are ours.
   * @throws Error why the actuator does not work; it counts as crashed then, see {@link broken}
   */
  async finishTakeOver(old: Predecessor): Promise<void> {
    try {
      await this.actuator.ready;
    } catch (error) {
      await this.actuator.crash();
      throw error;
    } finally {
      old.tellRest();
    }
  }

  /** What its workers are to do and cannot for now, a line each. */
  get troubles(): string[] {
    return [this.engine, this.actuator].flatMap(({ troubles }) => [...troubles.values()]);
  }

  /** Called when {@link troubles} have changed. */
  set onTrouble(told: () => void) {
    for (const worker of [this.engine, this.actuator]) worker.onTrouble = told;
  }

  /** Resolves when a worker has ended that nobody had told to. */
  get broken(): Promise<Error> {
    return Promise.race(
      [this.engine, this.actuator].map(async ({ name, ended }) => {
        const error = await ended;
        if (!error) return new Promise<never>(() => {});
        return new CodedError('worker-failed', `the ${name} broke down: ${error.stack ?? error.message}`);
      }),
    );
  }

  /**
   * Advertises priority 0 wherever we are Master, then takes back what the kernel holds for us.
   * @param said called once the virtual routers have stopped
   */
  async stop(said: () => void = () => {}): Promise<void> {
    await this.engine.end('stop', ENGINE_TIMEOUT);
    said();
    const kept = this.keeper?.flush();
    await this.actuator.end('stop');
    await kept;
    this.narrate();
  }

  /** From now on what its authentication must not forget is kept. */
  private keep(): void {
    this.keeper?.follow(this.authMemories, this.start.config.virtualRouters);
  }

  /** Ends a generation that never took over. */
  async discard(): Promise<void> {
    await Promise.all([this.engine.kill(), this.actuator.kill()]);
  }

  /** Slots of what a name means: one; none if there is no such; several if it leaves open which family or version. */
  slotsOf(name: RouterName): number[] {
    return slotsOf(this.start.config.virtualRouters, name);
  }

  /** How many routers are in each state, for the log. */
  summary(): string {
    const counts = new Map<string, number>();
    for (let slot = 0; slot < this.table.slots; slot++) {
      const known = STATE_NAMES[this.table.int(slot, Int.State) as 0 | 1 | 2 | 3];
      const state = known === 'Down' && this.table.int(slot, Int.Fault) !== 0 ? 'Fault' : known;
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  }
}

/** A virtual router without what its authentication is told, which may be secret. */
function withoutAuth({ auth: _, ...router }: VirtualRouterConfig): Omit<VirtualRouterConfig, 'auth'> {
  return router;
}
