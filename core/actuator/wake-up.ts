/** Lets one loop sleep until somebody rings or a time comes. */
export class WakeUp {
  /** Whether the next sleep ends at once. */
  rung = false;
  private wake: (() => void) | undefined;

  /** Ends the present sleep, or the next one at once. */
  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  /** Sleeps. @param milliseconds at most that long; Infinity: until somebody rings */
  async sleep(milliseconds: number): Promise<void> {
    if (!this.rung && milliseconds > 0) {
      await new Promise<void>((resolve) => {
        const timer = Number.isFinite(milliseconds) ? setTimeout(resolve, milliseconds) : undefined;
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.wake = undefined;
    }
    this.rung = false;
  }
}
