/**
 * The Ethernet frame around an advertisement (RFC 3768 §5.2 and §7.2, RFC 5798 §5.1), both ways.
 *
 * Ethernet: to the group's multicast MAC, from the virtual router MAC. IP: to 224.0.0.18 or ff02::12, TTL or
 * hop limit 255, protocol 112.
 */

import { addressBytes, macBytes, virtualMac } from './address.ts';
import {
  type AdvertisementFields,
  advertisementLength,
  encodeAdvertisement,
  IPPROTO_VRRP,
  pseudoHeaderSum,
} from './advertisement.ts';
import { foldChecksum, sumWords } from './checksum.ts';
import { Drop } from './drop-reasons.ts';
import type { AddressFamily } from './family.ts';

/** Octets of an untagged Ethernet header. */
export const ETHERNET_LENGTH = 14;
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;

/** DSCP CS6, network control. */
const TOS_CS6 = 0xc0;
const HOP_LIMIT = 255;

const GROUP = {
  4: { mac: macBytes('01:00:5e:00:00:12'), address: addressBytes('224.0.0.18'), header: 20 },
  6: { mac: macBytes('33:33:00:00:00:12'), address: addressBytes('ff02::12'), header: 40 },
} as const;

/** The EtherType of a family. */
export function etherType(family: AddressFamily): number {
  return family === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
}

/** The multicast MAC of a family's VRRP group. */
export function groupMac(family: AddressFamily): Uint8Array {
  return GROUP[family].mac;
}

/** Octets of a frame with an advertisement of `count` addresses. */
export function frameLength(version: 2 | 3, family: AddressFamily, count: number): number {
  return ETHERNET_LENGTH + GROUP[family].header + advertisementLength(version, family, count);
}

/**
 * Writes a whole frame at `at`.
 *
 * @param source our primary address on the interface, 4 or 16 octets
 * @param sign see {@link encodeAdvertisement}
 * @returns the end of the frame
 */
export function encodeFrame(
  bytes: Uint8Array,
  at: number,
  source: Uint8Array,
  fields: AdvertisementFields,
  sign?: (bytes: Uint8Array, start: number, end: number) => void,
): number {
  const { family } = fields;
  const group = GROUP[family];
  bytes.set(group.mac, at);
  bytes.set(macBytes(virtualMac(family, fields.vrid)), at + 6);
  bytes[at + 12] = etherType(family) >> 8;
  bytes[at + 13] = etherType(family) & 0xff;
  const ip = at + ETHERNET_LENGTH;
  const message = ip + group.header;
  const length = advertisementLength(fields.version, family, fields.addresses.length);
  bytes.fill(0, ip, message);
  if (family === 4) {
    bytes[ip] = 0x45;
    bytes[ip + 1] = TOS_CS6;
    writeWord(bytes, ip + 2, group.header + length);
    bytes[ip + 8] = HOP_LIMIT;
    bytes[ip + 9] = IPPROTO_VRRP;
    bytes.set(source, ip + 12);
    bytes.set(group.address, ip + 16);
    writeWord(bytes, ip + 10, foldChecksum(sumWords(bytes, ip, message)));
    const pseudo = pseudoHeaderSum(bytes, ip + 12, ip + 16, 4, length);
    return encodeAdvertisement(bytes, message, fields, pseudo, sign);
  }
  bytes[ip] = 0x60 | (TOS_CS6 >> 4);
  bytes[ip + 1] = (TOS_CS6 & 0x0f) << 4;
  writeWord(bytes, ip + 4, length);
  bytes[ip + 6] = IPPROTO_VRRP;
  bytes[ip + 7] = HOP_LIMIT;
  bytes.set(source, ip + 8);
  bytes.set(group.address, ip + 24);
  return encodeAdvertisement(
    bytes,
    message,
    fields,
    pseudoHeaderSum(bytes, ip + 8, ip + 24, 6, length),
    sign,
  );
}

/** The outside of a received frame; offsets are into the buffer that was decoded. */
export interface ReceivedFrame {
  family: AddressFamily;
  /** Where the sender's IP address starts, −1 if the frame is too short to have one. */
  sourceAt: number;
  /** The VRRP message. */
  messageStart: number;
  messageEnd: number;
  /** See {@link pseudoHeaderSum}. */
  pseudoHeader: number;
}

/** A frame to decode into, so that decoding allocates nothing. */
export function emptyFrame(): ReceivedFrame {
  return { family: 4, sourceAt: 0, messageStart: 0, messageEnd: 0, pseudoHeader: 0 };
}

/**
 * Decodes the headers of the frame `bytes[at, end)` and checks them. On `ttl`, `source` and `destination` the
 * message's place is known all the same, so that the drop can be counted for its virtual router.
 *
 * @returns -1, or the {@link Drop} reason
 */
export function decodeFrame(bytes: Uint8Array, at: number, end: number, out: ReceivedFrame): number {
  out.messageStart = end;
  out.messageEnd = end;
  out.sourceAt = -1;
  if (end - at < ETHERNET_LENGTH) return Drop.truncated;
  const type = (bytes[at + 12]! << 8) | bytes[at + 13]!;
  const ip = at + ETHERNET_LENGTH;
  if (type === ETHERTYPE_IPV4) return decodeIPv4(bytes, ip, end, out);
  if (type === ETHERTYPE_IPV6) return decodeIPv6(bytes, ip, end, out);
  return Drop['not-vrrp'];
}

function decodeIPv4(bytes: Uint8Array, ip: number, end: number, out: ReceivedFrame): number {
  out.family = 4;
  if (end - ip < 20) return Drop.truncated;
  out.sourceAt = ip + 12;
  if (bytes[ip + 9] !== IPPROTO_VRRP) return Drop['not-vrrp'];
  const headerLength = (bytes[ip]! & 0x0f) * 4;
  if (bytes[ip]! >> 4 !== 4 || headerLength < 20) return Drop['ip-header'];
  const total = readWord(bytes, ip + 2);
  if (total < headerLength) return Drop['ip-header'];
  if (end - ip < total) return Drop.truncated;
  // An IPv4 fragment (RFC 791): VRRP messages are never long enough to be one.
  if ((readWord(bytes, ip + 6) & 0x3fff) !== 0) return Drop['ip-header'];
  if (foldChecksum(sumWords(bytes, ip, ip + headerLength)) !== 0) return Drop['ip-header'];
  out.messageStart = ip + headerLength;
  out.messageEnd = ip + total; // what follows is Ethernet padding
  out.pseudoHeader = pseudoHeaderSum(bytes, ip + 12, ip + 16, 4, total - headerLength);
  if (!sameBytes(bytes, ip + 16, GROUP[4].address)) return Drop.destination;
  if (!isHostIPv4(bytes[ip + 12]!)) return Drop.source;
  return bytes[ip + 8] === HOP_LIMIT ? -1 : Drop.ttl;
}

function decodeIPv6(bytes: Uint8Array, ip: number, end: number, out: ReceivedFrame): number {
  out.family = 6;
  if (end - ip < 40) return Drop.truncated;
  out.sourceAt = ip + 8;
  if (bytes[ip + 6] !== IPPROTO_VRRP) return Drop['not-vrrp'];
  if (bytes[ip]! >> 4 !== 6) return Drop['ip-header'];
  const length = readWord(bytes, ip + 4);
  if (end - ip < 40 + length) return Drop.truncated;
  out.messageStart = ip + 40;
  out.messageEnd = ip + 40 + length;
  out.pseudoHeader = pseudoHeaderSum(bytes, ip + 8, ip + 24, 6, length);
  if (!sameBytes(bytes, ip + 24, GROUP[6].address)) return Drop.destination;
  if (!isHostIPv6(bytes, ip + 8)) return Drop.source;
  return bytes[ip + 7] === HOP_LIMIT ? -1 : Drop.ttl;
}

/**
 * Whether an IPv4 address that begins with this octet can be a router's on a network: not 0.0.0.0/8, not 127.0.0.0/8,
 * no multicast, neither reserved nor the broadcast address (RFC 1122 §3.2.1.3).
 */
function isHostIPv4(first: number): boolean {
  return first !== 0 && first !== 127 && first < 224;
}

/** The same for IPv6: neither multicast nor :: nor ::1 (RFC 4291 §2.4). */
function isHostIPv6(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === 0xff) return false;
  for (let i = 0; i < 15; i++) if (bytes[at + i] !== 0) return true;
  return bytes[at + 15]! > 1;
}

/** Compares addresses as big-endian numbers (RFC 3768 §6.4.3: "greater than the local primary IP Address"). */
export function compareAddress(bytes: Uint8Array, at: number, own: Uint8Array): number {
  for (let i = 0; i < own.length; i++) {
    const difference = bytes[at + i]! - own[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function sameBytes(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  return compareAddress(bytes, at, expected) === 0;
}

function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function writeWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
}
