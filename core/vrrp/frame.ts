/**
 * The Ethernet frame around an advertisement (RFC 3768 §5.2 and §7.2, RFC 5798 §5.1), both ways.
 *
 * Ethernet: to the group's multicast MAC, from the virtual router MAC. IP: to 224.0.0.18 or ff02::12, TTL or
 * hop limit 255, protocol 112.
 */

import { macBytes, virtualMac } from './address.ts';
import {
  type Advertisement,
  type AdvertisementFields,
  advertisementLength,
  decodeAdvertisement,
  type Extend,
  encodeBody,
  HEADER_LENGTH,
  pseudoHeaderSum,
  type Sign,
  sealMessage,
} from './advertisement.ts';
import { Drop } from './drop-reasons.ts';
import type { AddressFamily } from './family.ts';
import {
  checkHeader,
  decodeIPv4,
  decodeIPv6,
  encodeIpHeader,
  IP_LENGTH,
  pseudoHeaderOf,
  type ReceivedFrame,
} from './ip-header.ts';
import { GROUPS, HOP_LIMIT, type PacketRules, packetRules } from './packet-rules.ts';

export { compareAddress, emptyFrame, type ReceivedFrame } from './ip-header.ts';

/** Octets of an untagged Ethernet header. */
export const ETHERNET_LENGTH = 14;
/** EtherType of IPv4 (RFC 894). */
export const ETHERTYPE_IPV4 = 0x0800;
/** EtherType of IPv6 (RFC 2464 §3). */
export const ETHERTYPE_IPV6 = 0x86dd;

/** The EtherType of a family. */
export function etherType(family: AddressFamily): number {
  return family === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
}

/** The multicast MAC of a family's VRRP group. */
export function groupMac(family: AddressFamily): Uint8Array {
  return GROUPS[family].mac;
}

/**
 * Octets of a frame with an advertisement of `count` addresses; what may stand behind the message is not counted.
 * @param trailer see {@link advertisementLength}
 */
export function frameLength(version: 2 | 3, family: AddressFamily, count: number, trailer?: number): number {
  return ETHERNET_LENGTH + IP_LENGTH[family] + advertisementLength(version, family, count, trailer);
}

/** Octets of the IP packet in such a frame: what the interface's MTU must hold. */
export function packetLength(version: 2 | 3, family: AddressFamily, count: number, trailer?: number): number {
  return frameLength(version, family, count, trailer) - ETHERNET_LENGTH;
}

/**
 * Writes a whole frame at `at`, to the multicast group.
 *
 * @param source our primary address on the interface, 4 or 16 octets
 * @param rules default: the usual ones
 * @returns the end of the frame
 */
export function encodeFrame(
  bytes: Uint8Array,
  at: number,
  source: Uint8Array,
  fields: AdvertisementFields,
  sign?: Sign,
  rules: PacketRules = packetRules(fields.version, fields.family),
): number {
  const parts = encodeFixedParts(bytes, at, source, fields, rules);
  sealFrame(bytes, at, parts, rules, sign);
  return at + parts.length;
}

/** Where the parts of a frame are, in octets from its start. */
export interface FrameParts {
  readonly message: number;
  /** End of the addresses: what follows, and the checksum, each packet has of its own. */
  readonly bodyEnd: number;
  readonly length: number;
  /** See {@link pseudoHeaderSum}. */
  readonly pseudoHeader: number;
}

/**
 * Writes what all frames with these fields have alike, at `at`. It becomes a frame by {@link sealFrame}.
 * @param source our primary address on the interface, 4 or 16 octets
 */
export function encodeFixedParts(
  bytes: Uint8Array,
  at: number,
  source: Uint8Array,
  fields: AdvertisementFields,
  rules: PacketRules,
): FrameParts {
  const { family } = fields;
  bytes.set(rules.destination.mac, at);
  bytes.set(macBytes(virtualMac(family, fields.vrid)), at + 6);
  bytes[at + 12] = etherType(family) >> 8;
  bytes[at + 13] = etherType(family) & 0xff;
  const ip = at + ETHERNET_LENGTH;
  const message = ip + IP_LENGTH[family];
  const length = advertisementLength(fields.version, family, fields.addresses.length, rules.trailer);
  const whole = length + rules.extension;
  encodeIpHeader(bytes, ip, source, whole, rules);
  return {
    message: message - at,
    bodyEnd: encodeBody(bytes, message, fields) - at,
    length: message + whole - at,
    pseudoHeader:
      family === 4
        ? pseudoHeaderSum(bytes, ip + 12, ip + 16, 4, length)
        : pseudoHeaderSum(bytes, ip + 8, ip + 24, 6, whole),
  };
}

/**
 * Writes what each packet has of its own: authentication data, what stands behind the message, and checksum. May be done
 * again and again to the same frame; nothing is allocated.
 * @throws what `sign` or `extend` throws; the frame is not valid then
 */
export function sealFrame(
  bytes: Uint8Array,
  at: number,
  { message, bodyEnd, pseudoHeader }: FrameParts,
  rules: PacketRules,
  sign?: Sign,
  extend?: Extend,
): void {
  sealMessage(bytes, at + message, at + bodyEnd, rules, pseudoHeader, sign, extend);
}

/**
 * Decodes the headers of the frame `bytes[at, end)` and checks what needs no configuration, for the multicast group. On
 * `ttl`, `source` and `destination` the message's place is known all the same.
 *
 * @returns -1, or the {@link Drop} reason
 */
export function decodeFrame(bytes: Uint8Array, at: number, end: number, out: ReceivedFrame): number {
  const broken = decodeHeader(bytes, at, end, out);
  if (broken >= 0) return broken;
  out.pseudoHeader = pseudoHeaderOf(bytes, out);
  return checkHeader(bytes, out, GROUPS[out.family], HOP_LIMIT);
}

/**
 * The first step of decoding: finds out which virtual router the frame `bytes[at, end)` is for, and where its parts are.
 * Whether it may be like that is that virtual router's affair, see {@link decodeFor}.
 *
 * @returns -1, or the {@link Drop} reason: then it is nobody's
 */
export function decodeHeader(bytes: Uint8Array, at: number, end: number, out: ReceivedFrame): number {
  out.messageStart = end;
  out.messageEnd = end;
  out.sourceAt = -1;
  out.vrid = -1;
  if (end - at < ETHERNET_LENGTH) return Drop.truncated;
  const type = (bytes[at + 12]! << 8) | bytes[at + 13]!;
  const ip = at + ETHERNET_LENGTH;
  let broken = Drop['not-vrrp'];
  if (type === ETHERTYPE_IPV4) broken = decodeIPv4(bytes, ip, end, out);
  else if (type === ETHERTYPE_IPV6) broken = decodeIPv6(bytes, ip, end, out);
  if (broken >= 0) return broken;
  const { messageStart, messageEnd } = out;
  if (messageEnd - messageStart >= HEADER_LENGTH) out.vrid = bytes[messageStart + 1]!;
  return -1;
}

/**
 * The second step: checks the headers and decodes the message by the rules of the virtual router that it is for, all of
 * RFC 3768 §7.1 that needs nothing else of the router.
 *
 * @param frame what {@link decodeHeader} has found
 * @param rules undefined: it is for none here, and goes by those of its own version
 * @returns -1, or the {@link Drop} reason
 */
export function decodeFor(
  bytes: Uint8Array,
  frame: ReceivedFrame,
  rules: PacketRules | undefined,
  out: Advertisement,
): number {
  const { messageStart, messageEnd, family } = frame;
  const outside = rules
    ? checkHeader(bytes, frame, rules.destination, rules.minHopLimit, rules.peers)
    : checkHeader(bytes, frame, family === 4 ? GROUPS[4] : GROUPS[6], HOP_LIMIT);
  if (outside >= 0) return outside;
  const isWithout = bytes[messageStart]! >> 4 === 2 && rules?.pseudoHeader !== true;
  const pseudoHeader = isWithout ? 0 : pseudoHeaderOf(bytes, frame);
  const inside = decodeAdvertisement(bytes, messageStart, messageEnd, family, pseudoHeader, out, rules);
  if (inside >= 0) return inside;
  return rules && rules.version !== out.version ? Drop.version : -1;
}
