/**
 * How far a sequence has come, in memory that outlives the engine. Beside the last number it has how far the sequence is
 * ahead of the monotonic clock. That changes only when a clock is set: from a copy of it that is hours old it can be told
 * which numbers may have been in use by now.
 *
 * Octets: 0 and 4 the halves of the last number, 8 and 12 those of the last one before a leap, 16 flags, 24 the
 * difference to the monotonic clock in ms, 32 when it was used last, monotonic ms.
 */
import { fractionOf, isAfter, secondsOf, timeOf } from './sequence.ts';

/** Octets of one. */
export const TRAIL_LENGTH = 40;

const USED = 1;
const LEAPT = 2;

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
  private readonly words: Uint32Array;
  private readonly times: Float64Array;
  /** The difference that was saved last. */
  private kept = Number.NaN;

  /** @param at in `memory`, a multiple of 8 */
  constructor(memory: Uint8Array, at: number) {
    this.words = new Uint32Array(memory.buffer, memory.byteOffset + at, 6);
    this.times = new Float64Array(memory.buffer, memory.byteOffset + at + 24, 2);
  }

  get isUsed(): boolean {
    return (this.words[4]! & USED) !== 0;
  }

  get hi(): number {
    return this.words[0]!;
  }

  get lo(): number {
    return this.words[1]!;
  }

  /** When it was used last, monotonic ms. */
  get usedAt(): number {
    return this.times[1]!;
  }

  /** Forgets it. */
  clear(): void {
    this.words.fill(0);
    this.times.fill(0);
    this.kept = Number.NaN;
  }

  /**
   * It has come to this number.
   * @param window seconds; a clock that is set forward by more leaps, and where it was before is remembered
   * @param now monotonic ms
   * @returns whether a copy of it should be made
   */
  move(hi: number, lo: number, window: number, now: number): boolean {
    const { words, times } = this;
    const offset = timeOf(hi, lo) - now;
    if (!this.isUsed) {
      words[4] = USED;
      times[0] = offset;
    } else {
      const ahead = offset - times[0]!;
      if (ahead > window * 1000) {
        words[2] = words[0]!;
        words[3] = words[1]!;
        words[4] = USED | LEAPT;
      }
      // A leap, either way, is one at once.
      if (ahead >= 0 || ahead < -window * 1000) times[0] = offset;
      else times[0]! += ahead * (ahead < -LATE ? FOLLOW_LATE : FOLLOW);
    }
    words[0] = hi;
    words[1] = lo;
    times[1] = now;
    if (Math.abs(times[0]! - this.kept) <= WORTH_SAVING) return false;
    this.kept = times[0]!;
    return true;
  }

  /**
   * What it has leapt to is not the time any more: it goes back to where it was before.
   * @returns false: it has not leapt
   */
  leapBack(): boolean {
    const { words } = this;
    if ((words[4]! & LEAPT) === 0) return false;
    words[0] = words[2]!;
    words[1] = words[3]!;
    words[4] = USED;
    return true;
  }

  /** It is a copy of before: goes on behind all numbers that can have been in use until `now` (monotonic ms). */
  catchUp(now: number): void {
    if (!this.isUsed) return;
    const time = now + this.times[0]!;
    const hi = secondsOf(time);
    const lo = (fractionOf(time) | 0xffff) >>> 0;
    if (!isAfter(hi, lo, this.words[0]!, this.words[1]!)) return;
    this.words[0] = hi;
    this.words[1] = lo;
  }
}
