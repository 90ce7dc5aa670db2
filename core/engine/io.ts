/**
 * What the engine asks of the world: the time, packets in and out, sockets. It is handed in, so that all of it can be
 * made up: tests run engines on virtual time and virtual wires (test/virtual-host.ts).
 */
import os from 'node:os';
import { type Native, native } from '../native/index.ts';
import type { PacketLoop } from '../native/packet-loop.ts';
import { claimantOf, RouterClaims } from '../threads/router-claims.ts';
import { closeLater } from './closing.ts';

/** Told when the engine begins to serve what it woke for, and when it has. */
export interface Turns {
  readonly begin: () => void;
  readonly end: () => void;
}

/** What an engine needs to run: the time, and a packet loop. */
export interface EngineIo {
  readonly turns?: Turns;
  /** The clock of everything in the engine: CLOCK_MONOTONIC in ms, with fractions. */
  readonly now: () => number;
  /** How many ms ago the machine was booted: CLOCK_BOOTTIME. */
  readonly sinceBoot: () => number;
  /** UTC in ms since 1970. */
  readonly wall: () => number;
  /** A packet loop over these buffers, see {@link PacketLoop}. @throws Error with an errno `code` */
  readonly loop: (...memory: ConstructorParameters<Native['PacketLoop']>) => PacketLoop;
}

/** Packet sockets and raw IP sockets, see {@link Native}. Every call throws an Error with an errno `code`. */
export type PacketSockets = Pick<
  Native,
  | 'openPacketSocket'
  | 'bindPacketSocket'
  | 'openIpSocket'
  | 'joinMulticast'
  | 'openMembership'
  | 'attachFilter'
  | 'detachFilter'
  | 'closeDescriptor'
>;

/** What this process holds of the namespace's virtual routers, see {@link RouterClaims}. */
export type Claims = Pick<RouterClaims, 'take' | 'release'>;

/** What it takes to follow the links with sockets. */
export interface PlacementIo {
  readonly sockets: PacketSockets;
  /** @param onUnguarded told once should a claim fail for want of descriptors or the like */
  readonly claims: (onUnguarded: (reason: string) => void) => Claims;
  /** The process that has a claim, undefined if it cannot be told. */
  readonly claimant: (name: string) => number | undefined;
  /** Calls `act` once, `ms` from now, unless it is called off by what is returned. Does not keep the thread alive. */
  readonly after: (ms: number, act: () => void) => () => void;
  /** Closes a packet socket beside the engine, see closing.ts. */
  readonly closeLater: (descriptor: number) => void;
  /** Calls `act` once packets and deadlines have had their turn, unless it is called off by what is returned. */
  readonly soon: (act: () => void) => () => void;
}

/** The kernel's. */
export const kernelIo: EngineIo & PlacementIo = {
  now: native.monotonicMs,
  sinceBoot: () => os.uptime() * 1000, // by libuv CLOCK_BOOTTIME, or /proc/uptime, which shows the same
  wall: Date.now,
  loop: (...memory) => new native.PacketLoop(...memory),
  sockets: native,
  closeLater,
  claims: (onUnguarded) => new RouterClaims(onUnguarded),
  claimant: claimantOf,
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon: (act) => {
    const turn = setImmediate(act);
    return () => clearImmediate(turn);
  },
};
