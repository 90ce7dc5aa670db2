/** When the engine is to wake next, whether it stays awake until then, and how late it was woken. */
import type { PacketLoop } from '../native/packet-loop.ts';
import { State } from '../threads/state-table.ts';
import type { Parts } from './parts.ts';
import type { EngineRouter } from './router.ts';
import { isAnnouncement, slotOf, type Timers } from './timers.ts';

/**
 * The engine wakes so many ms before a Backup's deadline, and stays awake until then: a processor that has slept for
 * a second needs a while to be itself again.
 */
const LEAD = 2;

/**
 * Where at least so many ms of {@link LEAD} are left, whoever wants to can do something with them, but not sooner than
 * `WARM_FOR` ms after the last time: what has just run is warm.
 */
const WARM_UP = 1;
const WARM_FOR = 100;

/** See the file's comment. All times are monotonic ms. */
export class WakeUp {
  /** See `Engine.onAwake`. */
  onAwake: () => void = () => {};
  /** How much later than it wanted the engine has begun this turn. */
  overslept = 0;
  private armed = 0;
  /** When the last turn was over. */
  private turnEnded = 0;
  /** When {@link onAwake} was called last. */
  private warmedAt = Number.NEGATIVE_INFINITY;
  private readonly routers: readonly EngineRouter[];
  private readonly timers: Timers;
  private readonly clock: () => number;

  constructor(
    { routers, timers, clock }: Parts,
    private readonly loop: PacketLoop,
  ) {
    this.routers = routers;
    this.timers = timers;
    this.clock = clock;
  }

  /** The engine has woken. */
  begin(now: number): void {
    // What came while we were at work is not late, but while we slept.
    const wanted = Math.max(this.armed, this.turnEnded);
    if (this.armed > 0) this.overslept = Math.max(0, now - wanted);
  }

  /** The loop's timer may have fired, or was set by somebody else. */
  forget(): void {
    this.armed = -1;
  }

  /** Sets the loop's timer for what is due next. @returns whether the engine stays awake until then */
  arm(): boolean {
    const first = this.timers.first();
    let next = first < 0 ? 0 : this.timers.at(first);
    let awake = false;
    if (first >= 0 && !isAnnouncement(first) && this.routers[slotOf(first)]!.state === State.Backup) {
      // A deadline that an advertisement has moved meanwhile is found at the early wake-up, and nobody stays awake.
      if (next - LEAD > this.clock()) next -= LEAD;
      else awake = true;
    }
    if (next !== this.armed) this.loop.setTimer(next, awake);
    this.armed = next;
    this.turnEnded = this.clock();
    return awake;
  }

  /** Has what a take-over needs made ready, if there is time for it. */
  warmUp(): void {
    const { armed, turnEnded } = this;
    if (armed - turnEnded < WARM_UP || turnEnded - this.warmedAt < WARM_FOR) return;
    this.warmedAt = turnEnded;
    this.onAwake();
    this.turnEnded = this.clock();
  }

  /** Nothing is due until {@link arm}. */
  disarm(): void {
    this.loop.setTimer(0);
  }
}
