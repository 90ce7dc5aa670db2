/** Why a virtual router has changed its state, in words. */
import type { VirtualRouterConfig } from '../config/model.ts';
import { CAUSES, splitCause } from './event-ring.ts';

/**
 * What the record of a transition says: `the interface is down`; of a router that has followed its group (`[[sync]]`)
 * `group gw: eth0/7 yielded`.
 * @param recorded `c` of the record
 * @param routers by slot
 */
export function causeText(recorded: number, routers: readonly VirtualRouterConfig[]): string {
  const { cause, slot } = splitCause(recorded);
  const text = CAUSES[cause as keyof typeof CAUSES & number] ?? 'an unknown cause';
  const other = routers[slot];
  return other ? `group ${other.sync}: ${memberName(other, routers)} ${text}` : text;
}

/** How `[[sync]]` names a virtual router: `eth0/7`, with family and version where another one has the same. */
export function memberName(router: VirtualRouterConfig, routers: readonly VirtualRouterConfig[]): string {
  const others = routers.filter(
    (other) => other.interface === router.interface && other.vrid === router.vrid,
  );
  const differs = (what: 'family' | 'version'): boolean =>
    others.some((other) => other[what] !== router[what]);
  return [
    `${router.interface}/${router.vrid}`,
    ...(differs('family') ? [`ipv${router.family}`] : []),
    ...(differs('version') ? [`v${router.version}`] : []),
  ].join('/');
}
