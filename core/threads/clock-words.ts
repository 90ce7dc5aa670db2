/** How far a clock is off, in words. */

/** `1.3 s ahead of ours`. @param ms that it is ahead, negative: behind */
export function skewText(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  const figure = seconds >= 100 ? String(Math.round(seconds)) : seconds.toFixed(1);
  return `${figure} s ${ms < 0 ? 'behind' : 'ahead of'} ours`;
}
