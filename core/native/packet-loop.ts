/** The part of the addon that receives and sends for the engine, as the memory both sides share: `packet_loop.cc`. */

/** Int32 fields for each slot of `meta`, written by {@link PacketLoop} for every packet received. */
export const Meta = {
  /** The `tag` of the socket that it came from. */
  Tag: 0,
  /** Its length on the wire in octets, which may be more than the slot holds. */
  Length: 1,
  /**
   * Negative: it is no packet, but the errno of one that was sent on a raw IP socket and has not arrived; the frame has the
   * start of its message, and as its destination whom it was for. 1 if it is for another host or another VLAN: PACKET_OTHERHOST (man 7 packet), which is how the kernel hands
   * a frame with the tag of a VLAN that is not configured to a socket of one EtherType, its tag taken off.
   */
  Foreign: 2,
  /** How many µs before the wake-up the kernel received it; 0 if that is not known. */
  Age: 3,
  Count: 4,
} as const;

/** Int32 fields for each entry of `queue`, a frame to send. */
export const Queue = {
  /** The socket; after `flush` the negative errno if it could not be sent. */
  Descriptor: 0,
  /** Where the frame starts in the send buffer. Of one for a raw IP socket its destination address and message count. */
  Offset: 1,
  Length: 2,
  Count: 3,
} as const;

/**
 * Packet sockets, raw IP sockets and one timer in this thread's event loop. What comes from a raw IP socket has the shape of
 * a frame, its MAC addresses zeros.
 *
 * At each wake-up it receives into the slots, then calls `onWake(packets, timers, woke)`: `packets` slots are filled,
 * with `timers` true (once, last) everything that had arrived has been handed over and the deadlines that have passed
 * are due, and `woke` (ms of CLOCK_MONOTONIC) is the time that the packets' ages are counted back from.
 */
export interface PacketLoop {
  /**
   * Receives from a socket; its packets carry `tag` (unsigned 31 bits).
   * @param family of a raw IP socket; absent: it is a packet socket
   * @param scope index of the interface that a raw IP socket's link-local peers are on; 0: it has none
   */
  add(descriptor: number, tag: number, family?: 4 | 6, scope?: number): void;
  /** Receives from it no longer. The descriptor stays open. */
  remove(descriptor: number): void;
  /**
   * Wakes at this time, in ms of CLOCK_MONOTONIC; 0: not at all. At once if it has passed.
   * @param awake the thread does not sleep until then, but looks again and again: only for a few ms
   */
  setTimer(deadlineMs: number, awake?: boolean): void;
  /**
   * Receives what waits on a raw IP socket that was not added, into the slots from the first on, as many packets as there
   * are slots at most: for sockets that wake nobody. To be called from `onWake` alone, after its packets.
   * @returns how many slots are filled
   */
  collect(descriptor: number, tag: number, family: 4 | 6): number;
  /** Sends the first `count` entries of the queue. @returns how many of them failed */
  flush(count: number): number;
  /** Stops; idempotent. Sockets stay open. */
  close(): void;
}
