/** One hook in its plugin's thread: its deliveries, one at a time, each with its time. */
import type { Notifier, NotifyEvent } from '../plugin/contracts/index.ts';
import { messageOf } from '../shared/errors.ts';
import { type After, UNENDING } from './checks.ts';

/** Told what comes of deliveries. */
export interface DeliveriesListener {
  delivered(): void;
  /** @param final not to be tried again @param pause in ms, before it is tried again, if the plugin has said one */
  failed(words: string, final: boolean, pause?: number): void;
  /** A delivery does not end. Told once. */
  unending(): void;
}

/** See the file's comment. */
export class Deliveries {
  /** The delivery that is under way. */
  private running: { readonly controller: AbortController; end(words: string): void } | undefined;

  /** @param timeout ms that a delivery may take */
  constructor(
    private readonly notifier: Notifier,
    private readonly timeout: number,
    private readonly after: After,
    private readonly listener: DeliveriesListener,
  ) {}

  /**
   * Delivers one event. The listener is told once it is over: after its time has passed not before it has ended, as the one
   * behind it must not overtake it.
   */
  deliver(event: NotifyEvent): void {
    if (this.running) {
      this.listener.failed('the delivery before has not ended yet', false);
      return;
    }
    const controller = new AbortController();
    /** Why it was told to end. */
    let why: string | undefined;
    let callOff = (): void => {};
    const end = (words: string): void => {
      if (why !== undefined) return;
      why = words;
      callOff();
      callOff = this.after(UNENDING, () => this.listener.unending());
      controller.abort();
    };
    callOff = this.after(this.timeout, () => end(`not over within ${this.timeout / 1000} s`));
    this.running = { controller, end };
    void this.attempt(event, controller.signal).then((failure) => {
      callOff();
      this.running = undefined;
      if (failure === undefined) this.listener.delivered();
      else
        this.listener.failed(
          why ?? messageOf(failure),
          why === undefined && isFinal(failure),
          pauseOf(failure),
        );
    });
  }

  /** What is under way is told to end. */
  abort(): void {
    this.running?.end('told to end');
  }

  /** Ends it: what is under way is told to end. */
  async stop(): Promise<void> {
    this.abort();
    await this.notifier.stop?.();
  }

  private async attempt(event: NotifyEvent, signal: AbortSignal): Promise<Error | undefined> {
    try {
      await this.notifier.deliver(event, signal);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

function pauseOf(error: Error): number | undefined {
  const { pause } = error as Error & { readonly pause?: unknown };
  return typeof pause === 'number' && pause >= 0 ? pause : undefined;
}

function isFinal(error: Error): boolean {
  return (error as Error & { readonly final?: unknown }).final === true;
}
