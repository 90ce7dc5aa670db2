/** What `[[vrouter.address]]` makes of the kernel. Pure. */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { KernelResource } from '../plugin/contracts/index.ts';
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
