/** What a network driver must be able to do beyond the minimum. Pure. */
import type { FurtherAddress, VirtualRouterConfig } from '../config/model.ts';
import type { DriverCapability, KernelResource } from './contracts/index.ts';

/** Metrics up to here can be told to the kernel in every way (`rt_metric` of net/route.h is a short, one more). */
const PLAIN_METRIC = 32_766;
/**
 * Interface names up to here leave room for a label of their own for each of a thousand addresses: a label has 15
 * characters, of which a colon and two are for the address (man 7 netdevice).
 */
const LONGEST_ALIASED_NAME = 12;

/** A need, and why, as part of a sentence. */
export interface Need {
  readonly capability: string;
  readonly because: string;
}

/** What a virtual router needs. @param iftype its interface type's name and `needs` */
export function needsOfRouter(
  router: Pick<VirtualRouterConfig, 'family' | 'interface' | 'accept' | 'extras' | 'further' | 'lease'>,
  iftype?: { readonly name: string; readonly needs: readonly string[] },
): Need[] {
  const needs: Need[] = (iftype?.needs ?? []).map((capability) => ({
    capability,
    because: `iftype "${iftype?.name}" needs "${capability}"`,
  }));
  if (router.family === 6) needs.push({ capability: 'ipv6', because: 'IPv6 needs "ipv6"' });
  else if (router.interface.length > LONGEST_ALIASED_NAME) {
    const name = `an interface name of more than ${LONGEST_ALIASED_NAME} characters`;
    needs.push({ capability: 'unlabelled-address', because: `${name} needs "unlabelled-address"` });
  }
  if (router.accept === false)
    needs.push({ capability: 'address-guard', because: 'accept = false needs "address-guard"' });
  for (const kind of new Set((router.extras ?? []).map((resource) => resource.kind))) {
    const directive = kind === 'rule' ? 'rule' : 'route';
    needs.push({ capability: kind, because: `[[vrouter.${directive}]] needs "${kind}"` });
  }
  if (router.lease !== undefined)
    needs.push({ capability: 'address-lifetime', because: 'lease needs "address-lifetime"' });
  needs.push(...needsOfFurther(router.further ?? []));
  return needs;
}

/** What addresses beside the virtual ones need. */
function needsOfFurther(further: readonly FurtherAddress[]): Need[] {
  const needs = new Map<string, string>();
  if (further.some(({ family }) => family === 6)) needs.set('ipv6', 'IPv6');
  const four = further.filter(({ family }) => family === 4);
  if (four.some(({ label }) => label === undefined)) needs.set('unlabelled-address', 'without a label');
  if (four.some(({ scope = 'global' }) => scope !== 'global')) needs.set('address-scope', 'with a scope');
  return [...needs].map(([capability, what]) => ({
    capability,
    because: `[[vrouter.address]] (${what}) needs "${capability}"`,
  }));
}

/** What a resource needs. */
export function needsOfResource(resource: KernelResource): DriverCapability[] {
  const needs: DriverCapability[] = [];
  if ((resource.kind === 'address' || resource.kind === 'route') && resource.family === 6) needs.push('ipv6');
  if (resource.kind === 'address' && (resource.scope ?? 'global') !== 'global') needs.push('address-scope');
  if (resource.kind === 'guard') needs.push('address-guard');
  if (resource.kind === 'table-route' || resource.kind === 'rule') needs.push(resource.kind);
  if (resource.kind === 'link') needs.push(resource.type);
  if (resource.kind === 'route') {
    if (resource.mtu !== undefined) needs.push('route-mtu');
    if ((resource.metric ?? 0) > PLAIN_METRIC) needs.push('route-metric');
  }
  return needs;
}
