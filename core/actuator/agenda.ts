/** What the actuator has to do next, and when. Pure: time is handed in. */
import { grouped } from '../shared/grouped.ts';
import { backOff } from './back-off.ts';
import type { Holding } from './holdings.ts';

/** How many routers that become Master are worked on at once: small, so that the first is announced early. */
export const UP_CHUNK = 48;
/** How many that leave Master: large, because removing interfaces is faster by the hundred. */
export const DOWN_CHUNK = 512;

/** Where the actuator stands with one virtual router. */
export interface Progress {
  readonly slot: number;
  /** The value of `Wanted` that the kernel was last brought to. */
  applied: number;
  /** The value of `Wanted` that the last attempt worked on. */
  attempted: number;
  /** Something of a Master's is missing although `applied` is up to date. */
  repair: boolean;
  /** What a router that left Master still has to take back. */
  leaving: Holding[];
  /** Failed attempts in a row. */
  failures: number;
  /** Not before this monotonic time in ms, unless `Wanted` changes. */
  notBefore: number;
}

/** Work for one turn. */
export interface Chunk {
  readonly up: Progress[];
  readonly down: Progress[];
  /** When the next router's pause ends, monotonic ms; Infinity if none waits. */
  readonly wake: number;
}

/** Every virtual router's progress. */
export class Agenda {
  readonly all: Progress[];
  /** Where in the order the next turn begins. */
  private next = 0;

  /**
   * @param applied the value of `Applied` of each slot
   * @param order the slots in the order of their turns; default: as they are numbered
   */
  constructor(
    applied: readonly number[],
    private readonly order: readonly number[] = [...applied.keys()],
  ) {
    this.all = applied.map((value, slot) => ({
      slot,
      applied: value,
      attempted: value,
      repair: false,
      leaving: [],
      failures: 0,
      notBefore: 0,
    }));
  }

  /**
   * The next routers to work on, each in turn: a router that changes all the time does not hold up others.
   * @param wanted `Wanted` of a slot
   * @param now monotonic ms
   */
  take(wanted: (slot: number) => number, now: number): Chunk {
    const up: Progress[] = [];
    const down: Progress[] = [];
    let wake = Number.POSITIVE_INFINITY;
    const first = this.next;
    for (let i = 0; i < this.all.length; i++) {
      const place = (first + i) % this.all.length;
      const slot = this.order[place]!;
      const progress = this.all[slot]!;
      const value = wanted(slot);
      const isMaster = (value & 1) === 1;
      if (value === progress.applied && !(isMaster && progress.repair)) continue;
      if (value === progress.attempted && now < progress.notBefore) {
        wake = Math.min(wake, progress.notBefore);
        continue;
      }
      const chunk = isMaster ? up : down;
      if (chunk.length >= (isMaster ? UP_CHUNK : DOWN_CHUNK)) {
        wake = now;
        continue;
      }
      progress.attempted = value;
      chunk.push(progress);
      if (isMaster) this.next = (place + 1) % this.all.length;
    }
    return { up, down, wake };
  }

  /** After the kernel was brought to what the attempt worked on. */
  succeeded(progress: Progress): void {
    progress.applied = progress.attempted;
    progress.repair = false;
    progress.failures = 0;
    progress.notBefore = 0;
  }

  /** After an attempt failed. @param now monotonic ms @returns the pause in ms */
  failed(progress: Progress, now: number): number {
    progress.failures++;
    const pause = backOff(progress.failures);
    progress.notBefore = now + pause;
    return pause;
  }
}

/**
 * The slots in an order of turns for {@link Agenda}: those of one interface together. To add an IPv6 address Linux goes
 * through all the groups that its interface is a member of, and joins the address's own group a while later: what is added
 * to one interface at a stretch meets few of them. 2,000 addresses on 4 interfaces are added in half the time.
 * @param homes the interface of each slot
 */
export function byInterface(homes: readonly string[]): number[] {
  return [...grouped(homes.keys(), (slot) => homes[slot]!).values()].flat();
}
