/** The IP header around a message, both ways; and whether it may be like that. */
import { addressLength, IPPROTO_VRRP, pseudoHeaderSum } from './advertisement.ts';
import { foldChecksum, sumWords } from './checksum.ts';
import { Drop } from './drop-reasons.ts';
import type { AddressFamily } from './family.ts';
import { type Destination, listsAddress, type PacketRules } from './packet-rules.ts';

/** DSCP CS6, network control. */
const TOS_CS6 = 0xc0;
/** Octets of an IP header without options. */
export const IP_LENGTH = { 4: 20, 6: 40 } as const;

/** Writes the header at `ip`. @param length octets of the message */
export function encodeIpHeader(
  bytes: Uint8Array,
  ip: number,
  source: Uint8Array,
  length: number,
  { family, destination, hopLimit }: PacketRules,
): void {
  const end = ip + IP_LENGTH[family];
  bytes.fill(0, ip, end);
  if (family === 4) {
    bytes[ip] = 0x45;
    bytes[ip + 1] = TOS_CS6;
    writeWord(bytes, ip + 2, IP_LENGTH[4] + length);
    bytes[ip + 8] = hopLimit;
    bytes[ip + 9] = IPPROTO_VRRP;
    bytes.set(source, ip + 12);
    bytes.set(destination.address, ip + 16);
    writeWord(bytes, ip + 10, foldChecksum(sumWords(bytes, ip, end)));
    return;
  }
  bytes[ip] = 0x60 | (TOS_CS6 >> 4);
  bytes[ip + 1] = (TOS_CS6 & 0x0f) << 4;
  writeWord(bytes, ip + 4, length);
  bytes[ip + 6] = IPPROTO_VRRP;
  bytes[ip + 7] = hopLimit;
  bytes.set(source, ip + 8);
  bytes.set(destination.address, ip + 24);
}

/** The outside of a received frame; offsets are into the buffer that was decoded. */
export interface ReceivedFrame {
  family: AddressFamily;
  /** Where the sender's IP address starts, −1 if the frame is too short to have one. */
  sourceAt: number;
  destinationAt: number;
  /** TTL or hop limit. */
  hopLimit: number;
  /** Virtual router that it is for, −1 if the message is too short to be one. */
  vrid: number;
  /** The VRRP message. */
  messageStart: number;
  messageEnd: number;
  /** See {@link pseudoHeaderSum}; `decodeFrame` alone sets it. */
  pseudoHeader: number;
}

/** See {@link pseudoHeaderSum}. */
export function pseudoHeaderOf(
  bytes: Uint8Array,
  { sourceAt, destinationAt, family, messageStart, messageEnd }: ReceivedFrame,
): number {
  return pseudoHeaderSum(bytes, sourceAt, destinationAt, family, messageEnd - messageStart);
}

/** A frame to decode into, so that decoding allocates nothing. */
export function emptyFrame(): ReceivedFrame {
  return {
    family: 4,
    sourceAt: 0,
    destinationAt: 0,
    hopLimit: 0,
    vrid: -1,
    messageStart: 0,
    messageEnd: 0,
    pseudoHeader: 0,
  };
}

/**
 * Checks the header that {@link decodeIPv4} or {@link decodeIPv6} has decoded.
 * @param destination where the packet must be sent to
 * @param least the TTL or hop limit that it must have at least
 * @param peers see {@link PacketRules}
 * @returns -1, or the {@link Drop} reason
 */
export function checkHeader(
  bytes: Uint8Array,
  { family, sourceAt, destinationAt, hopLimit }: ReceivedFrame,
  destination: Destination,
  least: number,
  peers?: Uint8Array,
): number {
  if (!sameBytes(bytes, destinationAt, destination.address)) return Drop.destination;
  if (!(family === 4 ? isHostIPv4(bytes[sourceAt]!) : isHostIPv6(bytes, sourceAt))) return Drop.source;
  if (peers && !listsAddress(peers, addressLength(family), bytes, sourceAt)) return Drop.peer;
  return hopLimit >= least ? -1 : Drop.ttl;
}

/** Decodes the header at `ip`. @returns -1, or the {@link Drop} reason: then the message's place is not known */
export function decodeIPv4(bytes: Uint8Array, ip: number, end: number, out: ReceivedFrame): number {
  out.family = 4;
  if (end - ip < IP_LENGTH[4]) return Drop.truncated;
  out.sourceAt = ip + 12;
  out.destinationAt = ip + 16;
  out.hopLimit = bytes[ip + 8]!;
  if (bytes[ip + 9] !== IPPROTO_VRRP) return Drop['not-vrrp'];
  const headerLength = (bytes[ip]! & 0x0f) * 4;
  if (bytes[ip]! >> 4 !== 4 || headerLength < IP_LENGTH[4]) return Drop['ip-header'];
  const total = readWord(bytes, ip + 2);
  if (total < headerLength) return Drop['ip-header'];
  if (end - ip < total) return Drop.truncated;
  // An IPv4 fragment (RFC 791): VRRP messages are never long enough to be one.
  if ((readWord(bytes, ip + 6) & 0x3fff) !== 0) return Drop['ip-header'];
  if (foldChecksum(sumWords(bytes, ip, ip + headerLength)) !== 0) return Drop['ip-header'];
  out.messageStart = ip + headerLength;
  out.messageEnd = ip + total; // what follows is Ethernet padding
  return -1;
}

/** The same for IPv6. */
export function decodeIPv6(bytes: Uint8Array, ip: number, end: number, out: ReceivedFrame): number {
  out.family = 6;
  if (end - ip < IP_LENGTH[6]) return Drop.truncated;
  out.sourceAt = ip + 8;
  out.destinationAt = ip + 24;
  out.hopLimit = bytes[ip + 7]!;
  if (bytes[ip + 6] !== IPPROTO_VRRP) return Drop['not-vrrp'];
  if (bytes[ip]! >> 4 !== 6) return Drop['ip-header'];
  const length = readWord(bytes, ip + 4);
  if (end - ip < IP_LENGTH[6] + length) return Drop.truncated;
  out.messageStart = ip + IP_LENGTH[6];
  out.messageEnd = ip + IP_LENGTH[6] + length;
  return -1;
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
