/**
 * A doorbell between two threads: "look at the shared memory again". However often it is rung before the
 * other side looks, one message is under way, so a slow listener costs the ringer nothing and no memory.
 */
import type { MessagePort } from 'node:worker_threads';

/** One direction. Both ends hold the same `flag`; the ringer's port leads to the listener's. */
export class Doorbell {
  private readonly flag: Int32Array;

  /** @param memory 4 bytes of shared memory, zeroed, the same on both ends */
  constructor(
    memory: SharedArrayBuffer,
    private readonly port: MessagePort,
  ) {
    this.flag = new Int32Array(memory, 0, 1);
  }

  /** Memory for one doorbell. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(4);
  }

  /** Rings, unless it is ringing already. */
  ring(): void {
    if (Atomics.exchange(this.flag, 0, 1) === 0) this.port.postMessage(null);
  }

  /** Calls `answer` after one or more rings. */
  listen(answer: () => void): void {
    this.port.on('message', (message: unknown) => {
      if (message !== null) return; // the port carries other things too
      Atomics.store(this.flag, 0, 0); // before looking: a ring from now on counts as a new one
      answer();
    });
  }
}
