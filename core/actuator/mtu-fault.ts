/** Whether the advertisements of a virtual router fit their interface: the one that does not is never sent. */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/contracts/index.ts';
import { packetLength } from '../vrrp/frame.ts';

/** @returns what is wrong, and what would be right; undefined: they fit */
export function mtuFault(
  { version, family, addresses }: Pick<VirtualRouterConfig, 'version' | 'family' | 'addresses'>,
  link: Link | undefined,
): string | undefined {
  if (!link) return undefined;
  const octets = packetLength(version, family, addresses.length);
  if (octets <= link.mtu) return undefined;
  return (
    `an advertisement with its ${addresses.length} addresses takes ${octets} octets, and ${link.name} has an MTU of ` +
    `${link.mtu}: give it fewer addresses, or all routers of the group a larger MTU`
  );
}
