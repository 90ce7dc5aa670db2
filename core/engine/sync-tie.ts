/** Masters of equal priority that have met: which of the links of a group decides (core/vrrp/sync.ts). */

/** An advertisement that is not repeated within so many of the longest interval of the group is over. */
const WAIT = 2;

/** Nothing here allocates. Times in monotonic ms. */
export class SyncTie {
  /** By member: since when an equal from a higher address is heard again and again. */
  private readonly losing: Float64Array;
  /** By member: when that was heard last, and an equal from a lower address. */
  private readonly lost: Float64Array;
  private readonly won: Float64Array;
  private readonly wait: number;

  /**
   * @param ranks of the members, see `rankMembers`
   * @param interval the longest Advertisement_Interval of a member, ms
   */
  constructor(
    private readonly ranks: readonly number[],
    interval: number,
  ) {
    this.wait = WAIT * interval;
    this.losing = new Float64Array(ranks.length);
    this.lost = new Float64Array(ranks.length).fill(Number.NEGATIVE_INFINITY);
    this.won = new Float64Array(ranks.length).fill(Number.NEGATIVE_INFINITY);
  }

  /** A Master has heard an equal from a lower address. */
  wins(member: number, now: number): void {
    this.won[member] = now;
  }

  /**
   * A Master has heard an equal from a higher address. On the first link that settles it. On another it does after a while,
   * in which the other one would have been heard on a link before it.
   * @returns whether it gives way
   */
  loses(member: number, now: number): boolean {
    const rank = this.ranks[member]!;
    if (rank === 0) return true;
    if (now - this.lost[member]! > this.wait) this.losing[member] = now;
    this.lost[member] = now;
    for (let other = 0; other < this.ranks.length; other++) {
      if (this.ranks[other]! < rank && now - this.won[other]! <= this.wait) return false;
    }
    return now - this.losing[member]! >= this.wait;
  }
}
