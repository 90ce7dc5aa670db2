/** How long to wait before a refused change is tried again. */

/** First pause, in ms. */
const FIRST = 100;
/** Longest pause, in ms. */
const LONGEST = 5000;

/** The pause in ms after the `failures`th failure in a row, counted from 1: 100 ms, doubled up to 5 s. */
export function backOff(failures: number): number {
  return Math.min(FIRST * 2 ** Math.min(failures - 1, 16), LONGEST);
}
