/**
 * What one virtual router's authentication must not forget: the trail of what it sends, and one for each sender that it has
 * heard. Octets of `AuthMemory`: 0 the version of this layout, from 8 on the own trail, from 64 on those of senders, each
 * after the 16 octets of its address.
 */
import { TRAIL_LENGTH, Trail } from './trail.ts';

/** Of this layout. */
const VERSION = 1;
const SENDERS_AT = 64;
const ADDRESS = 16;
const STRIDE = ADDRESS + TRAIL_LENGTH;
/** Senders that are remembered; the draft has 4 at least. */
export const SENDERS = 16;

/** See the file's comment. */
export class Memory {
  readonly sent: Trail;
  private readonly senders: readonly Trail[];

  /** @param bytes zero, or what an earlier one has left */
  constructor(private readonly bytes: Uint8Array) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const times = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
    this.sent = new Trail(words, times, 8);
    this.senders = Array.from(
      { length: SENDERS },
      (_, index) => new Trail(words, times, SENDERS_AT + index * STRIDE + ADDRESS),
    );
    this.settle();
  }

  /** Looks at what is there: what is not of this layout is nothing. */
  settle(): void {
    if (this.bytes[0] === VERSION) return;
    this.bytes.fill(0);
    this.bytes[0] = VERSION;
  }

  /** It is a copy of before a restart. @param now monotonic ms */
  catchUp(now: number): void {
    this.sent.catchUp(now);
    for (const sender of this.senders) sender.catchUp(now);
  }

  /** The trail of the sender whose address is `packet[at, at + length)`; undefined: it was not heard. */
  find(packet: Uint8Array, at: number, length: number): Trail | undefined {
    const { bytes, senders } = this;
    for (let index = 0; index < SENDERS; index++) {
      const place = SENDERS_AT + index * STRIDE;
      let i = 0;
      while (i < length && bytes[place + i] === packet[at + i]) i++;
      if (i === length && senders[index]!.isUsed) return senders[index]!;
    }
    return undefined;
  }

  /** A trail for a sender that has none, if need be in place of the one that was heard longest ago. */
  add(packet: Uint8Array, at: number, length: number): Trail {
    const { bytes, senders } = this;
    let oldest = 0;
    for (let index = 0; index < SENDERS; index++) {
      if (!senders[index]!.isUsed) {
        oldest = index;
        break;
      }
      if (senders[index]!.usedAt < senders[oldest]!.usedAt) oldest = index;
    }
    const trail = senders[oldest]!;
    trail.clear();
    const place = SENDERS_AT + oldest * STRIDE;
    bytes.fill(0, place, place + ADDRESS);
    for (let i = 0; i < length; i++) bytes[place + i] = packet[at + i]!;
    return trail;
  }
}
