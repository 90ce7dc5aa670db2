/**
 * The daemon: the running generation, and how it gives way to the next. There is one way for everything: a
 * changed configuration, another version of a plugin, a worker that has crashed.
 */
import type { DaemonConfig } from '../config/model.ts';
import type { PluginListing } from '../plugin/listing.ts';
import { readCounters } from './counters.ts';
import { collectGarbage } from './garbage.ts';
import { Generation, type Start } from './generation.ts';
import type { Logger } from './log.ts';
import { type GenerationStatus, readStatus } from './status.ts';

/** A new generation must be prepared, and must have taken over, within this many ms each. */
const PATIENCE = 15_000;

/** Pauses in ms before a crashed worker is replaced, the last one for all further crashes. */
const BACK_OFF = [0, 1000, 5000, 15_000];
/** A generation that has run for this many ms is sound: back-off starts anew. */
const SOUND_AFTER = 60_000;

/** A running daemon. */
export class Daemon {
  /** Changes to the generation come one after the other. */
  private queue: Promise<void> = Promise.resolve().then(collectGarbage);
  private crashes = 0;
  /** Number of the running generation. */
  private number = 1;
  private stopping = false;

  private constructor(
    private generation: Generation,
    private readonly log: Logger,
  ) {
    void this.watch(generation);
  }

  /**
   * Starts everything. When this resolves, every virtual router that can run does.
   * @throws Error why it could not start; then nothing is running and the kernel is as it was
   */
  static async start(start: Start, log: Logger): Promise<Daemon> {
    const generation = new Generation(start, log);
    try {
      await patiently(generation.prepared(), () => generation.unprepared);
    } catch (error) {
      await generation.discard();
      throw error;
    }
    try {
      await generation.go();
    } catch (error) {
      await generation.stop();
      throw error;
    }
    return new Daemon(generation, log);
  }

  /**
   * Brings a new configuration and new plugins into force; nobody leaves Master for it.
   * @throws Error why it could not; then everything is as before
   */
  reload(start: Start): Promise<void> {
    return this.enqueue(() => this.replace(start));
  }

  /** Logs all counters as one line. */
  logCounters(): void {
    const { table, start } = this.generation;
    this.log.info(readCounters(table, start.config.virtualRouters), 'counters');
  }

  /** What runs. */
  get config(): DaemonConfig {
    return this.generation.start.config;
  }

  /** What `rvrrpd plugins` tells. */
  get plugins(): readonly PluginListing[] {
    return this.generation.start.listing;
  }

  /** States and counters. */
  status(): GenerationStatus {
    const { table, start } = this.generation;
    return readStatus(this.number, table, start.config.virtualRouters);
  }

  /** How many routers are in each state, for the log. */
  summary(): string {
    return this.generation.summary();
  }

  /** Advertises priority 0 wherever we are Master, then takes back what the kernel holds for us. */
  stop(): Promise<void> {
    this.stopping = true;
    return this.enqueue(() => this.generation.stop());
  }

  private enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.queue.then(work);
    this.queue = done.catch(() => {}).then(collectGarbage);
    return done;
  }

  private async replace(start: Start): Promise<void> {
    const old = this.generation;
    const next = new Generation(start, this.log);
    try {
      await patiently(next.prepared(), () => next.unprepared);
      await patiently(next.takeOver(old), () => 'the new engine is taking in the state of its plugins');
    } catch (error) {
      await next.discard();
      throw error;
    }
    this.generation = next;
    this.number++;
    void this.watch(next);
    try {
      await patiently(next.settle(old), () => 'the new actuator is reading the state of the kernel');
    } catch (error) {
      this.log.error(`the addresses of Masters are not looked after for now: ${messageOf(error)}`);
    }
  }

  /** Replaces the generation should one of its workers crash. */
  private async watch(generation: Generation): Promise<void> {
    const started = performance.now();
    const error = await generation.broken;
    if (this.stopping) return;
    if (performance.now() - started > SOUND_AFTER) this.crashes = 0;
    const pause = BACK_OFF[Math.min(this.crashes++, BACK_OFF.length - 1)]!;
    this.log.error(`${error.message}; replacing it${pause > 0 ? ` in ${pause / 1000} s` : ''}`);
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    await this.enqueue(async () => {
      if (this.stopping || this.generation !== generation) return;
      await this.replace(generation.start);
      this.log.info(`replaced: ${this.summary()}`);
    }).catch((failure: Error) => {
      this.log.error(`cannot replace it: ${failure.message}`);
      void this.watch(generation); // it is still broken: after the next pause, once more
    });
  }
}

/** Waits for work, but not for ever. @throws Error that says what it was waiting for */
async function patiently(work: Promise<void>, waitingFor: () => string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<never>((_, reject) => {
    const giveUp = (): void => reject(new Error(`given up after ${PATIENCE / 1000} s: ${waitingFor()}`));
    timer = setTimeout(giveUp, PATIENCE);
  });
  try {
    await Promise.race([work, impatience]);
  } finally {
    clearTimeout(timer);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
