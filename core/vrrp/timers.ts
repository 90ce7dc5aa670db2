/** Intervals of VRRP, in ms. A priority is the local one, 1 to 255. */

/** Skew_Time: `(256 - Priority) / 256` seconds (RFC 3768 §6.1), `× Master_Adver_Interval` in VRRPv3 (RFC 5798 §6.1). */
export function skewTime(version: 2 | 3, priority: number, masterAdverInterval: number): number {
  return ((256 - priority) * (version === 2 ? 1000 : masterAdverInterval)) / 256;
}

/** How many intervals of silence make a Master dead, by the RFCs. */
const DOWN_TIMER_ADVERTS = 3;

/**
 * Master_Down_Interval: `3 × Advertisement_Interval + Skew_Time` (RFC 3768 §6.1, RFC 5798 §6.1).
 * @param adverts another factor than 3, which no RFC has: `down_timer_adverts`
 */
export function masterDownInterval(
  version: 2 | 3,
  priority: number,
  masterAdverInterval: number,
  adverts: number = DOWN_TIMER_ADVERTS,
): number {
  return adverts * masterAdverInterval + skewTime(version, priority, masterAdverInterval);
}

/**
 * When a Master_Down_Timer that runs expires after the priority has become another one: it began when it did, and
 * Skew_Time is that of the new priority.
 */
export function skewedDeadline(
  version: 2 | 3,
  deadline: number,
  masterAdverInterval: number,
  before: number,
  after: number,
): number {
  const skew = (priority: number): number => skewTime(version, priority, masterAdverInterval);
  return deadline + skew(after) - skew(before);
}

/**
 * When a periodic timer is due next: on the grid of the first deadline, whatever lateness there was. Periods
 * that have passed altogether are left out rather than made up for in a burst.
 */
export function nextDeadline(deadline: number, interval: number, now: number): number {
  return deadline + Math.max(1, Math.floor((now - deadline) / interval) + 1) * interval;
}
