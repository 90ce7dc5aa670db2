/** A virtual host with one socket and nobody on the wire, for tests that say themselves what comes when, and how late. */
import type { EngineIo } from '../io.ts';
import { VirtualHost } from './virtual-host.ts';
import { VirtualTime } from './virtual-time.ts';

/** errno of a frame for a socket that does not exist. */
const EBADF = 9;

/** A frame that was sent. */
export interface SentFrame {
  readonly time: number;
  readonly descriptor: number;
  readonly bytes: Uint8Array;
}

class Host extends VirtualHost {
  readonly sent: SentFrame[] = [];

  override transmit(descriptor: number, bytes: Uint8Array): number {
    if (!this.loops.some(({ tags }) => tags.has(descriptor))) return EBADF;
    this.sent.push({ time: this.now(), descriptor, bytes });
    return 0;
  }
}

/** See the file's comment. */
export class MemoryIo implements EngineIo {
  private readonly clock = new VirtualTime();
  private readonly host = new Host(this.clock);
  readonly sent = this.host.sent;
  /** Every setting of a timer, in order. */
  readonly timers = this.host.armings;
  readonly loops = this.host.loops;
  /** How often a timer has fired, by whether the thread had slept before. */
  readonly fired = this.host.fired;
  readonly now = this.host.now;
  readonly sinceBoot = this.host.sinceBoot;
  readonly wall = this.host.wall;
  readonly loop = this.host.loop;

  /** Monotonic ms. Set, it is that late, and nothing that was due has been served. */
  get time(): number {
    return this.clock.now();
  }
  set time(time: number) {
    this.clock.jump(time);
  }

  /**
   * Frames come in on a socket, all in one wake-up.
   * @param waited ms between the arrival of each, or of all, and the wake-up, which is now
   */
  deliver(descriptor: number, frames: readonly Uint8Array[], waited: number | readonly number[] = 0): void {
    const queue = frames.map((frame, at) => ({
      frame,
      time: this.time - (typeof waited === 'number' ? waited : waited[at]!),
      foreign: false,
    }));
    this.host.open.set(descriptor, { index: 0, etherType: 0, groups: [], program: undefined, queue });
    for (const loop of this.loops) loop.wake();
  }

  /** Lets the time come to `until`; timers fire on the way, each exactly when it is set to. */
  pass(until: number): void {
    this.clock.until(until);
  }
}
