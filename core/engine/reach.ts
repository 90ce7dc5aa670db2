/**
 * Which peers packets do not get to: the kernel refuses to send, or the network answers that it cannot deliver. Told once
 * for each, and once more when it is over. Nothing here allocates.
 */

/** A peer can be reached again when nothing was heard to the contrary for so many ms, and so many intervals. */
const QUIET_MS = 10_000;
const QUIET_INTERVALS = 3;

/** The peers of one virtual router, by index. */
export class Reach {
  /** When each has failed last, monotonic ms; 0: it does not. */
  private readonly failed: Float64Array;
  /** How many fail. */
  private failing = 0;
  private readonly quiet: number;

  /** @param interval between two packets to a peer, in ms */
  constructor(peers: number, interval: number) {
    this.failed = new Float64Array(peers);
    this.quiet = Math.max(QUIET_MS, QUIET_INTERVALS * interval);
  }

  /** A packet to a peer was not sent, or has not arrived. @returns whether that is news */
  fails(peer: number, now: number): boolean {
    const isNew = this.failed[peer] === 0;
    this.failed[peer] = now;
    if (isNew) this.failing++;
    return isNew;
  }

  /** When it has failed last, monotonic ms, for an engine after this one; 0: it does not fail. */
  since(peer: number): number {
    return this.failed[peer]!;
  }

  /** Takes that over: it has been told. */
  inherit(peer: number, failed: number): void {
    if (this.failed[peer] === 0 && failed > 0) this.failing++;
    this.failed[peer] = Math.max(this.failed[peer]!, failed);
  }

  /** A packet is about to be sent to a peer. @returns whether it can be reached again, which is news */
  recovers(peer: number, now: number): boolean {
    if (this.failing === 0 || this.failed[peer] === 0 || now - this.failed[peer]! < this.quiet) return false;
    this.failed[peer] = 0;
    this.failing--;
    return true;
  }
}
