/** The daemon: starts the workers for a configuration, narrates what they do, stops them. */
import { MessageChannel } from 'node:worker_threads';
import type { ActuatorInit, ResolvedPlugin, RouterPlugins } from '../actuator/messages.ts';
import type { DaemonConfig } from '../config/model.ts';
import type { EngineInit } from '../engine/messages.ts';
import { Doorbell } from '../shared/doorbell.ts';
import { EventRing } from '../shared/event-ring.ts';
import { Int, STATE_NAMES, StateTable } from '../shared/state-table.ts';
import { readCounters } from './counters.ts';
import type { Logger } from './log.ts';
import { Narrator } from './narrator.ts';
import { WorkerHandle } from './worker-handle.ts';

/** Events kept for a slow reader: several transitions of some thousand routers. A power of two. */
const EVENTS = 1 << 15;
/** Events logged before signals and other things get their turn. */
const EVENTS_PER_TURN = 200;

/** All that is needed to run. */
export interface Start {
  readonly config: DaemonConfig;
  readonly routerPlugins: readonly RouterPlugins[];
  readonly plugins: readonly ResolvedPlugin[];
  /** The file that remembers what of the kernel is ours. */
  readonly journal: string;
}

/** A running daemon. */
export class Daemon {
  private readonly table: StateTable;
  private readonly engine: WorkerHandle;
  private readonly actuator: WorkerHandle;
  private readonly narrate: () => void;

  private constructor(
    private readonly start: Start,
    private readonly log: Logger,
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
  }

  /**
   * Starts everything. When this resolves, every virtual router that can run does.
   * @throws Error why it could not start; then nothing is running and the kernel is as it was
   */
  static async start(start: Start, log: Logger): Promise<Daemon> {
    const daemon = new Daemon(start, log);
    try {
      // The actuator's failure is the cause where both fail, so it is waited for first.
      await daemon.actuator.ready;
      await daemon.engine.ready;
    } catch (error) {
      await daemon.stop();
      throw error;
    }
    return daemon;
  }

  /** Resolves when a worker has ended by itself, with the worker's name and the cause. */
  get broken(): Promise<{ worker: string; error: Error }> {
    return Promise.race(
      [this.engine, this.actuator].map(async ({ name, ended }) => {
        const error = await ended;
        return error ? { worker: name, error } : new Promise<never>(() => {});
      }),
    );
  }

  /** Advertises priority 0 wherever we are Master, then takes back what the kernel holds for us. */
  async stop(): Promise<void> {
    await this.engine.stop();
    await this.actuator.stop();
    this.narrate();
  }

  /** Logs all counters as one line. */
  logCounters(): void {
    this.log.info(readCounters(this.table, this.start.config.virtualRouters), 'counters');
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
