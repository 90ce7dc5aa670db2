/** Advertisement intervals as they are configured: in seconds, what each version can send. */

/** What `timers.advert` must be, by version; ends the sentence "must be …". */
export const INTERVALS = {
  2: 'whole seconds, 1 to 255, with version 2 (version 3 has 0.01 to 40.95, in hundredths)',
  3: '0.01 to 40.95 seconds, in hundredths, with version 3 (version 2 has whole seconds, 1 to 255)',
} as const;

/** The greatest one in centiseconds: 12 bits (RFC 9568 §5.2.7). */
const MAX_CS = 4095;

/** Centiseconds of an interval in seconds; undefined if the version cannot send it. */
export function intervalCs(version: 2 | 3, seconds: number): number | undefined {
  // 0.29 * 100 is less than 29; 29 / 100 is the same number that is written 0.29
  const cs = Math.round(seconds * 100);
  if (cs / 100 !== seconds) return undefined;
  const fits = version === 2 ? cs % 100 === 0 && cs >= 100 && cs <= 25_500 : cs >= 1 && cs <= MAX_CS;
  return fits ? cs : undefined;
}
