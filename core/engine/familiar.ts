/**
 * The advertisement that each virtual router accepted last. A Master sends the same octets every time: what is
 * identical has passed every check before, its authentication included, and need not be decoded again. A trailer is
 * another one each time: it is left to whoever asks, and so is over IPv6 the checksum, which covers it.
 */
import type { ChecksumSort } from '../vrrp/advertisement.ts';
import { routingIndex } from './routing.ts';

/** Longer frames are always decoded: some twenty addresses of IPv4, four of IPv6, with a trailer. */
const LONGEST = 160;
/** Where the message starts in a frame whose IPv4 header has no options, and in one of IPv6 without extensions. */
export const FAMILIAR_MESSAGE_AT = { 4: 14 + 20, 6: 14 + 40 } as const;
/** The sender's address there. */
export const FAMILIAR_SOURCE_AT = { 4: 14 + 12, 6: 14 + 8 } as const;
const PLAIN_IPV4 = 0x45;
const IPV6 = 6;
/** The checksum, in octets from the start of a message. */
const CHECKSUM = 6;

/** Where the message of a frame starts if it may be a familiar one, −1 if it may not. */
function messageAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at + 14]!;
  if (first === PLAIN_IPV4) return FAMILIAR_MESSAGE_AT[4];
  return first >> 4 === IPV6 ? FAMILIAR_MESSAGE_AT[6] : -1;
}

/** Remembers one frame for each slot. Nothing here allocates. */
export class Familiar {
  private readonly frames: Uint8Array;
  /** 0: none. */
  private readonly lengths: Int32Array;
  readonly priorities: Uint8Array;
  /** Compared with ours, see `ReceivedAdvertisement`. */
  readonly addressOrders: Int32Array;
  /** Advertisement intervals in ms. */
  readonly intervals: Float64Array;
  /** Octets at the end of each frame that are a trailer, and are not compared. */
  readonly trailers: Uint16Array;
  /** What the checksums cover, each a {@link ChecksumSort}. */
  readonly checksumSorts: Uint8Array;

  constructor(slots: number) {
    this.frames = new Uint8Array(slots * LONGEST);
    this.lengths = new Int32Array(slots);
    this.priorities = new Uint8Array(slots);
    this.addressOrders = new Int32Array(slots);
    this.intervals = new Float64Array(slots);
    this.trailers = new Uint16Array(slots);
    this.checksumSorts = new Uint8Array(slots);
  }

  /** The slot whose last advertisement was exactly the frame `bytes[at, at + length)`; −1: none. */
  recognise(slotOfVrid: Int32Array, bytes: Uint8Array, at: number, length: number): number {
    const message = messageAt(bytes, at);
    if (message < 0 || length <= message + 1) return -1;
    const slot = slotOfVrid[routingIndex(bytes[at + message]! >> 4, bytes[at + message + 1]!)]!;
    if (slot < 0 || this.lengths[slot] !== length) return -1;
    const { frames } = this;
    const known = slot * LONGEST;
    const trailer = this.trailers[slot]!;
    const checksum = trailer > 0 && message === FAMILIAR_MESSAGE_AT[6] ? message + CHECKSUM : length;
    // From behind: priority, checksum and authentication differ first.
    for (let i = length - trailer - 1; i >= 0; i--) {
      if (frames[known + i] !== bytes[at + i] && i !== checksum && i !== checksum + 1) return -1;
    }
    return slot;
  }

  /**
   * Remembers a frame that was accepted without complaint. Call it before anything of the frame is changed.
   * @param interval in ms
   * @param trailer octets at its end that are not compared
   */
  remember(
    slot: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    priority: number,
    interval: number,
    addressOrder: number,
    checksumSort: ChecksumSort,
    trailer = 0,
  ): void {
    if (length > LONGEST || messageAt(bytes, at) < 0) return;
    const known = slot * LONGEST;
    for (let i = 0; i < length; i++) this.frames[known + i] = bytes[at + i]!;
    this.lengths[slot] = length;
    this.priorities[slot] = priority;
    this.intervals[slot] = interval;
    this.addressOrders[slot] = addressOrder;
    this.checksumSorts[slot] = checksumSort;
    this.trailers[slot] = trailer;
  }

  /** All frames: {@link sourceAt} says where in them. */
  get octets(): Uint8Array {
    return this.frames;
  }

  /** Where the address of the sender of a slot's frame stands in {@link octets}; −1: there is none. */
  sourceAt(slot: number, family: 4 | 6): number {
    return this.lengths[slot] === 0 ? -1 : slot * LONGEST + FAMILIAR_SOURCE_AT[family];
  }

  /** Forgets a slot's frame: what the router accepts has changed. */
  forget(slot: number): void {
    this.lengths[slot] = 0;
  }
}
