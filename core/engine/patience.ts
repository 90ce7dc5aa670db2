/**
 * How long a Master may be without its addresses. Advertising for addresses that nobody can reach is worse than
 * no Master: it keeps every Backup from taking over.
 */
import os from 'node:os';
import { Int, Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { kernelIo, type PlacementIo } from './io.ts';
import type { EngineRouter } from './router.ts';

/** A Master gives up after the kernel has refused its addresses for this many ms: some four attempts. */
export const REFUSED_BOUND = 1000;

/**
 * It gives up too if the actuator has put nothing in place for anyone, and refused nothing, for this many ms:
 * some call hangs. An actuator that is merely busy with thousands of routers is heard of all the time.
 */
export const SILENT_BOUND = 30_000;

/** Looked at this often, in ms. What passes meanwhile unseen is a stop of the whole process: nobody's fault. */
const TURN = 100;
/** While nothing is waited for, whether leases are renewed is looked at this often, in ms. */
const LEASE_TURN = 500;
/** After a stop of the whole process the actuator has so many ms to renew them. */
const LEASE_GRACE = 2000;
const STALL = 500;

/** First and longest pause in ms before a router that gave up starts again. */
const FIRST_PAUSE = 5000;
const LONGEST_PAUSE = 60_000;

/** The pause in ms after a router gave up for the `times`th time in a row: 5 s, doubled up to 60 s. */
export function retryPause(times: number): number {
  return Math.min(FIRST_PAUSE * 2 ** Math.min(times - 1, 16), LONGEST_PAUSE);
}

/** What of the engine this needs. */
export interface Impatient {
  readonly routers: readonly EngineRouter[];
  giveUp(router: EngineRouter, retryAt: number): void;
  settle(): void;
}

/** Watches the Masters of one engine. Reads the state table, and never waits. */
export class Patience {
  /** Since when each slot's Master has been without its addresses, monotonic ms; 0: it is not. */
  private readonly since: Float64Array;
  /** Since when the kernel has refused them; 0: it has not. */
  private readonly refused: Float64Array;
  private lastNews = 0;
  private lastLook = 0;
  /** The present pause between two looks, in ms. */
  private pause = TURN;
  /** Leases are not looked at before, monotonic ms. */
  private graceUntil = 0;
  /** Calls off the next look; undefined: nobody looks. */
  private callOff: (() => void) | undefined;
  private stopped = false;

  /**
   * @param retry starts the routers of these slots again, on the links as they are
   * @param clock monotonic ms
   * @param after how to wait; default: the kernel's
   */
  constructor(
    private readonly engine: Impatient,
    private readonly table: EngineTable,
    private readonly retry: (slots: readonly number[]) => void,
    private readonly clock: () => number,
    private readonly after: PlacementIo['after'] = kernelIo.after,
  ) {
    this.since = new Float64Array(table.slots);
    this.refused = new Float64Array(table.slots);
  }

  /** What a router wants of the kernel has changed: looks every {@link TURN} ms until nothing is waited for. */
  watch(): void {
    if (this.stopped || (this.callOff && this.pause === TURN)) return;
    this.callOff?.();
    this.pause = TURN;
    this.lastLook = this.clock();
    this.lastNews = Math.max(this.lastNews, this.lastLook);
    this.callOff = this.after(TURN, () => this.turn());
  }

  /** The actuator has done something for somebody, or was refused it. */
  heard(): void {
    this.lastNews = this.clock();
    if (this.engine.routers.some(({ slot, state }) => this.isWaiting(slot, state))) this.watch();
  }

  /** Another engine runs the routers from now on, or nobody. */
  stop(): void {
    this.stopped = true;
    this.callOff?.();
  }

  /** After {@link stop}: they are this engine's again. */
  resume(): void {
    this.stopped = false;
    this.callOff = undefined;
    this.watch();
  }

  private turn(): void {
    const waiting = this.look(this.clock());
    this.pause = waiting ? TURN : LEASE_TURN;
    const goesOn = waiting || this.engine.routers.some((router) => this.hasLease(router));
    this.callOff = goesOn && !this.stopped ? this.after(this.pause, () => this.turn()) : undefined;
  }

  private hasLease({ state, isLeased, priority }: EngineRouter): boolean {
    return isLeased && state === State.Master && priority !== 255;
  }

  /** Its addresses have ended, as far as is known here: the actuator hangs, or the kernel refuses to renew them. */
  private hasEnded(router: EngineRouter, now: number): boolean {
    if (!this.hasLease(router) || now < this.graceUntil) return false;
    const until = this.table.num(router.slot, Num.LeaseUntil);
    return until !== 0 && now > until;
  }

  /**
   * Lets those give up whose time is over, and those start again whose pause is.
   * @param now monotonic ms
   * @returns whether there is still something to wait for
   */
  look(now: number): boolean {
    const stood = now - this.lastLook;
    this.lastLook = now;
    if (stood > STALL + this.pause - TURN) {
      this.postpone(stood);
      this.graceUntil = now + LEASE_GRACE;
    }
    let waiting = false;
    let gaveUp = false;
    const due: number[] = [];
    for (const router of this.engine.routers) {
      const { slot, state } = router;
      const retryAt = this.table.num(slot, Num.RetryAt);
      if (retryAt !== 0) {
        waiting = true;
        if (now >= retryAt) due.push(slot);
      }
      if (state !== State.Master || this.isInPlace(slot)) {
        this.since[slot] = 0;
        this.refused[slot] = 0;
        if (this.hasEnded(router, now)) {
          this.giveUp(router, now);
          gaveUp = true;
          waiting = true;
        } else if (state === State.Master && this.table.int(slot, Int.GiveUps) > 0) this.forgive(slot);
        continue;
      }
      waiting = true;
      if (!this.isOverdue(router, now)) continue;
      this.giveUp(router, now);
      gaveUp = true;
    }
    if (gaveUp) this.engine.settle();
    if (due.length > 0) this.retry(due);
    return waiting;
  }

  private isWaiting(slot: number, state: State): boolean {
    if (this.table.num(slot, Num.RetryAt) !== 0) return true;
    return state === State.Master && (!this.isInPlace(slot) || this.table.int(slot, Int.GiveUps) > 0);
  }

  private isInPlace(slot: number): boolean {
    return this.table.int(slot, Int.Applied) === this.table.int(slot, Int.Wanted);
  }

  /** The address owner's addresses are its interface's own: they are there, whatever else was refused. */
  private isOverdue({ slot, priority }: EngineRouter, now: number): boolean {
    if (priority === 255) return false;
    if (this.since[slot] === 0) this.since[slot] = now;
    if (this.table.int(slot, Int.Refused) !== this.table.int(slot, Int.Wanted)) {
      this.refused[slot] = 0;
      return now - Math.max(this.since[slot]!, this.lastNews) >= SILENT_BOUND;
    }
    if (this.refused[slot] === 0) this.refused[slot] = now;
    return now - this.refused[slot]! >= REFUSED_BOUND;
  }

  private giveUp(router: EngineRouter, now: number): void {
    const { slot } = router;
    const { table } = this;
    const times = table.int(slot, Int.GiveUps) + 1;
    const errno = this.refused[slot] === 0 ? os.constants.errno.ETIMEDOUT : table.int(slot, Int.KernelErrno);
    table.setInt(slot, Int.GiveUps, times);
    table.setInt(slot, Int.GiveUpErrno, errno);
    this.since[slot] = 0;
    this.refused[slot] = 0;
    this.engine.giveUp(router, now + retryPause(times));
  }

  private forgive(slot: number): void {
    this.table.setInt(slot, Int.GiveUps, 0);
    this.table.setInt(slot, Int.GiveUpErrno, 0);
  }

  private postpone(by: number): void {
    this.lastNews += by;
    for (let slot = 0; slot < this.since.length; slot++) {
      if (this.since[slot] !== 0) this.since[slot]! += by;
      if (this.refused[slot] !== 0) this.refused[slot]! += by;
    }
  }
}
