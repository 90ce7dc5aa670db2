/** Virtual IP addresses: which ones there can be, and one spelling for each. */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import type { AddressFamily } from '../plugin/contracts/index.ts';

/** A usable address, or why it isn't one. `fault` is to be read after the value. */
export type AddressVerdict =
  | { readonly family: AddressFamily; readonly address: string; readonly fault?: undefined }
  | { readonly fault: string };

/** Judges a `vip`. */
export function virtualAddress(text: string): AddressVerdict {
  if (isIPv6(text)) {
    if (text.includes('%')) return { fault: 'must be an address without a zone' };
    // inet_ntop's spelling (RFC 5952), so that the same address is equal as a string
    return { family: 6, address: new SocketAddress({ address: text, family: 'ipv6' }).address };
  }
  if (/^[0-9.:a-fA-F]+\/\d+$/.test(text)) {
    return { fault: 'must be an address alone, without a prefix length' };
  }
  if (!isIPv4(text)) return { fault: 'must be an IPv4 address such as 192.0.2.1' };
  const first = Number(text.slice(0, text.indexOf('.')));
  if (first === 0) return { fault: 'must be an address of a host: 0.0.0.0/8 is "this network" (RFC 1122)' };
  if (first === 127) return { fault: 'must not be a loopback address' };
  if (first >= 224 && first < 240) return { fault: 'must not be a multicast address' };
  if (text === '255.255.255.255') return { fault: 'must not be the broadcast address' };
  return { family: 4, address: text };
}

/** Whether this is `address:port`, `[IPv6]:port` or `name:port` to listen on. */
export function isListenAddress(text: string): boolean {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return false;
  const [, six, other, port] = match;
  if (Number(port) < 1 || Number(port) > 65535) return false;
  if (six !== undefined) return isIPv6(six);
  // All digits and dots is meant as an IPv4 address; everything else as a host name (RFC 1123 §2.1)
  if (/^[0-9.]+$/.test(other!)) return isIPv4(other!);
  return /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/.test(other!);
}
