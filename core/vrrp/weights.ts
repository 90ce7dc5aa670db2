/** What trackers add to a priority. Pure. */

/** Least and greatest priority of a router that is no address owner (RFC 3768 §5.3.4). */
const LEAST = 1;
const MOST = 254;

/** A verdict, as `Verdict` of core/threads/track-cell.ts has it: 0 none yet, 1 up, 2 down. */
type VerdictNumber = 0 | 1 | 2;

/**
 * What one tracker adds: below 0 while it is down, above 0 while it is up; nothing before there is a verdict.
 * @param weight as configured
 * @param found what its check has found instead; undefined: nothing
 */
export function weightOf(weight: number, verdict: VerdictNumber, found: number | undefined): number {
  if (verdict === 0) return 0;
  if (found !== undefined) return found;
  return verdict === (weight < 0 ? 2 : 1) ? weight : 0;
}

/** A priority within what there is for it. */
export function inRange(priority: number): number {
  return Math.min(Math.max(priority, LEAST), MOST);
}
