/**
 * How far a sequence has come, in memory that outlives the engine. Beside the last number it has how far the sequence is
 * ahead of the monotonic clock. That changes only when a clock is set: from a copy of it that is hours old it can be told
 * which numbers may have been in use by now.
 *
 * Octets: 0 and 4 the halves of the last number, 8 and 12 those of the last one before a leap, 16 flags, 20 the upper half of
 * the greatest before the clock was set back, 24 the difference to the monotonic clock in ms, 32 when it was used last,
 * monotonic ms.
 */
import { fractionOf, isAfter, secondsBetween, secondsOf, timeOf } from './sequence.ts';

/** Octets of one. */
export const TRAIL_LENGTH = 40;
/** Where its times are in it. */
const TIMES_AT = 24;

const USED = 1;
const LEAPT = 2;
const SET_BACK = 4;

/**
 * The difference to the monotonic clock follows what is later at once, and what is earlier only slowly: a packet that was
 * late tells nothing of its sender's clock. By more ms than LATE it was hardly late: its sender's clock was set back.
 */
const FOLLOW = 1 / 1024;
const LATE = 500;
const FOLLOW_LATE = 1 / 8;

/** A difference that has changed by more ms is worth a new copy: less than any restart of a daemon takes. */
const WORTH_SAVING = 10;

/** See the file's comment. */
export class Trail {
  /** The difference that was saved last. */
  private kept = Number.NaN;
  /** Where it is among the words, and among the times. */
  private readonly word: number;
  private readonly time: number;

  /**
   * @param words the whole memory
   * @param times the same memory: two views for all trails of a router are less to find in the processor's cache
   * @param at in octets, a multiple of 8
   */
  constructor(
    private readonly words: Uint32Array,
    private readonly times: Float64Array,
    at: number,
  ) {
    this.word = at / 4;
    this.time = (at + TIMES_AT) / 8;
  }

  get isUsed(): boolean {
    return (this.words[this.word + 4]! & USED) !== 0;
  }

  get hi(): number {
    return this.words[this.word]!;
  }

  get lo(): number {
    return this.words[this.word + 1]!;
  }

  /** When it was used last, monotonic ms. */
  get usedAt(): number {
    return this.times[this.time + 1]!;
  }

  /** Forgets it. */
  clear(): void {
    this.words.fill(0, this.word, this.word + TRAIL_LENGTH / 4);
    this.kept = Number.NaN;
  }

  /**
   * It has come to this number.
   * @param window seconds; a clock that is set forward by more leaps, and where it was before is remembered
   * @param now monotonic ms
   * @returns whether a copy of it should be made
   */
  move(hi: number, lo: number, window: number, now: number): boolean {
    const { words, times, word, time } = this;
    const offset = timeOf(hi, lo) - now;
    if (!this.isUsed) {
      words[word + 4] = USED;
      times[time] = offset;
    } else {
      const ahead = offset - times[time]!;
      if (ahead > window * 1000) {
        words[word + 2] = words[word]!;
        words[word + 3] = words[word + 1]!;
        words[word + 4]! |= LEAPT;
      } else if (ahead < -window * 1000) this.setBack();
      if (this.isSetBack && secondsBetween(hi, words[word + 5]!) > 0) words[word + 4]! &= ~SET_BACK;
      // A leap, either way, is one at once.
      if (ahead >= 0 || ahead < -window * 1000) times[time] = offset;
      else times[time]! += ahead * (ahead < -LATE ? FOLLOW_LATE : FOLLOW);
    }
    words[word] = hi;
    words[word + 1] = lo;
    times[time + 1] = now;
    if (Math.abs(times[time]! - this.kept) <= WORTH_SAVING) return false;
    this.kept = times[time]!;
    return true;
  }

  /**
   * What it has leapt to is not the time any more: it goes back to where it was before.
   * @returns false: it has not leapt
   */
  leapBack(): boolean {
    const { words, word } = this;
    if ((words[word + 4]! & LEAPT) === 0) return false;
    this.setBack();
    words[word] = words[word + 2]!;
    words[word + 1] = words[word + 3]!;
    words[word + 4]! &= ~LEAPT;
    return true;
  }

  /**
   * Whether a number that leaps ahead, as the clock was set forward by more than `window` seconds, may have been there before
   * the clock had been set back. Who goes on from where it was is later than that; one that is set a little less far is heard
   * within the window.
   */
  leapsInto(hi: number, window: number): boolean {
    const { words, word } = this;
    if (!this.isSetBack || secondsBetween(hi, words[word]!) <= window) return false;
    const since = secondsBetween(hi, words[word + 5]!);
    return since <= 0 && since >= -window;
  }

  private get isSetBack(): boolean {
    return (this.words[this.word + 4]! & SET_BACK) !== 0;
  }

  /** Remembers how far it was, if that is the farthest. */
  private setBack(): void {
    const { words, word } = this;
    if (this.isSetBack && secondsBetween(words[word]!, words[word + 5]!) <= 0) return;
    words[word + 5] = words[word]!;
    words[word + 4]! |= SET_BACK;
  }

  /** It is a copy of before: goes on behind all numbers that can have been in use until `now` (monotonic ms). */
  catchUp(now: number): void {
    if (!this.isUsed) return;
    const reached = now + this.times[this.time]!;
    const hi = secondsOf(reached);
    const lo = (fractionOf(reached) | 0xffff) >>> 0;
    if (!isAfter(hi, lo, this.words[this.word]!, this.words[this.word + 1]!)) return;
    this.words[this.word] = hi;
    this.words[this.word + 1] = lo;
  }
}
