/**
 * How many advertisements a Master sends out of turn. RFC 3768 §6.4.3 has it answer each advertisement of priority 0
 * at once; a flood of these must not become a flood of answers. Pure: the caller reads the clock.
 */

/** Answers in a row, and answers in each advertisement interval for as long as it goes on. */
export const ANSWERS_PER_INTERVAL = 4;

/** A bucket of answers for each slot. Nothing here allocates. */
export class AnswerLimit {
  /** When each slot's bucket will be full again, in ms. */
  private readonly fullAt: Float64Array;

  constructor(slots: number) {
    this.fullAt = new Float64Array(slots);
  }

  /**
   * Takes an answer, if there is one.
   * @param now in ms, on a clock that never goes back
   * @param interval Advertisement_Interval in ms
   */
  take(slot: number, now: number, interval: number): boolean {
    const fullAt = Math.max(this.fullAt[slot]!, now) + interval / ANSWERS_PER_INTERVAL;
    if (fullAt > now + interval) return false;
    this.fullAt[slot] = fullAt;
    return true;
  }
}
