/** Virtual IP addresses: which ones there can be, and one spelling for each. */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import type { AddressFamily } from '../plugin/contracts/index.ts';
import { addressBytes } from '../vrrp/address.ts';
import { addressNumber, subnetEdges } from '../vrrp/subnet.ts';

/** A usable address, or why it isn't one. `fault` is to be read after the value. */
export type AddressVerdict =
  | {
      readonly family: AddressFamily;
      readonly address: string;
      /** Absent: none is written. */
      readonly prefixLength?: number;
      readonly fault?: undefined;
    }
  | { readonly fault: string };

const EXPECTED = 'must be an IPv4 address such as 192.0.2.1, or an IPv6 address such as 2001:db8::1';

/** Judges a `vip`: an address, with or without a prefix length behind it. */
export function virtualAddress(text: string): AddressVerdict {
  const [address = '', length, ...rest] = text.split('/');
  const family = isIPv4(address) ? 4 : isIPv6(address) ? 6 : undefined;
  if (family === undefined) return { fault: EXPECTED };
  const fault = family === 4 ? fault4(address) : fault6(address);
  if (fault !== undefined) return { fault };
  // inet_ntop's spelling (RFC 5952), so that the same address is equal as a string
  const spelled = family === 4 ? address : new SocketAddress({ address, family: 'ipv6' }).address;
  if (length === undefined) return { family, address: spelled };
  const longest = family === 4 ? 32 : 128;
  const prefixLength = /^[1-9]\d{0,2}$/.test(length) && rest.length === 0 ? Number(length) : 0;
  if (prefixLength < 1 || prefixLength > longest) {
    return { fault: `must have a prefix length of 1 to ${longest} behind the "/", or none` };
  }
  const edge = edgeFault(family, spelled, prefixLength);
  return edge === undefined ? { family, address: spelled, prefixLength } : { fault: edge };
}

/** Judges an address of a host, without a prefix length: a peer's, or our own. */
export function hostAddress(text: string): AddressVerdict {
  if (text.includes('/')) return { fault: 'must be an address without a prefix length' };
  if (/^fe[89ab][0-9a-f]:.*%/i.test(text)) {
    return { fault: "must be an address without a zone: a link-local one is on the router's interface" };
  }
  return virtualAddress(text);
}

function fault4(address: string): string | undefined {
  const first = Number(address.slice(0, address.indexOf('.')));
  if (first === 0) return 'must be an address of a host: 0.0.0.0/8 is "this network" (RFC 1122)';
  if (first === 127) return 'must not be a loopback address';
  if (first >= 224 && first < 240) return 'must not be a multicast address';
  if (address === '255.255.255.255') return 'must not be the broadcast address';
  return undefined;
}

function fault6(address: string): string | undefined {
  if (address.includes('%')) return 'must be an address without a zone';
  const octets = addressBytes(address);
  if (octets[0] === 0xff) return 'must not be a multicast address';
  const rest = octets.subarray(0, 10).some((octet) => octet !== 0);
  if (rest) return undefined;
  if (octets[10] === 0xff && octets[11] === 0xff) {
    return 'must not be an IPv4-mapped address: write the IPv4 address itself';
  }
  if (octets.subarray(10, 15).some((octet) => octet !== 0)) return undefined;
  if (octets[15] === 0) return 'must not be the unspecified address';
  return octets[15] === 1 ? 'must not be a loopback address' : undefined;
}

/** An address that its own prefix length makes one of a subnet, not of a host. */
function edgeFault(family: AddressFamily, address: string, prefixLength: number): string | undefined {
  if (family === 4) {
    const edges = subnetEdges(address, prefixLength);
    const number = addressNumber(address);
    if (number === edges?.own) return "must be an address of a host: this is the subnet's own";
    return number === edges?.broadcast
      ? "must be an address of a host: this is the subnet's broadcast address"
      : undefined;
  }
  // RFC 6164 §5: a /127 has none
  if (prefixLength > 126) return undefined;
  const host = addressBytes(address).some((octet, at) => {
    const bits = Math.min(8, Math.max(0, prefixLength - 8 * at));
    return (octet & (0xff >> bits)) !== 0;
  });
  return host
    ? undefined
    : 'must be an address of a host: this is the anycast address of all routers (RFC 4291 §2.6.1)';
}

/**
 * The link-local address that a virtual router has if none is configured: the last four octets of the virtual MAC
 * address, so the same on every router of the group. Not the identifier made of all six (RFC 4291, appendix A): other
 * daemons send from that.
 */
export function defaultLinkLocal(vrid: number): string {
  return `fe80::5e00:2${vrid.toString(16).padStart(2, '0')}`;
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
