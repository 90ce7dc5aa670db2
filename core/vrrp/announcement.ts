/**
 * What tells the neighbours that a virtual address is here now: gratuitous ARP (RFC 3768 §6.4.1 and §8.2), and for
 * IPv6 unsolicited neighbour advertisements (RFC 9568 §6.4.1 and §8.2.2, RFC 4861 §7.2.6).
 */
import { addressBytes, macBytes } from './address.ts';
import { foldChecksum, sumWords } from './checksum.ts';
import { ETHERNET_LENGTH, ETHERTYPE_IPV6 } from './frame.ts';
import { IP_LENGTH } from './ip-header.ts';
import { HOP_LIMIT } from './packet-rules.ts';

/** EtherType of ARP (RFC 826). */
export const ETHERTYPE_ARP = 0x0806;
const ARP_LENGTH = 28;
/** Octets of a gratuitous ARP frame, padding to Ethernet's minimum left to the device. */
export const GRATUITOUS_ARP_LENGTH = ETHERNET_LENGTH + ARP_LENGTH;

/** IPv6 next header (RFC 4443). */
export const ICMPV6 = 58;
/** ICMPv6 type (RFC 4861 §4.4). */
export const NEIGHBOUR_ADVERTISEMENT = 136;
/** Option type: target link-layer address (RFC 4861 §4.6.1). */
export const TARGET_LINK_LAYER = 2;
/** Where the ICMPv6 message of an untagged frame starts, in octets. */
export const ICMPV6_AT = ETHERNET_LENGTH + IP_LENGTH[6];
/** Where the target of a neighbour advertisement is in it, in octets (RFC 4861 §4.4). */
export const TARGET_ADDRESS_AT = ICMPV6_AT + 8;
/** Octets of the message: header, target, one option. */
const ADVERTISEMENT_LENGTH = 32;
/** Octets of an unsolicited neighbour advertisement's frame. */
export const NEIGHBOUR_ADVERTISEMENT_LENGTH = ICMPV6_AT + ADVERTISEMENT_LENGTH;
/** A router, unsolicited, overrides what the neighbours have. */
const ROUTER_AND_OVERRIDE = 0xa0;
const ALL_NODES = addressBytes('ff02::1');
/** The MAC of ff02::1. */
export const ALL_NODES_MAC = macBytes('33:33:00:00:00:01');

/**
 * Writes a gratuitous ARP request (RFC 5944 §4.6: sender and target address are the same) at `at`.
 *
 * @param mac the MAC that the address is at; also the frame's source, so that switches learn its port
 */
export function encodeGratuitousArp(bytes: Uint8Array, at: number, address: string, mac: string): void {
  const hardware = macBytes(mac);
  const protocol = addressBytes(address);
  const arp = at + ETHERNET_LENGTH;
  bytes.fill(0xff, at, at + 6);
  bytes.set(hardware, at + 6);
  bytes[at + 12] = ETHERTYPE_ARP >> 8;
  bytes[at + 13] = ETHERTYPE_ARP & 0xff;
  // Hardware type Ethernet, protocol IPv4, lengths 6 and 4, operation 1: request (RFC 826).
  bytes.set([0, 1, 8, 0, 6, 4, 0, 1], arp);
  bytes.set(hardware, arp + 8);
  bytes.set(protocol, arp + 14);
  bytes.fill(0, arp + 18, arp + 24);
  bytes.set(protocol, arp + 24);
}

/**
 * Writes an unsolicited neighbour advertisement to all nodes at `at`, from the address itself.
 *
 * @param mac the MAC that the address is at; also the frame's source, so that switches learn its port
 */
export function encodeNeighbourAdvertisement(
  bytes: Uint8Array,
  at: number,
  address: string,
  mac: string,
): void {
  const hardware = macBytes(mac);
  const target = addressBytes(address);
  const ip = at + ETHERNET_LENGTH;
  const icmp = at + ICMPV6_AT;
  bytes.fill(0, at, at + NEIGHBOUR_ADVERTISEMENT_LENGTH);
  bytes.set(ALL_NODES_MAC, at);
  bytes.set(hardware, at + 6);
  bytes[at + 12] = ETHERTYPE_IPV6 >> 8;
  bytes[at + 13] = ETHERTYPE_IPV6 & 0xff;
  bytes[ip] = 0x60;
  bytes[ip + 5] = ADVERTISEMENT_LENGTH;
  bytes[ip + 6] = ICMPV6;
  bytes[ip + 7] = HOP_LIMIT;
  bytes.set(target, ip + 8);
  bytes.set(ALL_NODES, ip + 24);
  bytes[icmp] = NEIGHBOUR_ADVERTISEMENT;
  bytes[icmp + 4] = ROUTER_AND_OVERRIDE;
  bytes.set(target, at + TARGET_ADDRESS_AT);
  bytes[icmp + 24] = TARGET_LINK_LAYER;
  bytes[icmp + 25] = 1; // in units of 8 octets
  bytes.set(hardware, icmp + 26);
  const checksum = foldChecksum(icmpv6Sum(bytes, at, ADVERTISEMENT_LENGTH));
  bytes[icmp + 2] = checksum >> 8;
  bytes[icmp + 3] = checksum & 0xff;
}

/**
 * The sum of an ICMPv6 message and its pseudo-header (RFC 8200 §8.1), for `foldChecksum`.
 * @param at where the frame starts
 * @param length octets of the message
 */
export function icmpv6Sum(bytes: Uint8Array, at: number, length: number): number {
  const addresses = at + ETHERNET_LENGTH + 8;
  const message = at + ICMPV6_AT;
  return sumWords(bytes, message, message + length, sumWords(bytes, addresses, message)) + ICMPV6 + length;
}
