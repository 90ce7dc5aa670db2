/**
 * Whether the engine itself was not running: a stopped process, a paused machine. Then the silence of a Master says
 * nothing about it, and it gets one more interval to be heard. All times in ms.
 */

/** A Master_Down_Timer found expired by half of the Master's interval, or by so much: nobody's own work takes as long. */
const LONGEST = 500;
/**
 * Where intervals are shorter than a second it counts too how late the engine was woken: a machine that pauses for
 * some Master_Down_Intervals pauses the Master, if that is a neighbour there, no less than us.
 */
const SHORT = 1000;
/** By what share of the interval. */
const OVERSLEPT = 1 / 4;
/** So often without an advertisement: a busy machine that always wakes late must not keep a Backup from taking over. */
const MOST_REPRIEVES = 2;

/** Tells it of one engine's Backups. Nothing here allocates. */
export class Stalls {
  /** By slot: the deadline that its Master was given last. Another deadline now: an advertisement has come since. */
  private readonly granted: Float64Array;
  /** By slot: how often in a row. */
  private readonly reprieves: Uint8Array;

  constructor(slots: number) {
    this.granted = new Float64Array(slots);
    this.reprieves = new Uint8Array(slots);
  }

  /**
   * When the deadline of a Backup is over that was found expired: now, or one interval later if the engine stood still.
   * @param overslept how much later than it wanted the engine was woken
   * @param interval the Master's
   */
  deadline(slot: number, deadline: number, interval: number, now: number, overslept: number): number {
    const late = now - deadline;
    const stood =
      late > Math.min(interval / 2, LONGEST) ||
      (interval < SHORT && late > 0 && overslept > interval * OVERSLEPT);
    if (!stood) return deadline;
    if (this.granted[slot] !== deadline) this.reprieves[slot] = 0;
    if (this.reprieves[slot]! >= MOST_REPRIEVES) return deadline;
    this.reprieves[slot]!++;
    this.granted[slot] = now + interval;
    return now + interval;
  }
}
