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

/** Views of one piece of memory. */
interface Views {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly times: Float64Array;
}

/** By memory: where the routers of a thread share one, views of their own would not all fit into the processor's cache. */
const known = new WeakMap<ArrayBufferLike, Views>();

function viewsOf(buffer: ArrayBufferLike): Views {
  let views = known.get(buffer);
  if (views === undefined) {
    const times = new Float64Array(buffer, 0, Math.floor(buffer.byteLength / 8));
    views = { bytes: new Uint8Array(buffer), words: new Uint32Array(buffer, 0, times.length * 2), times };
    known.set(buffer, views);
  }
  return views;
}

/** See the file's comment. */
export class Memory {
  readonly sent: Trail;
  private readonly senders: readonly Trail[];
  private readonly bytes: Uint8Array;
  /** Where it begins among them. */
  private readonly base: number;

  /** @param own zero, or what an earlier one has left; it begins at a multiple of 8 octets in its buffer */
  constructor(private readonly own: Uint8Array) {
    const { bytes, words, times } = viewsOf(own.buffer);
    this.bytes = bytes;
    this.base = own.byteOffset;
    this.sent = new Trail(words, times, this.base + 8);
    this.senders = Array.from(
      { length: SENDERS },
      (_, index) => new Trail(words, times, this.base + SENDERS_AT + index * STRIDE + ADDRESS),
    );
    this.settle();
  }

  /** Looks at what is there: what is not of this layout is nothing. */
  settle(): void {
    if (this.own[0] === VERSION) return;
    this.own.fill(0);
    this.own[0] = VERSION;
  }

  /** It is a copy of before a restart. @param now monotonic ms */
  catchUp(now: number): void {
    this.sent.catchUp(now);
    for (const sender of this.senders) sender.catchUp(now);
  }

  /** The trail of the sender whose address is `packet[at, at + length)`; undefined: it was not heard. */
  find(packet: Uint8Array, at: number, length: number): Trail | undefined {
    const { bytes, base, senders } = this;
    for (let index = 0; index < SENDERS; index++) {
      const place = base + SENDERS_AT + index * STRIDE;
      let i = 0;
      while (i < length && bytes[place + i] === packet[at + i]) i++;
      if (i === length && senders[index]!.isUsed) return senders[index]!;
    }
    return undefined;
  }

  /** A trail for a sender that has none, if need be in place of the one that was heard longest ago. */
  add(packet: Uint8Array, at: number, length: number): Trail {
    const { bytes, base, senders } = this;
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
    const place = base + SENDERS_AT + oldest * STRIDE;
    bytes.fill(0, place, place + ADDRESS);
    for (let i = 0; i < length; i++) bytes[place + i] = packet[at + i]!;
    return trail;
  }
}
