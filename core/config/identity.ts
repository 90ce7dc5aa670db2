/**
 * What makes a virtual router the one it is: interface, VRID, address family (RFC 5798 §5.2.3 counts VRIDs for each
 * family) and version: VRRPv2 and VRRPv3 do not hear each other. Everything that asks whether two are the same asks
 * here. Pure.
 */
import { isIPv6 } from 'node:net';
import type { AddressFamily, RouterName } from '../plugin/contracts/index.ts';
import type { RawTable } from './document.ts';

/** An identity; a `VirtualRouterConfig` has one. */
export interface RouterIdentity {
  readonly interface: string;
  /** The virtual router identifier, 0 to 255. */
  readonly vrid: number;
  readonly family: AddressFamily;
  /** VRRP version. */
  readonly version: 2 | 3;
}

/** The same text for the same virtual router, and only for it. */
export function routerKey({ interface: on, vrid, family, version }: RouterIdentity): string {
  return `${vrid} ${family} ${version} ${on}`;
}

/** Whether a name means a virtual router; one without family or version means any that has the rest. */
export function isNamed(router: RouterIdentity, name: RouterName): boolean {
  return (
    router.interface === name.interface &&
    router.vrid === name.group &&
    (name.family === undefined || name.family === router.family) &&
    (name.version === undefined || name.version === router.version)
  );
}

/** How messages call it: `group 7 on eth0`, with family and version where the name has them. */
export function nameText({ interface: on, group, family, version }: RouterName): string {
  const more = [
    ...(family === undefined ? [] : [`IPv${family}`]),
    ...(version === undefined ? [] : [`VRRPv${version}`]),
  ];
  return `group ${group} on ${on}${more.length > 0 ? ` (${more.join(', ')})` : ''}`;
}

/**
 * The virtual routers of a `[[vrouter]]` as it is written, right or not: one for each family of its addresses, IPv4
 * first, and IPv4 if no address is one.
 * @returns empty if the interface or the group is missing or of the wrong type
 */
export function writtenIdentities({ interface: on, group, vip, version }: RawTable): RouterIdentity[] {
  if (typeof on !== 'string' || typeof group !== 'number') return [];
  const texts: readonly unknown[] = Array.isArray(vip) ? vip : [vip];
  const families = new Set(texts.map(writtenFamily));
  const found = ([4, 6] as const).filter((family) => families.has(family));
  const identity = { interface: on, vrid: group, version: version === 3 ? (3 as const) : (2 as const) };
  return (found.length > 0 ? found : [4 as const]).map((family) => ({ ...identity, family }));
}

/** The family of an address as it is written, right or not; undefined if it is none. */
export function writtenFamily(text: unknown): AddressFamily | undefined {
  if (typeof text !== 'string') return undefined;
  const address = text.replace(/\/.*$/s, '');
  return /^[0-9.]+$/.test(address) ? 4 : isIPv6(address) ? 6 : undefined;
}
