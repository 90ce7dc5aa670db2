/** Virtual addresses that no host of the interface's network can have: its own address and its broadcast address. */
import { isIPv4 } from 'node:net';
import type { VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/types.ts';

/**
 * What is wrong with a virtual router's addresses on this interface, undefined if nothing is. Networks of two
 * addresses and of one have neither (RFC 3021).
 */
export function subnetEdgeFault(
  { addresses }: Pick<VirtualRouterConfig, 'addresses'>,
  link: Pick<Link, 'name' | 'addresses'>,
): string | undefined {
  for (const address of addresses.filter(isIPv4)) {
    for (const { family, address: own, prefixLength } of link.addresses) {
      if (family !== 4 || prefixLength < 1 || prefixLength > 30) continue;
      const hosts = 2 ** (32 - prefixLength);
      const first = Math.floor(numberOf(own) / hosts) * hosts;
      const place = numberOf(address) - first;
      if (place !== 0 && place !== hosts - 1) continue;
      const what = place === 0 ? 'network' : 'broadcast';
      return `${address} is the ${what} address of ${own}/${prefixLength} on ${link.name}: vip must be the address of a host`;
    }
  }
  return undefined;
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
