/** What `[[vrouter.address]]` makes of the kernel, and how much of that and of routes and rules is there. Pure. */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { KernelResource } from '../plugin/contracts/index.ts';
import { identityOf } from '../plugin/resource.ts';
import type { Holding } from './holdings.ts';
import { promotion } from './planner.ts';

/**
 * The addresses that a Master has beside its virtual ones, with what they need, in the order to install.
 * @param home the interface that has the virtual addresses; absent: not known, that which VRRP runs on
 * @param isOwner it takes what is addressed to them, whatever `accept` says
 */
export function furtherResources(
  { interface: name, further = [], accept }: VirtualRouterConfig,
  home = name,
  isOwner = false,
): KernelResource[] {
  const settings: KernelResource[] = [];
  const guards: KernelResource[] = [];
  const addresses: KernelResource[] = [];
  for (const { interface: on = home, family, address, prefixLength, scope, label } of further) {
    const place = { interface: on, family, address };
    const setting = promotion({ ...place, prefixLength });
    if (setting) settings.push(setting);
    if (accept === false && !isOwner) guards.push({ kind: 'guard', ...place });
    addresses.push({
      kind: 'address',
      ...place,
      prefixLength,
      ...(label !== undefined && label !== on && { label }),
      ...(scope !== undefined && { scope }),
    });
  }
  return [...settings, ...guards, ...addresses];
}

/**
 * How many addresses, routes and rules of those that a Master is to have beside its virtual addresses are not there.
 * @param wanted all of what it needs for them
 * @param held what it has claimed of that
 */
export function missingOf(
  wanted: readonly KernelResource[],
  held: readonly Pick<Holding, 'id' | 'state'>[],
): number {
  const ids = new Set(wanted.filter(({ kind }) => COUNTED.has(kind)).map(identityOf));
  for (const { id, state } of held) if (state === 'ours' || state === 'foreign') ids.delete(id);
  return ids.size;
}

/** Not what they need only, such as settings. */
const COUNTED: ReadonlySet<KernelResource['kind']> = new Set(['address', 'table-route', 'rule']);
