/** One tracker in its plugin's thread: its checks, one at a time, each with its time. */
import type { Finding, Tracker } from '../plugin/contracts/index.ts';
import { messageOf } from '../shared/errors.ts';

/** A check that goes on for so many ms after it was told to end will not end any more. */
export const UNENDING = 5000;

/** The greatest change of a priority, which is within 1 to 254. */
const MOST_WEIGHT = 253;

/** Timers; tests make the time up. @returns what calls it off */
export type After = (ms: number, then: () => void) => () => void;

/** What a check has come to. */
export type Found = { readonly up: boolean; readonly words: string; readonly weight?: number };

/** Told what comes of checks. */
export interface ChecksListener {
  found(result: Found): void;
  changed(): void;
  /** A check does not end. Told once. */
  unending(): void;
}

/** See the file's comment. */
export class Checks {
  /** The check that is under way. */
  private running: AbortController | undefined;
  /** It watches already, if it can. */
  private started = false;
  private ending = false;

  /** @param timeout ms that a check may take */
  constructor(
    private readonly tracker: Tracker,
    private readonly timeout: number,
    private readonly after: After,
    private readonly listener: ChecksListener,
  ) {}

  /** Checks once; {@link ChecksListener.found} tells, within `timeout` unless the plugin holds up the whole thread. */
  check(): void {
    if (this.ending) return;
    if (this.running) {
      this.listener.found({ up: false, words: 'the check before has not ended yet' });
      return;
    }
    const controller = new AbortController();
    this.running = controller;
    let isOver = false;
    let callOff = this.after(this.timeout, () => {
      isOver = true;
      this.listener.found({ up: false, words: `no answer within ${this.timeout / 1000} s` });
      controller.abort();
      callOff = this.after(UNENDING, () => this.listener.unending());
    });
    void this.look(controller.signal).then((found) => {
      callOff();
      this.running = undefined;
      if (!isOver && !this.ending) this.listener.found(found);
    });
  }

  /** Ends it: what is under way is told to end. */
  async stop(): Promise<void> {
    this.ending = true;
    this.running?.abort();
    await this.tracker.stop?.();
  }

  private async look(signal: AbortSignal): Promise<Found> {
    try {
      if (!this.started) await this.tracker.start?.(() => this.listener.changed());
      this.started = true;
      return soundFinding(await this.tracker.check(signal));
    } catch (error) {
      return { up: false, words: messageOf(error) };
    }
  }
}

/** What a plugin has found, if it is a finding at all. */
function soundFinding(finding: Finding | undefined): Found {
  if (typeof finding !== 'object' || finding === null || typeof finding.up !== 'boolean')
    return { up: false, words: 'its plugin has found neither up nor down: tell its author' };
  const { up, words, weight } = finding;
  const found = { up, words: String(words ?? '') };
  if (weight === undefined) return found;
  if (!Number.isInteger(weight) || Math.abs(weight) > MOST_WEIGHT)
    return {
      up: false,
      words: `its plugin has found the weight ${String(weight)}, which must be -253 to 253`,
    };
  return { ...found, weight };
}
