/** When to read links and addresses again: soon after news, but never so often that reading is all we do. */

/** What a piece of news asks for. */
export type Urgency = 'now' | 'later';

/** Pause in ms that gathers the news of one event. */
const SOON = 2;
/** Pause in ms after news that look like the echo of our own changes. */
const LATER = 200;
/** Readings may take a fifth of the time at most; those after mere echoes a twentieth. */
const REST = { now: 4, later: 19 };
/** Longest rest in ms: on a busy machine a reading takes long because others run, which says nothing of its cost. */
const LONGEST_REST = 2000;

/** Pure: time is handed in, monotonic ms. */
export class ReadingSchedule {
  private dueAt = Number.POSITIVE_INFINITY;
  private ended = Number.NEGATIVE_INFINITY;
  private took = 0;

  /** When to read next; Infinity if nothing asks for it. */
  get due(): number {
    return this.dueAt;
  }

  /** News came in. */
  ask(urgency: Urgency, now: number): void {
    const pause = urgency === 'now' ? SOON : LATER;
    const rested = this.ended + Math.min(this.took * REST[urgency], LONGEST_REST);
    this.dueAt = Math.min(this.dueAt, Math.max(now + pause, rested));
  }

  /** A reading starts: what is news from here on asks for another one. */
  started(): void {
    this.dueAt = Number.POSITIVE_INFINITY;
  }

  /** A reading failed. @param until when to try again */
  postpone(until: number): void {
    this.dueAt = until;
  }

  /** A reading ended. */
  finished(start: number, end: number): void {
    this.took = end - start;
    this.ended = end;
  }
}
