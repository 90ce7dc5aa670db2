/** Timestamps of the log as `time_zone` and `time_format` ask for them. */
import type { DaemonConfig } from '../config/model.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const two = (value: number): string => String(value).padStart(2, '0');

/**
 * A point in time as text.
 *
 * - `disabled`: ISO 8601 with milliseconds and offset, `2026-11-23T09:30:00.123+01:00`
 * - `short`: `Nov 23 09:30:00`
 * - `rfc2822`: `Mon, 23 Nov 2026 09:30:00 +0100` (RFC 2822 §3.3)
 *
 * @param time ms since the epoch
 */
export function formatTime(
  time: number,
  zone: DaemonConfig['timeZone'],
  format: DaemonConfig['timeFormat'],
): string {
  // Minutes east of UTC; the date is shifted by them and then read in UTC.
  const offset = zone === 'utc' ? 0 : -new Date(time).getTimezoneOffset();
  const date = new Date(time + offset * 60_000);
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const month = MONTHS[date.getUTCMonth()]!;
  const sign = offset < 0 ? '-' : '+';
  const hours = two(Math.floor(Math.abs(offset) / 60));
  const minutes = two(Math.abs(offset) % 60);
  switch (format) {
    case 'short':
      return `${month} ${two(date.getUTCDate())} ${clock}`;
    case 'rfc2822': {
      const day = `${DAYS[date.getUTCDay()]!}, ${date.getUTCDate()} ${month} ${date.getUTCFullYear()}`;
      return `${day} ${clock} ${sign}${hours}${minutes}`;
    }
    case 'disabled': {
      const local = date.toISOString().slice(0, -1);
      return zone === 'utc' ? `${local}Z` : `${local}${sign}${hours}:${minutes}`;
    }
  }
}
