/** The core's native part, loaded through node-gyp-build. One system call family each, no policy. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { packageRoot } from '../shared/package-root.ts';
import type { ClaimCalls } from './claims.ts';
import type { HardwareCalls } from './hardware.ts';
import type { ProcessCalls } from './process.ts';
import type { SignalCalls } from './signals.ts';
import type { TapCalls } from './tap.ts';

/** Int32 fields for each slot of `meta`, written by {@link PacketLoop} for every packet received. */
export const Meta = {
  /** The `tag` of the socket that it came from. */
  Tag: 0,
  /** Its length on the wire in octets, which may be more than the slot holds. */
  Length: 1,
  /**
   * 1 if it is for another host or another VLAN: PACKET_OTHERHOST (man 7 packet), which is how the kernel hands
   * a frame with the tag of a VLAN that is not configured to a socket of one EtherType, its tag taken off.
   */
  Foreign: 2,
  Count: 4,
} as const;

/** Int32 fields for each entry of `queue`, a frame to send. */
export const Queue = {
  /** The packet socket; after `flush` the negative errno if it could not be sent. */
  Descriptor: 0,
  /** Where the frame starts in the send buffer. */
  Offset: 1,
  Length: 2,
  Count: 3,
} as const;

/**
 * Packet sockets and one timer in this thread's event loop.
 *
 * At each wake-up it receives into the slots, then calls `onWake(packets, timers, age)`: `packets` slots are
 * filled, the last of them arrived `age` ms ago (0 if that is not known), and with `timers` true (once, last)
 * everything that had arrived has been handed over and the deadlines that have passed are due.
 */
export interface PacketLoop {
  /** Receives from a packet socket; its packets carry `tag` (unsigned 31 bits). */
  add(descriptor: number, tag: number): void;
  /** Receives from it no longer. The descriptor stays open. */
  remove(descriptor: number): void;
  /**
   * Wakes at this time, in ms of CLOCK_MONOTONIC; 0: not at all. At once if it has passed.
   * @param awake the thread does not sleep until then, but looks again and again: only for a fraction of a ms
   */
  setTimer(deadlineMs: number, awake?: boolean): void;
  /** Sends the first `count` entries of the queue. @returns how many of them failed */
  flush(count: number): number;
  /** Stops; idempotent. Sockets stay open. */
  close(): void;
}

/** What the addon exports. Every call throws an Error whose `code` is the errno name. */
export interface Native extends ProcessCalls, SignalCalls, TapCalls, ClaimCalls, HardwareCalls {
  PacketLoop: new (
    receive: Uint8Array,
    slotSize: number,
    meta: Int32Array,
    send: Uint8Array,
    queue: Int32Array,
    onWake: (packets: number, timers: boolean, age: number) => void,
  ) => PacketLoop;
  /** A packet socket (man 7 packet) not bound to anything yet; buffers in octets. */
  openPacketSocket(receiveBuffer: number, sendBuffer: number): number;
  /** From here on it receives frames of this EtherType from this interface. */
  bindPacketSocket(descriptor: number, interfaceIndex: number, etherType: number): void;
  /** PACKET_ADD_MEMBERSHIP for a multicast MAC of 6 octets. */
  joinMulticast(descriptor: number, interfaceIndex: number, mac: Uint8Array): void;
  /** SO_ATTACH_FILTER, replacing an earlier one: four words an instruction, `code, jt, jf, k`. */
  attachFilter(descriptor: number, program: Uint32Array): void;
  /** PACKET_AUXDATA, for `VlanTci` of `Fact` in tap.ts: it costs time for each packet. */
  reportVlanTags(descriptor: number): void;
  /** SO_DETACH_FILTER; nothing happens if there is none. */
  detachFilter(descriptor: number): void;
  closeDescriptor(descriptor: number): void;
  /** CLOCK_MONOTONIC in ms, with fractions. */
  monotonicMs(): number;
  /**
   * SO_NETNS_COOKIE of this thread's network namespace, a decimal number: until the next boot no other namespace has
   * it, while an inode number is soon used again. ENOPROTOOPT before Linux 5.14.
   */
  namespaceCookie(): string;
  /**
   * Scheduling of the calling thread (man 2 sched_setscheduler): `policy` 0 SCHED_OTHER with `nice`,
   * 1 SCHED_FIFO with `priority` 1 to 99.
   */
  setThreadScheduling(policy: 0 | 1, priority: number, nice: number): void;
}

const load = createRequire(import.meta.url)('node-gyp-build') as (folder: string) => Native;

/** The addon, loaded into this thread. */
export const native: Native = load(path.join(packageRoot(), 'core/native'));
