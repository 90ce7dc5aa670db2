/** A log that a client cannot flood. */
import type { PluginContext } from 'rvrrpd/plugin';

/** Lines in {@link WINDOW}. */
const LINES = 10;
/** ms */
const WINDOW = 60_000;

/** Writes so many lines a minute; how many were left out is told by the next one. */
export class BoundedLog {
  private began = Number.NEGATIVE_INFINITY;
  private lines = 0;
  private omitted = 0;

  constructor(private readonly log: PluginContext['log']) {}

  warn(message: string): void {
    const now = performance.now();
    if (now - this.began >= WINDOW) {
      this.began = now;
      this.lines = 0;
    }
    if (this.lines >= LINES) {
      this.omitted++;
      return;
    }
    this.lines++;
    const { omitted } = this;
    this.omitted = 0;
    this.log('warn', omitted === 0 ? message : `${message} (${omitted} more such messages were left out)`);
  }
}
