/**
 * A generation: one configuration with the workers that run it. A reload starts the next one beside it
 * (docs/architecture.md, "Generations").
 */
import { MessageChannel } from 'node:worker_threads';
import type { ActuatorInit, ResolvedPlugin, RouterPlugins, Succession } from '../actuator/messages.ts';
import type { DaemonConfig } from '../config/model.ts';
import type { EngineInit } from '../engine/messages.ts';
import type { PluginListing } from '../plugin/listing.ts';
import { Doorbell } from '../shared/doorbell.ts';
import { EventRing } from '../shared/event-ring.ts';
import { Int, STATE_NAMES, StateTable } from '../shared/state-table.ts';
import type { Logger } from './log.ts';
import { Narrator } from './narrator.ts';
import { ServiceHost } from './service-host.ts';
import { matchSlots } from './succession.ts';
import { WorkerHandle } from './worker-handle.ts';

/** Events kept for a slow reader: several transitions of some thousand routers. A power of two. */
const EVENTS = 1 << 15;
/** Events logged before signals and other things get their turn. */
const EVENTS_PER_TURN = 200;

/** A new engine must run within this many ms after the old one let go: then there is time for another try. */
const GAP = 1000;
/** An old actuator may finish what it is at for this many ms: a stuck driver must not keep the kernel waiting. */
const RETIRE_TIMEOUT = 2000;

/** All that is needed to run. */
export interface Start {
  readonly config: DaemonConfig;
  readonly routerPlugins: readonly RouterPlugins[];
  readonly plugins: readonly ResolvedPlugin[];
  /** The plugin of the client API, and the name that selected it. Absent: none. */
  readonly api?: { readonly name: string; readonly plugin: ResolvedPlugin };
  /** All plugins, for whoever asks. */
  readonly listing: readonly PluginListing[];
  /** The file that remembers what of the kernel is ours. */
  readonly journal: string;
}

/** See the file's comment. */
export class Generation {
  readonly table: StateTable;
  private readonly engine: WorkerHandle;
  private readonly actuator: WorkerHandle;
  private readonly service: ServiceHost | undefined;
  private readonly narrate: () => void;

  /** Starts the workers; they load their plugins, and do nothing else before {@link go} or {@link succeed}. */
  constructor(
    readonly start: Start,
    log: Logger,
  ) {
    const { config, routerPlugins, plugins, journal } = start;
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
    const ring = new EventRing(EventRing.allocate(EVENTS));
    const eventBell = Doorbell.memory();

    const narrator = new Narrator(log, config.virtualRouters);
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
    new Doorbell(eventBell, events.port1).listen(this.narrate);
    events.port1.unref();

    const engine: EngineInit = {
      ...shared,
      events: ring.buffer,
      actuatorPort: between.port1,
      eventBell,
      eventPort: events.port2,
    };
    const actuator: ActuatorInit = { ...shared, journal, enginePort: between.port2 };
    this.engine = new WorkerHandle('engine', engine, [between.port1, events.port2], log);
    this.actuator = new WorkerHandle('actuator', actuator, [between.port2], log);
    if (start.api) {
      const { api } = config;
      const virtualRouters = config.virtualRouters.map((router) => ({ ...router, authSecret: '' }));
      const table = this.table.buffer;
      this.service = new ServiceHost({ ...start.api, api, virtualRouters, table, events: ring.buffer }, log);
    }
  }

  /** All workers have loaded their plugins. @throws Error why one has not */
  async prepared(): Promise<void> {
    await Promise.all([this.actuator.prepared, this.engine.prepared, this.service?.prepared]);
  }

  /** Starts as the first generation. @throws Error why it could not */
  async go(): Promise<void> {
    this.actuator.order({ type: 'go' });
    this.engine.order({ type: 'go' });
    // The actuator's failure is the cause where both fail, so it is waited for first.
    await this.actuator.ready;
    await this.engine.ready;
    this.service?.go();
  }

  /** What keeps it from being prepared, should that take too long. */
  get unprepared(): string {
    return [this.actuator, this.engine].flatMap(({ unprepared }) => unprepared ?? []).join(', ');
  }

  /**
   * Takes over the virtual routers of the generation before, whose workers may have crashed.
   * @throws Error why it could not: then the old engine runs on, or has crashed. This one is to be discarded.
   */
  async takeOver(old: Generation): Promise<void> {
    const { slots, changed, leaving } = matchSlots(old.start, this.start);
    const succession: Succession = { table: old.table.buffer, slots, changed, sockets: old.engine.sockets };
    const crashed = old.engine.dead;
    if (crashed) {
      this.engine.order({ type: 'go', succession });
    } else {
      const heirs = new MessageChannel();
      old.engine.order({ type: 'hand-over', port: heirs.port1, leaving }, [heirs.port1]);
      this.engine.order({ type: 'go', succession: { ...succession, port: heirs.port2 } }, [heirs.port2]);
      await old.engine.handedOver(this.engine, GAP);
    }
    // What the routers want of the kernel waits for its turn meanwhile.
    if (!old.actuator.dead) await old.actuator.end('retire', RETIRE_TIMEOUT);
    this.actuator.order({ type: 'go' });
    // A crashed engine's successor needs the actuator: it has the links from nobody else.
    if (crashed) await Promise.all([this.actuator.ready, this.engine.ready]);
  }

  /**
   * After {@link takeOver}: does what must not call it off any more, because the routers are ours.
   * @throws Error why the actuator does not work; it counts as crashed then, see {@link broken}
   */
  async settle(old: Generation): Promise<void> {
    try {
      await this.actuator.ready;
    } catch (error) {
      await this.actuator.crash();
      throw error;
    } finally {
      old.narrate();
      await old.service?.end();
      this.service?.go();
    }
  }

  /** Resolves when a worker has ended that nobody had told to. */
  get broken(): Promise<Error> {
    return Promise.race(
      [this.engine, this.actuator].map(async ({ name, ended }) => {
        const error = await ended;
        if (!error) return new Promise<never>(() => {});
        return new Error(`the ${name} broke down: ${error.stack ?? error.message}`);
      }),
    );
  }

  /** Advertises priority 0 wherever we are Master, then takes back what the kernel holds for us. */
  async stop(): Promise<void> {
    const serviceEnded = this.service?.end();
    await this.engine.end('stop');
    await this.actuator.end('stop');
    await serviceEnded;
    this.narrate();
  }

  /** Ends a generation that never took over. */
  async discard(): Promise<void> {
    await Promise.all([this.engine.kill(), this.actuator.kill(), this.service?.end()]);
  }

  /** How many routers are in each state, for the log. */
  summary(): string {
    const counts = new Map<string, number>();
    for (let slot = 0; slot < this.table.slots; slot++) {
      const state = STATE_NAMES[this.table.int(slot, Int.State) as 0 | 1 | 2 | 3];
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  }
}
