/**
 * One hook: what waits for it, the delivery that is under way, and what comes of it. It goes on whatever becomes of the
 * plugin's thread: what was under way when that broke down is delivered again, with the same number. Time and thread are
 * handed in.
 */
import type { HookConfig } from '../../config/model.ts';
import type { HookStatus, NotifyEvent } from '../../plugin/contracts/index.ts';
import { HookQueue, type Notice, type QueueState } from './queue.ts';

/** What has come of a delivery. `lost`: its thread has ended in the middle of it. */
export type Outcome =
  | { readonly type: 'delivered' }
  | {
      readonly type: 'failed';
      readonly words: string;
      readonly final: boolean;
      /** In ms, before it is tried again. Absent: one that grows. */
      readonly pause?: number;
    }
  | { readonly type: 'lost' };

/** Delivers events of one hook: its plugin's thread. */
export interface Deliverer {
  /** Why it cannot at the moment; undefined: it can. */
  readonly silence: string | undefined;
  /** Called once more only after `over` was; that is called in any case. */
  deliver(event: NotifyEvent, over: (outcome: Outcome) => void): void;
  /** What is under way is to end now. */
  abort(): void;
}

/** What a runner has of the world. */
export interface HookWorld {
  /** Monotonic ms. */
  now(): number;
  /** @returns what calls it off */
  after(ms: number, then: () => void): () => void;
  readonly log: { warn(message: string): void; error(message: string): void; info(message: string): void };
  /** Some of its {@link HookRunner.status} is another. */
  changed(runner: HookRunner): void;
}

/** The first pause before a delivery is tried again, in ms; it is doubled each time. */
export const FIRST_PAUSE = 500;
/** The longest one, in ms. */
export const LONGEST_PAUSE = 60_000;

/** An event in whose delivery the plugin's thread has ended so often is given up: it may well be the cause. */
export const MOST_LOST = 3;

/** Failures of a hook are logged once in so many ms, with their number. */
const COMPLAINT_INTERVAL = 10_000;
/** What is tried in vain again and again is logged less and less often, down to once in so many ms. */
const LONGEST_SILENCE = 3_600_000;

/** What a hook has come to, for another process. Plain data. */
export interface HookState {
  readonly queue: QueueState;
  readonly delivered: number;
  readonly failed: number;
}

/** See the file's comment. */
export class HookRunner {
  private readonly queue = new HookQueue();
  private deliverer: Deliverer | undefined;
  /** The one that delivers at the moment. */
  private busy: Deliverer | undefined;
  /** Calls off the pause before the next attempt. */
  private pause: (() => void) | undefined;
  private delivered = 0;
  private failed = 0;
  /** Of the event that is due. */
  private lost = 0;
  private closed = false;
  private held = false;
  /** What is under way was told to end. */
  private aborted = false;
  /** There is no time for second attempts. */
  private hurried = false;
  /** Monotonic ms. */
  private complained = Number.NEGATIVE_INFINITY;
  private uncounted = 0;
  /** After a complaint about what is tried again there is none of the kind for so many ms. */
  private silence = COMPLAINT_INTERVAL;
  private warned = 0;
  /** What came of the last delivery, for an operator; empty: nothing was delivered yet. */
  lastWords = '';
  /** Called whenever nothing is under way any more. */
  private onRest: (() => void)[] = [];
  /** Called whenever nothing waits any more. */
  private onEmpty: (() => void)[] = [];

  constructor(
    readonly name: string,
    private config: HookConfig,
    private readonly world: HookWorld,
  ) {}

  /** As it is now. */
  get status(): HookStatus {
    const { name, queue, delivered, failed } = this;
    return {
      ...{ name, type: this.config.type, queue: queue.length },
      ...{ delivered, failed, dropped: queue.dropped, joined: queue.joined },
    };
  }

  /** For another process. */
  get state(): HookState {
    return { queue: this.queue.state, delivered: this.delivered, failed: this.failed };
  }

  /** Goes on with what another process had. */
  inherit({ queue, delivered, failed }: HookState): void {
    this.queue.inherit(queue, this.world.now());
    this.delivered += delivered;
    this.failed += failed;
    this.warned = this.queue.dropped;
    this.world.changed(this);
  }

  /** It is configured so from now on, and delivered by this; what is under way ends first, where it is. */
  follow(config: HookConfig, deliverer: Deliverer): void {
    this.config = config;
    if (this.deliverer !== deliverer) {
      this.deliverer = deliverer;
      // It may be what has kept it from working.
      this.endPause();
    }
    this.next();
  }

  /** Something has happened that it is about. */
  push(notice: Notice): void {
    this.queue.push(notice, this.world.now(), this.config.latest);
    this.warnOfDropped();
    this.world.changed(this);
    this.next();
  }

  /** So many things have happened that nothing is known of. */
  lose(count: number): void {
    this.queue.lose(count);
    this.warnOfDropped();
    this.world.changed(this);
  }

  /** Its thread can deliver (again). */
  ready(): void {
    this.next();
  }

  /** It is not configured any more. @returns how many were not delivered */
  close(): number {
    this.closed = true;
    this.endPause();
    return this.queue.length - (this.busy ? 1 : 0);
  }

  /** Nothing is begun until {@link release}; what is under way goes on. */
  hold(): void {
    this.held = true;
    this.endPause();
  }

  release(): void {
    this.held = false;
    this.next();
  }

  /** Whether a delivery is under way. */
  get isBusy(): boolean {
    return this.busy !== undefined;
  }

  /** What is under way is told to end; it waits again as it did. */
  abort(): void {
    this.aborted = true;
    this.busy?.abort();
  }

  /** There is little time left: only the newest of each router and group is delivered, once each. */
  hurry(): void {
    this.hurried = true;
    this.queue.collapse();
    this.endPause();
    this.next();
  }

  /** Resolves once everything is told, which may be never: its thread may be broken. */
  emptied(): Promise<void> {
    if (this.queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.onEmpty.push(resolve));
  }

  /** Resolves once nothing is under way, and nothing waits that could be. */
  rest(): Promise<void> {
    if (!this.busy) return Promise.resolve();
    return new Promise((resolve) => this.onRest.push(resolve));
  }

  private next(): void {
    if (this.busy) return;
    const { deliverer, config, world, queue } = this;
    const rests = this.pause !== undefined || this.closed || this.held;
    const due =
      rests || !deliverer || deliverer.silence !== undefined
        ? undefined
        : queue.take(world.now(), config.latest);
    if (!due || !deliverer) {
      this.settle();
      return;
    }
    due.attempt++;
    this.aborted = false;
    const { notice, sequence, missed, joined, attempt } = due;
    this.busy = deliverer;
    const { format, ...what } = notice.body;
    const event = { format, sequence, hook: this.name, ...what, missed, joined, attempt };
    deliverer.deliver(event, (outcome) => {
      this.busy = undefined;
      this.take(outcome, attempt);
      world.changed(this);
      this.next();
    });
  }

  private take(outcome: Outcome, attempt: number): void {
    switch (outcome.type) {
      case 'delivered':
        this.delivered++;
        this.lastWords = 'delivered';
        this.silence = COMPLAINT_INTERVAL;
        this.end();
        break;
      case 'failed':
        this.lastWords = outcome.words;
        if (this.held && this.aborted) break; // it is due again
        if (outcome.final || this.hurried || attempt - this.lost > this.config.retries)
          this.giveUp(outcome.words);
        else if (!this.held) this.wait(attempt - this.lost, outcome.pause);
        break;
      case 'lost':
        this.lastWords = 'its plugin has ended in the middle of a delivery';
        if (++this.lost >= MOST_LOST) this.giveUp('its plugin has ended in the middle of it each time');
        break;
    }
  }

  private wait(attempt: number, pause?: number): void {
    const ms = Math.min(pause ?? FIRST_PAUSE * 2 ** Math.min(attempt - 1, 20), LONGEST_PAUSE);
    if (this.complain(`${this.lastWords}; it is tried again`, this.silence))
      this.silence = Math.min(this.silence * 2, LONGEST_SILENCE);
    this.pause = this.world.after(ms, () => {
      this.pause = undefined;
      this.next();
    });
  }

  private giveUp(why: string): void {
    this.failed++;
    const { sequence = 0, notice } = this.queue.current ?? {};
    const what = notice ? `${notice.body.name} ${notice.body.state}` : 'an event';
    this.complain(`number ${sequence}, ${what}, was not delivered: ${why}`);
    this.end();
  }

  private end(): void {
    this.queue.done();
    this.lost = 0;
  }

  private endPause(): void {
    this.pause?.();
    this.pause = undefined;
  }

  private settle(): void {
    const waiting = this.onRest;
    this.onRest = [];
    if (this.queue.length === 0) waiting.push(...this.onEmpty.splice(0));
    for (const each of waiting) each();
  }

  /** @returns whether it was logged */
  private complain(text: string, interval = COMPLAINT_INTERVAL): boolean {
    this.uncounted++;
    const now = this.world.now();
    if (now - this.complained < interval) return false;
    const more = this.uncounted > 1 ? ` (${this.uncounted} failures since the last such message)` : '';
    this.world.log.warn(`hook ${this.name}: ${text}${more}`);
    this.complained = now;
    this.uncounted = 0;
    return true;
  }

  /** Told when it begins, and then at each doubling. */
  private warnOfDropped(): void {
    const { dropped } = this.queue;
    if (dropped === 0 || dropped < this.warned * 2) return;
    this.warned = dropped;
    this.world.log.error(
      `hook ${this.name}: ${dropped} events were not told, as too many wait: it is too slow, or hangs`,
    );
  }
}
