/** The part of the addon that looks at an interface rather than speaking on it: `tap.cc`. */

/** Fields of the array that {@link TapCalls.receivePacket} fills. */
export const Fact = {
  /** Its length on the wire in octets, which may be more than the buffer holds. */
  Length: 0,
  /** When the kernel saw it, in ms since the epoch, with fractions; 0 without `reportTimes`. */
  Time: 1,
  /** `PACKET_*` (man 7 packet): {@link PACKET_OUTGOING}, or where it was addressed to. */
  Type: 2,
  /** Tag control information (IEEE 802.1Q) of the VLAN tag that the kernel has taken off; −1: none. */
  VlanTci: 3,
  Count: 4,
} as const;

/** Type of a packet that this machine itself sends. */
export const PACKET_OUTGOING = 4;

/** Every call throws an Error whose `code` is the errno name. */
export interface TapCalls {
  /** Every interface of the network namespace, up or not (man 3 if_nameindex). */
  interfaces(): { readonly index: number; readonly name: string }[];
  /** `ARPHRD_*` of the interface that a packet socket is bound to: 1 Ethernet, 772 loopback. */
  hardwareType(descriptor: number): number;
  /** PACKET_MR_PROMISC: every frame that reaches the interface, until the descriptor is closed. */
  joinPromiscuous(descriptor: number, interfaceIndex: number): void;
  /** SO_TIMESTAMPNS, for {@link Fact}'s `Time`. */
  reportTimes(descriptor: number): void;
  /**
   * Takes the next packet off the queue.
   * @returns false if there is none
   * @throws Error ENETDOWN, once, when the interface went down or was down from the start
   */
  receivePacket(descriptor: number, buffer: Uint8Array, facts: Float64Array): boolean;
  /** Packets that the queue had no room for since the last call (PACKET_STATISTICS). */
  packetDrops(descriptor: number): number;
  /** Resolves with true once there is something to receive, with false after `timeoutMs`. */
  waitReadable(descriptor: number, timeoutMs: number): Promise<boolean>;
}
