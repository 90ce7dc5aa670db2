/** Keeps one cause from flooding the log: a thousand routers that fail alike are said in a few lines. */
import type { Log } from './parts.ts';

/** Warnings of one topic in each window that are written. */
const BURST = 10;
/** Length of a window in ms. */
const WINDOW = 10_000;

/** Writes warnings, some of each topic. */
export class LogLimit {
  private readonly windows = new Map<string, { until: number; count: number }>();

  /** @param now monotonic clock in ms */
  constructor(
    private readonly log: Log,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Warns, or counts the warning among those left out.
   * @param topic warnings of the same topic share a limit
   */
  warn(topic: string, message: string, fields?: Readonly<Record<string, unknown>>): void {
    const now = this.now();
    const window = this.windows.get(topic);
    if (window && now < window.until) {
      window.count++;
      if (window.count <= BURST) this.log('warn', message, fields);
      return;
    }
    const leftOut = window ? Math.max(0, window.count - BURST) : 0;
    this.windows.set(topic, { until: now + WINDOW, count: 1 });
    this.log('warn', leftOut > 0 ? `${message} (and ${leftOut} like it before)` : message, fields);
  }
}
