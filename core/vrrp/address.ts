/** IP and MAC addresses between text and octets. */
import { isIPv4, isIPv6 } from 'node:net';
import type { AddressFamily } from './family.ts';

/** Those of no address at all. Thousands of routers share it: an array of its own takes some 300 octets, though it has none. */
export const NO_OCTETS = new Uint8Array();

/** The octets of an IP address, 4 or 16. @throws RangeError if it is none */
export function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.'), Number);
  if (!isIPv6(address)) throw new RangeError(`not an IP address: ${address}`);
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const groups = (text: string): number[] =>
    text === ''
      ? []
      : text.split(':').flatMap((g) => (g.includes('.') ? dotted(g) : [Number.parseInt(g, 16)]));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const words = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
}

function dotted(text: string): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return [(a << 8) | b, (c << 8) | d];
}

/** The text of 4 or 16 octets; IPv6 as RFC 5952 has it. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  // The longest run of two or more zero groups, the first one of equals (RFC 5952 §4.2).
  let best = { at: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && words[i + length] === 0) length++;
    if (length > best.length) best = { at: i, length };
    i += length;
  }
  const hex = (part: number[]): string => part.map((word) => word.toString(16)).join(':');
  if (best.at < 0) return hex(words);
  return `${hex(words.slice(0, best.at))}::${hex(words.slice(best.at + best.length))}`;
}

/** Whether an address is an IPv6 link-local one, fe80::/10 (RFC 4291 §2.4). */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address);
}

/** The octets of a MAC address written `00:00:5e:00:01:07`. */
export function macBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(':'), (octet) => Number.parseInt(octet, 16));
}

/** The virtual router MAC address, `00:00:5e:00:01:{VRID}`, `:02:` for IPv6 (RFC 3768 §7.3, RFC 5798 §7.3). */
export function virtualMac(family: AddressFamily, vrid: number): string {
  return `00:00:5e:00:0${family === 4 ? 1 : 2}:${vrid.toString(16).padStart(2, '0')}`;
}
