/** With which priority the actuator works: for a network that waits, but not at the cost of the machine. */

/**
 * A take-over that has not come to its end after so many ms is one of thousands: from then on the actuator shares the
 * processors, so that a console still answers.
 */
export const URGENT_FOR = 200;

/** See the file's comment. */
export class Urgency {
  private since: number | undefined;
  private urgent = false;

  /**
   * @param set puts this thread before every ordinary one, or ends that
   * @param now monotonic ms
   */
  constructor(
    private readonly set: (urgent: boolean) => void,
    private readonly now: () => number,
  ) {}

  /** Nothing is to do: whatever comes next is urgent, the waking up for it as well. */
  rest(): void {
    this.since = undefined;
    this.change(true);
  }

  /** Some work is done, more may follow. */
  work(): void {
    this.since ??= this.now();
    if (this.now() - this.since > URGENT_FOR) this.change(false);
  }

  /** What follows need not be hurried. */
  end(): void {
    this.change(false);
  }

  private change(urgent: boolean): void {
    if (urgent === this.urgent) return;
    this.urgent = urgent;
    this.set(urgent);
  }
}
