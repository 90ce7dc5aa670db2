/** Arithmetic of IPv4 subnets. */
import { addressBytes } from './address.ts';

/** An IPv4 address as a number of 32 bits. */
export function addressNumber(address: string): number {
  return addressBytes(address).reduce((number, octet) => number * 256 + octet, 0);
}

/** The addresses of a subnet that no host can have (RFC 1812 §4.2.3.1), as numbers. */
export interface SubnetEdges {
  /** The subnet's own. */
  readonly own: number;
  readonly broadcast: number;
}

/** The edges of the subnet that an IPv4 address is in; undefined for /31 (RFC 3021) and /32, which have none. */
export function subnetEdges(address: string, prefixLength: number): SubnetEdges | undefined {
  if (prefixLength > 30) return undefined;
  const hosts = 0xffff_ffff >>> prefixLength;
  const own = (addressNumber(address) & ~hosts) >>> 0;
  return { own, broadcast: (own | hosts) >>> 0 };
}
