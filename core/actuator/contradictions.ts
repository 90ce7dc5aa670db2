/**
 * What both versions of one virtual router may not want of the kernel at the same time: they have one virtual MAC address,
 * and may share addresses. Pure.
 */
import type { KernelResource } from '../plugin/contracts/index.ts';
import { describe, identityOf, isSame } from '../plugin/resource.ts';

/**
 * Looks for a resource that contradicts another.
 * @param ours what one of the two needs as Master
 * @param theirs what the other one needs
 * @returns the first two that do
 */
export function contradiction(
  ours: readonly KernelResource[],
  theirs: readonly KernelResource[],
): readonly [ours: KernelResource, theirs: KernelResource] | undefined {
  const byIdentity = new Map(theirs.map((resource) => [identityOf(resource), resource]));
  const holders = new Map(theirs.map((resource) => [soleOf(resource), resource]));
  for (const resource of ours) {
    const id = identityOf(resource);
    const same = byIdentity.get(id);
    if (same !== undefined && !isSame(same, resource)) return [resource, same];
    const sole = soleOf(resource);
    const holder = sole === undefined ? undefined : holders.get(sole);
    if (holder !== undefined && identityOf(holder) !== id) return [resource, holder];
  }
  return undefined;
}

/** Two such resources in a sentence. */
export function contradictionText([ours, theirs]: readonly [KernelResource, KernelResource]): string {
  return `the ${describe(ours)} contradicts the ${describe(theirs)}`;
}

/** What of a resource only one interface can have: an address, and on a network a MAC address. */
function soleOf(resource: KernelResource): string | undefined {
  switch (resource.kind) {
    case 'address':
      return `address ${resource.address}`;
    case 'link':
      return `MAC ${resource.mac} on ${resource.parent}`;
    case 'mac':
      return `MAC ${resource.mac} on ${resource.interface}`;
    default:
      return undefined;
  }
}
