/** Why a virtual router has changed its state, in words. */
import type { VirtualRouterConfig } from '../config/model.ts';
import { CAUSES, causeParts, groupSlot } from './event-ring.ts';

/**
 * What the record of a transition says: `the interface is down`; of a router that has followed its group (`[[sync]]`)
 * `group gw: eth0/7 yielded`.
 * @param code `c` of the record
 * @param routers by slot
 * @param board knows the trackers
 */
export function causeText(
  code: number,
  routers: readonly VirtualRouterConfig[],
  board: { readonly causeText: (code: number) => string },
): string {
  const other = routers[groupSlot(code)];
  if (other === undefined) return board.causeText(code);
  return `group ${other.sync}: ${memberName(other, routers)} ${CAUSES[causeParts(code).cause]}`;
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

/** {@link memberName} of each of them. */
export function memberNames(routers: readonly VirtualRouterConfig[]): string[] {
  const twins = new Map<string, VirtualRouterConfig[]>();
  for (const router of routers) {
    const name = `${router.interface}/${router.vrid}`;
    const others = twins.get(name);
    if (others) others.push(router);
    else twins.set(name, [router]);
  }
  return routers.map((router) => memberName(router, twins.get(`${router.interface}/${router.vrid}`)!));
}
