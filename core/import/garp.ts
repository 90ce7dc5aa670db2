/** Gratuitous ARP: keepalived's two bursts as `[vrouter.announce]`. */
import type { TomlValue } from './toml.ts';

/** What is said about it: of an instance, or for all. */
export interface Garp {
  /** Seconds from the first burst to the second; 0: there is none. */
  readonly delay?: number;
  /** Announcements of a burst. */
  readonly repeat?: number;
  /** Seconds. */
  readonly refresh?: number;
  /** Seconds between announcements on the interface. */
  readonly interval?: number;
}

const DEFAULTS = { delay: 5, repeat: 5 } as const;
/** Between those of a burst: as close as `pauses` goes, in s. */
const CLOSE = 0.01;
/** As many as fit into `count` twice, and with the second pause into `pauses`. */
const MOST = 19;

/** Our table; undefined if nothing is said. */
export function announceOf(garp: Garp): Readonly<Record<string, TomlValue>> | undefined {
  const { delay = DEFAULTS.delay, repeat = DEFAULTS.repeat, refresh, interval } = garp;
  const isSaid = Object.entries(garp).some(([key, value]) => key !== 'interval' || value > 0);
  if (!isSaid) return undefined;
  const burst = Math.max(1, Math.min(repeat, MOST));
  const isTwice = delay > 0;
  const pauses = [...Array<number>(burst - 1).fill(CLOSE), ...(isTwice ? [delay] : [])];
  // The last pause repeats: within the second burst it is the short one.
  if (isTwice && burst > 1) pauses.push(CLOSE);
  return {
    count: burst * (isTwice ? 2 : 1),
    pauses: pauses.length === 0 ? [CLOSE] : pauses,
    ...(refresh === undefined || refresh === 0 ? {} : { refresh }),
    ...(interval === undefined || interval === 0
      ? {}
      : { rate: Math.min(100_000, Math.max(1, Math.round(1 / interval))) }),
  };
}
