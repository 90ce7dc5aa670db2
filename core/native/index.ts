/** The core's native part, loaded through node-gyp-build. One system call family each, no policy. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { packageRoot } from '../shared/package-root.ts';
import type { ClaimCalls } from './claims.ts';
import type { HardwareCalls } from './hardware.ts';
import type { PacketLoop } from './packet-loop.ts';
import type { PassingCalls } from './passing.ts';
import type { ProcessCalls } from './process.ts';
import type { SignalCalls } from './signals.ts';
import type { TapCalls } from './tap.ts';

/** What the addon exports. Every call throws an Error whose `code` is the errno name. */
export interface Native extends ProcessCalls, SignalCalls, TapCalls, ClaimCalls, HardwareCalls, PassingCalls {
  PacketLoop: new (
    receive: Uint8Array,
    slotSize: number,
    meta: Int32Array,
    send: Uint8Array,
    queue: Int32Array,
    onWake: (packets: number, timers: boolean, woke: number) => void,
  ) => PacketLoop;
  /** A packet socket (man 7 packet) not bound to anything yet; buffers in octets. */
  openPacketSocket(receiveBuffer: number, sendBuffer: number): number;
  /** From here on it receives frames of this EtherType from this interface; 0: none, it only sends. */
  bindPacketSocket(descriptor: number, interfaceIndex: number, etherType: number): void;
  /** PACKET_ADD_MEMBERSHIP for a multicast MAC of 6 octets. */
  joinMulticast(descriptor: number, interfaceIndex: number, mac: Uint8Array): void;
  /**
   * A socket that is a member of the VRRP group of an IP family (224.0.0.18, ff02::12) on an interface, for as long as it
   * is open: the kernel reports that to the network.
   */
  openMembership(family: 4 | 6, interfaceIndex: number): number;
  /**
   * A raw socket (man 7 raw) of an IP family for VRRP, bound to an address of this host, with a filter that nothing passes:
   * see `attachFilter`. It sends with TTL 255; buffers in octets.
   * @param scope index of the interface that a link-local address is on; 0: it is none
   */
  openIpSocket(
    family: 4 | 6,
    source: string,
    scope: number,
    receiveBuffer: number,
    sendBuffer: number,
  ): number;
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

export { Meta, type PacketLoop, Queue } from './packet-loop.ts';

const load = createRequire(import.meta.url)('node-gyp-build') as (folder: string) => Native;

/** The addon, loaded into this thread. */
export const native: Native = load(path.join(packageRoot(), 'core/native'));
