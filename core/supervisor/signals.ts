/** Signals from before anything is started: none of them may end the process in the middle of something. */

/** Catches SIGTERM, SIGINT and SIGHUP from its making on. */
export class Signals {
  /** Resolves with the first signal that asks for the end. */
  readonly stop: Promise<NodeJS.Signals>;
  private hungUp = false;
  private handler: (() => void) | undefined;

  constructor() {
    this.stop = new Promise((resolve) => {
      process.on('SIGTERM', resolve);
      process.on('SIGINT', resolve);
    });
    process.on('SIGHUP', () => {
      if (this.handler) this.handler();
      else this.hungUp = true;
    });
  }

  /** Calls `handler` at each SIGHUP from now on, and at once if there was one already. */
  onHangUp(handler: () => void): void {
    this.handler = handler;
    if (this.hungUp) handler();
  }
}
