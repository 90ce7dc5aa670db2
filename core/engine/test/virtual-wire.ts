/** A segment of Ethernet in memory: what one port sends all others hear a little later, unless they are parted. */
import type { VirtualTime } from './virtual-time.ts';

/** Where a host hangs on a wire. */
export interface Port {
  hear(frame: Uint8Array): void;
}

/** A frame as it went over the wire. */
export interface Passed {
  /** When it was sent. */
  readonly time: number;
  readonly from: Port;
  readonly frame: Uint8Array;
}

/** See the file's comment. */
export class VirtualWire {
  /** Everything that was ever sent, in order. */
  readonly passed: Passed[] = [];
  /** Ports with different numbers do not hear each other. */
  private readonly sides = new Map<Port, number>();

  /** @param latency ms that a frame is under way */
  constructor(
    private readonly time: VirtualTime,
    private readonly latency = 0.1,
  ) {}

  plug(port: Port): void {
    this.sides.set(port, 0);
  }

  /** Parts these ports from all others, or, without any, joins everything again. */
  part(...ports: readonly Port[]): void {
    for (const port of this.sides.keys()) this.sides.set(port, ports.includes(port) ? 1 : 0);
  }

  send(from: Port, frame: Uint8Array): void {
    this.passed.push({ time: this.time.now(), from, frame });
    this.time.after(this.latency, () => {
      for (const [port, side] of this.sides) {
        if (port !== from && side === this.sides.get(from)) port.hear(frame);
      }
    });
  }
}
