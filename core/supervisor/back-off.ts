/** How long to wait before what has broken down is started again: longer each time, until it has run for a while. */

/** What has run for this many ms is sound: the pauses begin anew. */
const SOUND_AFTER = 60_000;

/** The pauses of one thing that may break down again and again. */
export class BackOff {
  private times = 0;

  /** @param pauses in ms, one for each time; the last one for all further times */
  constructor(private readonly pauses: readonly number[]) {}

  /** It has broken down once more. @param ran for how many ms it had run. @returns the pause in ms */
  next(ran: number): number {
    if (ran > SOUND_AFTER) this.times = 0;
    return this.pause(this.times++);
  }

  /** The pause in ms before this attempt, from 0 on. */
  pause(attempt: number): number {
    return this.pauses[Math.min(attempt, this.pauses.length - 1)]!;
  }
}
