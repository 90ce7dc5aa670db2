/**
 * What makes a virtual router the one it is: interface, VRID and address family (RFC 5798 §5.2.3 counts VRIDs for
 * each family). Everything that asks whether two are the same asks here. Pure.
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
}

/** The same text for the same virtual router, and only for it. */
export function routerKey({ interface: on, vrid, family }: RouterIdentity): string {
  return `${vrid} ${family} ${on}`;
}

/** Whether a name means a virtual router; one without a family means any that has the rest. */
export function isNamed(router: RouterIdentity, name: RouterName): boolean {
  return (
    router.interface === name.interface &&
    router.vrid === name.group &&
    (name.family === undefined || name.family === router.family)
  );
}

/** How messages call it: `group 7 on eth0`, with the family where the name has it. */
export function nameText({ interface: on, group, family }: RouterName): string {
  return `group ${group} on ${on}${family === undefined ? '' : ` (IPv${family})`}`;
}

/**
 * The identity of a `[[vrouter]]` as it is written, right or not.
 * @returns undefined if the interface or the group is missing or of the wrong type
 */
export function writtenIdentity({ interface: on, group, vip }: RawTable): RouterIdentity | undefined {
  if (typeof on !== 'string' || typeof group !== 'number') return undefined;
  return { interface: on, vrid: group, family: writtenFamily(vip) };
}

/** The family of the first address that is one; IPv4 if there is none. */
function writtenFamily(vip: unknown): AddressFamily {
  const texts: readonly unknown[] = Array.isArray(vip) ? vip : [vip];
  const [first] = texts.flatMap((text) =>
    typeof text !== 'string' ? [] : /^[0-9.]+$/.test(text) ? [4 as const] : isIPv6(text) ? [6 as const] : [],
  );
  return first ?? 4;
}
