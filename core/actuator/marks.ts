/**
 * Finds in the kernel what is ours by its marks alone, where no journal tells: a link with a virtual router's MAC
 * address on its interface, an address exactly as only we put it there, label included, and an interface that
 * has a virtual MAC address. A Master that was killed has left them. Pure.
 */
import { isIPv6 } from 'node:net';
import type { VirtualRouterConfig } from '../config/model.ts';
import type { AddressResource, KernelResource, LinkAddress } from '../plugin/contracts/index.ts';
import { isLinkLocal, virtualMac } from '../vrrp/address.ts';
import type { View } from './view.ts';

/** What was found of one virtual router. */
export interface Marked {
  /** In the order to install. */
  readonly resources: KernelResource[];
  /**
   * Virtual addresses on its interface that nothing marks as ours, nor as the interface's own: they have a prefix
   * of their own beside a network.
   */
  readonly doubtful: string[];
}

/** Whether anything in the kernel looks like this router's, so that it is worth a closer look. */
export function isSuspected(router: VirtualRouterConfig, view: View): boolean {
  return (
    view.hasMac(virtualMac(router.family, router.vrid)) ||
    router.addresses.some((address) => view.addressOn(router.interface, address).length > 0)
  );
}

/** @param plan what the router needs of the kernel as Master; empty if that is not known */
export function findMarked(router: VirtualRouterConfig, plan: readonly KernelResource[], view: View): Marked {
  const { interface: home, addresses, family, vrid } = router;
  const mac = virtualMac(family, vrid);
  const index = view.indexOf(home);
  const resources: KernelResource[] = [];
  const wanted = { kind: 'link', type: 'macvlan', parent: home, mac } as const;
  const name = index === 0 ? undefined : view.childOf(index, wanted.type, mac);
  if (name !== undefined) resources.push({ ...wanted, interface: name });
  if (view.macOf(home) === mac) resources.push({ kind: 'mac', interface: home, mac });
  const host = family === 4 ? 32 : 128;
  const hasNetwork = view
    .addressesOf(home)
    .some((other) => other.family === family && other.prefixLength < host && !isLinkLocal(other.address));
  const doubtful: string[] = [];
  for (const address of addresses) {
    const there = view.addressOn(home, address);
    const wanted = plan.find((resource) => isAddressOn(resource, home, address));
    if (wanted && there.some((each) => hasMark(each, wanted))) resources.push(wanted);
    else if (hasNetwork && there.some(({ prefixLength }) => prefixLength === host)) doubtful.push(address);
  }
  return { resources, doubtful };
}

/**
 * Whether an address is as only we put it there, for all that can be seen: with the label of its own that the plan gives
 * it, or, IPv6, as drivers add it.
 */
export function hasMark(found: LinkAddress, wanted: AddressResource): boolean {
  if (found.prefixLength !== wanted.prefixLength) return false;
  if (wanted.family === 6) return found.deprecated === true || found.leased === true;
  return wanted.label !== undefined && wanted.label !== wanted.interface && found.label === wanted.label;
}

function isAddressOn(
  resource: KernelResource,
  home: string,
  address: string,
): resource is { readonly kind: 'address' } & AddressResource {
  return resource.kind === 'address' && resource.interface === home && resource.address === address;
}

/**
 * The MAC address that an interface had when its link-local address was made (RFC 4291, appendix A), which stays
 * when the MAC address changes.
 */
export function macOfLinkLocal(address: string): string | undefined {
  if (!isIPv6(address) || !isLinkLocal(address)) return undefined;
  const [head, tail = ''] = address.split('::') as [string, string?];
  const [front, back] = [head, tail].map((text) => text.split(':').filter((group) => group !== ''));
  const groups = [...front!, ...Array<string>(8 - front!.length - back!.length).fill('0'), ...back!];
  const digits = groups.slice(4).map((group) => group.padStart(4, '0'));
  const octets = digits
    .join('')
    .match(/../g)!
    .map((octet) => Number.parseInt(octet, 16));
  if (octets[3] !== 0xff || octets[4] !== 0xfe) return undefined;
  octets[0]! ^= 2; // the universal/local bit is inverted
  octets.splice(3, 2);
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}
