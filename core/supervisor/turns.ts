/**
 * One queue for everything that changes what runs: a reload, a change, fail-over, the replacement of a crashed worker,
 * the stop. Each has its turn alone. Whoever waits for something outside, such as a file, stands aside meanwhile: what
 * is urgent does not wait for a file system, and nothing else may come in between.
 */

/** Whoever has its turn. */
export interface Turn {
  /**
   * Waits for something outside the daemon. Urgent work may have its turn meanwhile, and be over when this resolves.
   * @returns what came of it @throws what it rejects with
   */
  aside<T>(outside: Promise<T>): Promise<T>;
}

/** See the file's comment. */
export class Turns {
  /** Called to give somebody the turn. */
  private readonly urgent: (() => void)[] = [];
  private readonly ordinary: (() => void)[] = [];
  private taken = false;
  /** Somebody stands aside, whose turn is not over. */
  private standing = false;

  /** @param after called when a turn is over, before the next one begins */
  constructor(private readonly after: () => void = () => {}) {}

  /** Has it done after all that asked before. @returns what came of it @throws what it rejects with */
  take<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    return this.run(this.ordinary, () => work({ aside: (outside) => this.aside(outside) }));
  }

  /** Has it done before everything else, or at once if whoever has the turn stands aside. As {@link take}. */
  jump<T>(work: () => Promise<T>): Promise<T> {
    return this.run(this.urgent, work);
  }

  private async run<T>(line: (() => void)[], work: () => Promise<T>): Promise<T> {
    await this.claim(line);
    try {
      return await work();
    } finally {
      // Whoever asked is told first.
      setImmediate(() => {
        this.after();
        this.release();
      });
    }
  }

  private async aside<T>(outside: Promise<T>): Promise<T> {
    this.standing = true;
    this.release();
    try {
      return await outside;
    } finally {
      await this.claim(this.urgent);
      this.standing = false;
    }
  }

  private claim(line: (() => void)[]): Promise<void> {
    return new Promise((resolve) => {
      line.push(resolve);
      this.advance();
    });
  }

  private release(): void {
    this.taken = false;
    this.advance();
  }

  private advance(): void {
    if (this.taken) return;
    const next = this.urgent.shift() ?? (this.standing ? undefined : this.ordinary.shift());
    if (next === undefined) return;
    this.taken = true;
    next();
  }
}
