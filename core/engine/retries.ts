/**
 * An advertisement that was lost on this host, as a queue was full, is sent again long before the next one is due: under a
 * flood each Backup would soon miss three.
 */
import { State } from '../threads/state-table.ts';
import type { EngineRouter } from './router.ts';
import type { Timers } from './timers.ts';

/** It is tried again after this part of the interval… */
const AFTER = 1 / 32;
/** …so many times… */
const MOST = 3;
/** …and again so many times when nothing was lost for this part of it. */
const FORGET = 1 / 4;

/** By slot; all times are monotonic ms. Nothing here allocates. */
export class Retries {
  private readonly lostAt: Float64Array;
  private readonly againAt: Float64Array;
  private readonly attempts: Uint8Array;

  constructor(
    routers: number,
    private readonly timers: Timers,
  ) {
    this.lostAt = new Float64Array(routers).fill(Number.NEGATIVE_INFINITY);
    this.againAt = new Float64Array(routers).fill(Number.NEGATIVE_INFINITY);
    this.attempts = new Uint8Array(routers);
  }

  /** An advertisement of a router was not sent: a Master's is to be sent again. Its next one keeps its time. */
  lost({ slot, state, advertisementInterval: interval, deadline }: EngineRouter, now: number): void {
    if (state !== State.Master) return;
    if (now < this.againAt[slot]!) return; // the same one, to another peer
    if (now - this.lostAt[slot]! > interval * FORGET) this.attempts[slot] = 0;
    this.lostAt[slot] = now;
    if (this.attempts[slot] === MOST) return;
    this.attempts[slot]!++;
    const again = now + interval * AFTER;
    this.againAt[slot] = again;
    if (again < deadline) this.timers.setProtocol(slot, again);
  }
}
