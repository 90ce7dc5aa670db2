/** What the packet loop has received, and what has been read of the packet that is looked at: lent over and over. */
import { Meta } from '../native/packet-loop.ts';
import { emptyAdvertisement } from '../vrrp/advertisement.ts';
import type { AddressFamily } from '../vrrp/family.ts';
import { emptyFrame } from '../vrrp/frame.ts';

/**
 * Packets received before they are handed over, and octets of each: VRRP's longest message fits, which has 255
 * addresses. Those of IPv6 take memory that is only spent where there is an IPv6 router.
 */
const SLOTS = { 4: 512, 6: 384 } as const;
const SLOT_SIZE = { 4: 2048, 6: 4352 } as const;

/** The receive buffer of one engine. */
export class Reception {
  /** Octets that a packet has there. */
  readonly slotSize: number;
  /** A place for each packet, one after the other; packets are Ethernet frames. */
  readonly bytes: Uint8Array;
  /** What is known of each packet, see {@link Meta}. */
  readonly meta: Int32Array;
  /** The headers of the packet that is looked at, and its message. */
  readonly frame = emptyFrame();
  readonly advertisement = emptyAdvertisement();
  /** When the loop woke with what is in the buffer, monotonic ms. */
  woke = 0;
  /** The slot whose advertisement is being acted upon, −1: none, and where the address of its sender stands. */
  hearing = -1;
  heardAt = 0;

  /** @param longest the family whose packets must fit */
  constructor(longest: AddressFamily) {
    this.slotSize = SLOT_SIZE[longest];
    this.bytes = new Uint8Array(SLOTS[longest] * this.slotSize);
    this.meta = new Int32Array(SLOTS[longest] * Meta.Count);
  }

  /** Puts a frame there, as if it had come from the socket with this tag. */
  place(index: number, frame: Uint8Array, tag: number): void {
    this.bytes.set(frame, index * this.slotSize);
    this.meta.fill(0, index * Meta.Count, (index + 1) * Meta.Count);
    this.meta[index * Meta.Count + Meta.Tag] = tag;
    this.meta[index * Meta.Count + Meta.Length] = frame.length;
  }
}
