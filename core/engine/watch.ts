/** Sockets that hear what other stations tell the neighbours about our virtual addresses: ARP, neighbour advertisements. */
import type { Link } from '../plugin/contracts/index.ts';
import type { PacketSockets } from './io.ts';

/** Octets. One packet in time is enough; of a flood the kernel may drop what it likes. */
const RECEIVE_BUFFER = 256 << 10;
const SEND_BUFFER = 4096;

/** SKF_AD_OFF + SKF_AD_PKTTYPE and SKF_AD_VLAN_TAG_PRESENT, from linux/filter.h. */
const PACKET_TYPE = 0xfffff000 + 4;
const VLAN_TAG_PRESENT = 0xfffff000 + 48;
const PACKET_OTHERHOST = 3;

/** Begins a filter, four words an instruction: neither what is for another host passes nor what has a VLAN tag. */
export const FOR_US_UNTAGGED: readonly number[][] = [
  [0x20, 0, 0, PACKET_TYPE],
  [0x15, 0, 1, PACKET_OTHERHOST],
  [0x06, 0, 0, 0],
  [0x20, 0, 0, VLAN_TAG_PRESENT],
  [0x15, 1, 0, 0],
  [0x06, 0, 0, 0],
];

/** Opens such a socket. @param group absent: none has to be joined @throws Error with an errno `code` */
export function openWatch(
  link: Link,
  etherType: number,
  program: Uint32Array,
  sockets: PacketSockets,
  group?: Uint8Array,
): number {
  const descriptor = sockets.openPacketSocket(RECEIVE_BUFFER, SEND_BUFFER);
  try {
    sockets.attachFilter(descriptor, program);
    if (group) sockets.joinMulticast(descriptor, link.index, group);
    sockets.bindPacketSocket(descriptor, link.index, etherType);
    return descriptor;
  } catch (error) {
    sockets.closeDescriptor(descriptor);
    throw error;
  }
}
