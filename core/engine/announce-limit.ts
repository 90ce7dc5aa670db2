/**
 * At most so many announcements a second on an interface, over all of its virtual routers. Whoever has more to send than
 * its turn allows gets another turn behind those that wait already, so that none waits for all of another's. Advertisements
 * have nothing to do with it. Times in ms.
 */

/** Announcements are sent some at a time, this often a second at most: each time wakes the engine. */
const TURNS = 50;
/** Turns lie a little further apart than they would have to: a late one and its punctual successor are not too many. */
const SLACK = 1.02;

/** See the file's comment. */
export class AnnounceLimit {
  /** By index of the interface: when its next free turn is. */
  private readonly free = new Map<number, number>();
  /** By slot: when its turn is; 0: it has none. */
  private readonly turns: Float64Array;
  /** By slot: how many of its addresses have been announced in the round that is under way. */
  private readonly sent: Int32Array;

  constructor(slots: number) {
    this.turns = new Float64Array(slots);
    this.sent = new Int32Array(slots);
  }

  /** How many addresses a turn is for. @param rate a second */
  static share(rate: number): number {
    return Math.max(1, Math.floor(rate / TURNS));
  }

  /** Takes a turn, unless the slot has one. @param link index of the interface @returns when it is */
  turn(slot: number, link: number, rate: number, now: number): number {
    const taken = this.turns[slot]!;
    if (taken !== 0) return taken;
    const at = Math.max(now, this.free.get(link) ?? 0);
    this.free.set(link, at + (AnnounceLimit.share(rate) / rate) * 1000 * SLACK);
    this.turns[slot] = at;
    return at;
  }

  /** The slot's turn has come, and is over. @returns the first of the addresses that it was for */
  take(slot: number, rate: number, addresses: number): number {
    const first = this.sent[slot]!;
    this.turns[slot] = 0;
    const next = first + AnnounceLimit.share(rate);
    this.sent[slot] = next >= addresses ? 0 : next;
    return first;
  }

  /** Whether addresses of the round that is under way are still to be announced. */
  isInRound(slot: number): boolean {
    return this.sent[slot] !== 0;
  }

  /** What was under way is not any more: a new round is a whole one. */
  reset(slot: number): void {
    this.turns[slot] = 0;
    this.sent[slot] = 0;
  }
}
