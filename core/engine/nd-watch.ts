/**
 * What other stations tell the neighbours about our virtual IPv6 addresses: neighbour advertisements (RFC 4861 §4.4),
 * for a socket beside the one for VRRP, as arp-watch.ts has it for IPv4.
 */
import {
  ICMPV6,
  ICMPV6_AT,
  icmpv6Sum,
  NEIGHBOUR_ADVERTISEMENT,
  TARGET_ADDRESS_AT,
  TARGET_LINK_LAYER,
} from '../vrrp/announcement.ts';
import { foldChecksum } from '../vrrp/checksum.ts';
import { ETHERTYPE_IPV6 } from '../vrrp/frame.ts';
import { HOP_LIMIT } from '../vrrp/packet-rules.ts';
import { FOR_US_UNTAGGED } from './watch.ts';

const NEXT_HEADER_AT = 20;
const HOP_LIMIT_AT = 21;
const OPTIONS_AT = ICMPV6_AT + 24;

/** More addresses than this are not compared in the kernel. */
const MOST_COMPARED = 255;

/**
 * The socket's filter, four words an instruction (linux/filter.h): untagged neighbour advertisements whose target ends
 * like one of our addresses; where we have more than can be compared, all of them.
 * @param addresses of 16 octets each, one after the other
 */
export function ndProgram(addresses: Uint8Array): Uint32Array {
  const program: number[][] = [
    ...FOR_US_UNTAGGED,
    [0x28, 0, 0, 12],
    [0x15, 1, 0, ETHERTYPE_IPV6],
    [0x06, 0, 0, 0],
    [0x30, 0, 0, NEXT_HEADER_AT],
    [0x15, 1, 0, ICMPV6],
    [0x06, 0, 0, 0],
    [0x30, 0, 0, ICMPV6_AT],
    [0x15, 1, 0, NEIGHBOUR_ADVERTISEMENT],
    [0x06, 0, 0, 0],
  ];
  const count = addresses.length / 16;
  if (count > MOST_COMPARED) program.push([0x06, 0, 0, 0x40000]);
  else {
    program.push([0x20, 0, 0, TARGET_ADDRESS_AT + 12]);
    for (let i = 0; i < count; i++) {
      const [a = 0, b = 0, c = 0, d = 0] = addresses.subarray(i * 16 + 12, i * 16 + 16);
      program.push([0x15, 0, 1, ((a << 24) | (b << 16) | (c << 8) | d) >>> 0], [0x06, 0, 0, 0x40000]);
    }
  }
  program.push([0x06, 0, 0, 0]);
  return Uint32Array.from(program.flat());
}

/** Whether the frame is a neighbour advertisement without extension headers, before it is checked at all. */
export function isNeighbourAdvertisement(bytes: Uint8Array, at: number, length: number): boolean {
  return (
    length >= OPTIONS_AT &&
    bytes[at + NEXT_HEADER_AT] === ICMPV6 &&
    bytes[at + 12] === ETHERTYPE_IPV6 >> 8 &&
    bytes[at + 13] === (ETHERTYPE_IPV6 & 0xff) &&
    bytes[at + ICMPV6_AT] === NEIGHBOUR_ADVERTISEMENT
  );
}

/**
 * The MAC that a neighbour advertisement tells, as a number of 48 bits: that of its target link-layer address option, or
 * without one the frame's sender's.
 * @returns −1 if it is none that hosts would believe (RFC 4861 §7.1.2)
 */
export function toldMac(bytes: Uint8Array, at: number, length: number): number {
  const payload = (bytes[at + 18]! << 8) | bytes[at + 19]!;
  const end = at + ICMPV6_AT + payload;
  if (payload < 24 || end > at + length) return -1;
  if (bytes[at + HOP_LIMIT_AT] !== HOP_LIMIT || bytes[at + ICMPV6_AT + 1] !== 0) return -1;
  if (foldChecksum(icmpv6Sum(bytes, at, payload)) !== 0) return -1;
  let macAt = at + 6;
  for (let option = at + OPTIONS_AT; option + 8 <= end; option += bytes[option + 1]! * 8) {
    if (bytes[option + 1] === 0) return -1;
    if (bytes[option] === TARGET_LINK_LAYER) macAt = option + 2;
  }
  let mac = 0;
  for (let i = 0; i < 6; i++) mac = mac * 256 + bytes[macAt + i]!;
  return mac;
}
