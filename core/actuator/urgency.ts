/** With which priority the actuator works: for a network that waits, but not at the cost of the machine. */

/**
 * What takes longer than so many ms is a take-over of hundreds. The actuator then shares the processors for a while, so
 * that a console still answers, and that the kernel does not hold up the engine with it: it stops threads in real time
 * that let nobody else in for a second (sched_rt_runtime_us, man 7 sched).
 */
export const URGENT_FOR = 400;
/** That while, in ms. */
export const SHARED_FOR = 100;

/** See the file's comment. */
export class Urgency {
  /** When it was put before others, or shared, for the present work; monotonic ms. */
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
    const now = this.now();
    this.since ??= now;
    if (now - this.since <= (this.urgent ? URGENT_FOR : SHARED_FOR)) return;
    this.since = now;
    this.change(!this.urgent);
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
