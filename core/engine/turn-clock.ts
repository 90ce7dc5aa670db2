/**
 * The clocks that plugins see (`AuthClock`). While the engine serves what it woke for, both stand still at when they were
 * first asked in that turn: hundreds of packets and advertisements ask twice each, and each answer would be a call out of
 * JavaScript, and an allocation. A turn lasts a few ms; outside of one every answer is new.
 */
import type { AuthClock } from '../plugin/contracts/index.ts';
import type { EngineIo, Turns } from './io.ts';

/** See the file's comment. */
export class TurnClock implements AuthClock, Turns {
  private isTurn = false;
  private isKnown = false;
  private wallMs = 0;
  private monotonicMs = 0;

  constructor(private readonly io: Pick<EngineIo, 'now' | 'wall'>) {}

  begin(): void {
    this.isTurn = true;
    this.isKnown = false;
  }

  end(): void {
    this.isTurn = false;
    this.isKnown = false;
  }

  wall(): number {
    if (!this.isKnown) this.look();
    return this.wallMs;
  }

  monotonic(): number {
    if (!this.isKnown) this.look();
    return this.monotonicMs;
  }

  private look(): void {
    this.wallMs = this.io.wall();
    this.monotonicMs = this.io.now();
    this.isKnown = this.isTurn;
  }
}
