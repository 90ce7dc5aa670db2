/** How many passwords are checked at a time: each costs some 100 ms and 100 MiB. */

/** At a time. */
const AT_ONCE = 2;
/** That wait for their turn. */
const WAITING = 16;

/** Lets a bounded number of tasks run, and a bounded number wait. */
export class PasswordGate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** Runs `task` when it is its turn; undefined, at once, if too many are waiting. */
  run<T>(task: () => Promise<T>): Promise<T> | undefined {
    if (this.running < AT_ONCE) {
      this.running++;
      return this.runNow(task);
    }
    if (this.waiting.length >= WAITING) return undefined;
    // Takes over the place of one that ends.
    return new Promise<void>((resolve) => this.waiting.push(resolve)).then(() => this.runNow(task));
  }

  private async runNow<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}
