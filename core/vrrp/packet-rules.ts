/** What the packets of a virtual router have in common on the wire, sent and received: where to, how far, which message. */
import { addressBytes, macBytes } from './address.ts';
import { ChecksumSort, type MessageRules, messageRules } from './advertisement.ts';
import type { AddressFamily } from './family.ts';

/** Where packets are sent to. */
export interface Destination {
  /** 6 octets. */
  readonly mac: Uint8Array;
  /** 4 or 16 octets. */
  readonly address: Uint8Array;
}

/** The multicast group of each family (RFC 3768 §5.2.2, RFC 5798 §5.1.2.2). */
export const GROUPS: Readonly<Record<AddressFamily, Destination>> = {
  4: { mac: macBytes('01:00:5e:00:00:12'), address: addressBytes('224.0.0.18') },
  6: { mac: macBytes('33:33:00:00:00:12'), address: addressBytes('ff02::12') },
};

/** The TTL or hop limit that shows that a packet is from this network (RFC 3768 §5.2.3). */
export const HOP_LIMIT = 255;

/** See the file's comment. */
export interface PacketRules extends MessageRules {
  readonly destination: Destination;
  /** TTL or hop limit that packets are sent with. */
  readonly hopLimit: number;
  /** What those received must have at least. */
  readonly minHopLimit: number;
  /** Addresses that packets are accepted from, 4 or 16 octets each, one after the other. Absent: from any. */
  readonly peers?: Uint8Array;
}

/** Those of routers that speak to a group, by {@link packetRules}' arguments: thousands of routers share a few. */
const TO_GROUPS = new Map<number, PacketRules>();

/**
 * Those of a virtual router. The same object for the same arguments, if it speaks to a group.
 * @param destination default: the family's multicast group
 * @param sort what a checksum of VRRPv3 over IPv4 covers that is sent; default: as RFC 9568 has it
 * @param extension see {@link MessageRules}; default: none
 */
export function packetRules(
  version: 2 | 3,
  family: AddressFamily,
  destination: Destination = GROUPS[family],
  sort: ChecksumSort = ChecksumSort.Any,
  extension = 0,
): PacketRules {
  if (destination !== GROUPS[family]) return makeRules(version, family, destination, sort, extension);
  const key = extension * 1000 + sort * 100 + family * 10 + version;
  const known = TO_GROUPS.get(key) ?? makeRules(version, family, destination, sort, extension);
  TO_GROUPS.set(key, known);
  return known;
}

function makeRules(
  version: 2 | 3,
  family: AddressFamily,
  destination: Destination,
  sort: ChecksumSort,
  extension: number,
): PacketRules {
  const { trailer, pseudoHeader: usual } = messageRules(version, family);
  const pseudoHeader = usual || (version === 3 && sort === ChecksumSort.PseudoHeader);
  return {
    version,
    trailer,
    pseudoHeader,
    extension,
    family,
    destination,
    hopLimit: HOP_LIMIT,
    minHopLimit: HOP_LIMIT,
  };
}

/** One router's own address. The kernel finds the way, and the MAC. */
export function unicast(address: Uint8Array): Destination {
  return { mac: new Uint8Array(6), address };
}

/** Whether `list`, addresses of `size` octets one after the other, has the one at `bytes[at]`. */
export function listsAddress(list: Uint8Array, size: number, bytes: Uint8Array, at: number): boolean {
  return addressIndex(list, size, bytes, at) >= 0;
}

/** Where in such a list the address at `bytes[at]` is, counted in addresses; −1: it is not there. */
export function addressIndex(list: Uint8Array, size: number, bytes: Uint8Array, at: number): number {
  for (let start = 0; start < list.length; start += size) {
    if (sameAddress(list, start, bytes, at, size)) return start / size;
  }
  return -1;
}

/** Whether the addresses of `size` octets at `a[aAt]` and `b[bAt]` are the same. */
export function sameAddress(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}
