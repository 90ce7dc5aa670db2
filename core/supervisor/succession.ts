/** Which virtual routers of one configuration go on in the next. Pure. */
import { routerKey } from '../config/identity.ts';
import type { DaemonConfig, VirtualRouterConfig } from '../config/model.ts';
import type { RouterPlugins } from '../threads/resolved-plugins.ts';

/** A configuration and its plugins. */
export interface Running {
  readonly config: Pick<DaemonConfig, 'virtualRouters'>;
  readonly routerPlugins: readonly RouterPlugins[];
}

/** What {@link matchSlots} finds. */
export interface Match {
  /** By new slot: the old slot of the same virtual router, −1 if it is new. */
  readonly slots: readonly number[];
  /** By new slot: a Master needs other things of the kernel than before. */
  readonly changed: readonly boolean[];
  /** Old slots whose virtual router is gone. */
  readonly leaving: readonly number[];
}

/** All of a router that the kernel's state depends on. */
function kernelPart(
  { addresses, prefixLengths, accept = true, vifname, extras }: VirtualRouterConfig,
  { netdrv, iftype }: RouterPlugins,
): string {
  return JSON.stringify([addresses, prefixLengths, accept, vifname, netdrv, iftype, extras]);
}

/**
 * Finds each router's slot before: that of the very same router, else that of the other version, if it is there no more.
 * A reload that changes only the version keeps the router, which stays Master.
 */
export function matchSlots(before: Running, after: Running): Match {
  const routers = after.config.virtualRouters;
  const old = new Map(before.config.virtualRouters.map((router, slot) => [routerKey(router), slot]));
  const same = routers.map((router) => old.get(routerKey(router)) ?? -1);
  const going = new Set(same);
  const slots = same.map((exact, slot) => {
    if (exact >= 0) return exact;
    const { version, ...router } = routers[slot]!;
    const from = old.get(routerKey({ ...router, version: version === 2 ? 3 : 2 }));
    if (from === undefined || going.has(from)) return -1;
    going.add(from);
    return from;
  });
  const changed = slots.map((from, slot) => {
    if (from < 0) return false;
    const was = kernelPart(before.config.virtualRouters[from]!, before.routerPlugins[from]!);
    return was !== kernelPart(after.config.virtualRouters[slot]!, after.routerPlugins[slot]!);
  });
  const leaving = [...before.config.virtualRouters.keys()].filter((slot) => !going.has(slot));
  return { slots, changed, leaving };
}
