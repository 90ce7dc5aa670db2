/** Frames on their way out: collected by socket, sent in as few system calls as possible. */
import { Queue } from '../native/packet-loop.ts';
import {
  encodeGratuitousArp,
  encodeNeighbourAdvertisement,
  GRATUITOUS_ARP_LENGTH,
  NEIGHBOUR_ADVERTISEMENT_LENGTH,
} from '../vrrp/announcement.ts';

/** Frames that can wait for one flush; one more flushes first. */
const CAPACITY = 4096;
/** Fields of a waiting frame. */
const STRIDE = 6;
/** Octets between two frames that are built on the spot; a multiple of 8. */
const SCRATCH_STRIDE = Math.ceil(NEIGHBOUR_ADVERTISEMENT_LENGTH / 8) * 8;

/**
 * The send queue. Advertisements wait in the send buffer ready made, one place for each virtual router;
 * announcements are built into the scratch space behind them.
 */
export class Transmitter {
  /** Ready-made frames, then scratch space. */
  readonly buffer: Uint8Array;
  /** What `flush` sends, see {@link Queue}. */
  readonly queue = new Int32Array(CAPACITY * Queue.Count);
  /** Whose frame each queue entry is, and to which destination; read by `onFailure`. */
  private readonly slots = new Int32Array(CAPACITY);
  private readonly tos = new Int32Array(CAPACITY);
  /** Frames in the order they came: descriptor, offset, length, slot, next of the same descriptor, destination. */
  private readonly waiting = new Int32Array(CAPACITY * STRIDE);
  /** First and last waiting frame of each descriptor, −1 if none. */
  private readonly heads: number[] = [];
  private readonly tails: number[] = [];
  private readonly descriptors: number[] = [];
  private count = 0;
  /** How often what waited has been sent. */
  flushes = 0;
  private scratch = 0;
  /** Sends the queue's first `count` entries; returns how many failed. Set before the first frame. */
  send: (count: number) => number = () => 0;

  /** @param readyMade octets for ready-made frames */
  constructor(
    private readonly readyMade: number,
    private readonly onFailure: (slot: number, errno: number, to: number) => void,
  ) {
    this.buffer = new Uint8Array(readyMade + CAPACITY * SCRATCH_STRIDE);
  }

  /** Queues a ready-made frame. @param to which of the router's destinations it goes to; −1: none of them */
  frame(descriptor: number, offset: number, length: number, slot: number, to = -1): void {
    if (this.count === CAPACITY) this.flush();
    const entry = this.count++;
    const at = entry * STRIDE;
    this.waiting[at] = descriptor;
    this.waiting[at + 1] = offset;
    this.waiting[at + 2] = length;
    this.waiting[at + 3] = slot;
    this.waiting[at + 4] = -1;
    this.waiting[at + 5] = to;
    const tail = this.tails[descriptor] ?? -1;
    if (tail >= 0) {
      this.waiting[tail * STRIDE + 4] = entry;
    } else {
      this.heads[descriptor] = entry;
      this.descriptors.push(descriptor);
    }
    this.tails[descriptor] = entry;
  }

  /** Queues a gratuitous ARP for `address` at `mac`. */
  gratuitousArp(descriptor: number, address: string, mac: string, slot: number): void {
    const offset = this.takeScratch();
    encodeGratuitousArp(this.buffer, offset, address, mac);
    this.frame(descriptor, offset, GRATUITOUS_ARP_LENGTH, slot);
  }

  /** Queues an unsolicited neighbour advertisement for `address` at `mac`. */
  neighbourAdvertisement(descriptor: number, address: string, mac: string, slot: number): void {
    const offset = this.takeScratch();
    encodeNeighbourAdvertisement(this.buffer, offset, address, mac);
    this.frame(descriptor, offset, NEIGHBOUR_ADVERTISEMENT_LENGTH, slot);
  }

  private takeScratch(): number {
    if (this.count === CAPACITY) this.flush();
    return this.readyMade + this.scratch++ * SCRATCH_STRIDE;
  }

  /** Sends what waits, the frames of one socket together. */
  flush(): void {
    if (this.count === 0) return;
    this.flushes++;
    let filled = 0;
    for (const descriptor of this.descriptors) {
      for (let entry = this.heads[descriptor]!; entry >= 0; entry = this.waiting[entry * STRIDE + 4]!) {
        const from = entry * STRIDE;
        const to = filled * Queue.Count;
        this.queue[to + Queue.Descriptor] = this.waiting[from]!;
        this.queue[to + Queue.Offset] = this.waiting[from + 1]!;
        this.queue[to + Queue.Length] = this.waiting[from + 2]!;
        this.tos[filled] = this.waiting[from + 5]!;
        this.slots[filled++] = this.waiting[from + 3]!;
      }
      this.heads[descriptor] = -1;
      this.tails[descriptor] = -1;
    }
    this.descriptors.length = 0;
    this.count = 0;
    this.scratch = 0;
    if (this.send(filled) === 0) return;
    for (let i = 0; i < filled; i++) {
      const result = this.queue[i * Queue.Count + Queue.Descriptor]!;
      if (result < 0) this.onFailure(this.slots[i]!, -result, this.tos[i]!);
    }
  }
}
