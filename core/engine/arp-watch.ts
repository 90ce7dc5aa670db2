/** What other stations tell the neighbours about our virtual IPv4 addresses: what a socket for ARP lets through. */
import { ETHERTYPE_ARP, GRATUITOUS_ARP_LENGTH } from '../vrrp/announcement.ts';
import { ETHERNET_LENGTH } from '../vrrp/frame.ts';
import { FOR_US_UNTAGGED } from './watch.ts';

/** Where the sender's MAC is in an untagged frame, in octets (RFC 826). */
export const SENDER_MAC_AT = ETHERNET_LENGTH + 8;
/** Where the sender's IPv4 address is, in octets. */
export const SENDER_ADDRESS_AT = ETHERNET_LENGTH + 14;
const TARGET_ADDRESS_AT = ETHERNET_LENGTH + 24;

/** More addresses than this are not compared in the kernel, for every ARP packet passes all comparisons. */
const MOST_COMPARED = 255;
/**
 * The socket's filter, four words an instruction (linux/filter.h): untagged ARP for IPv4 whose sender has one of
 * our addresses; where we have more than can be compared, every gratuitous one.
 * @param addresses of 4 octets each, one after the other
 */
export function arpProgram(addresses: Uint8Array): Uint32Array {
  const count = addresses.length / 4;
  const program: number[][] = [
    ...FOR_US_UNTAGGED,
    [0x28, 0, 0, 12],
    [0x15, 1, 0, ETHERTYPE_ARP],
    [0x06, 0, 0, 0],
  ];
  if (count > MOST_COMPARED) {
    program.push(
      [0x20, 0, 0, TARGET_ADDRESS_AT],
      [0x07, 0, 0, 0], // tax
      [0x20, 0, 0, SENDER_ADDRESS_AT],
      [0x1d, 0, 1, 0], // jeq x
      [0x06, 0, 0, 0x40000],
    );
  } else {
    program.push([0x20, 0, 0, SENDER_ADDRESS_AT]);
    for (let i = 0; i < count; i++) {
      const [a = 0, b = 0, c = 0, d = 0] = addresses.subarray(i * 4, i * 4 + 4);
      program.push([0x15, 0, 1, ((a << 24) | (b << 16) | (c << 8) | d) >>> 0], [0x06, 0, 0, 0x40000]);
    }
  }
  program.push([0x06, 0, 0, 0]);
  return Uint32Array.from(program.flat());
}

/** Whether the frame is ARP that tells an IPv4 address's MAC; else it is none of what such a socket is for. */
export function isArp(bytes: Uint8Array, at: number, length: number): boolean {
  return (
    length >= GRATUITOUS_ARP_LENGTH &&
    bytes[at + 12] === ETHERTYPE_ARP >> 8 &&
    bytes[at + 13] === (ETHERTYPE_ARP & 0xff) &&
    bytes[at + 18] === 6 &&
    bytes[at + 19] === 4
  );
}

/** The sender's MAC in an ARP frame, as a number of 48 bits. */
export function senderMac(bytes: Uint8Array, at: number): number {
  let mac = 0;
  for (let i = 0; i < 6; i++) mac = mac * 256 + bytes[at + SENDER_MAC_AT + i]!;
  return mac;
}
