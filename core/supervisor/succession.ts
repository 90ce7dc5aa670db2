/** Which virtual routers of one configuration go on in the next. Pure. */
import { type RouterIdentity, routerKey } from '../config/identity.ts';
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

/** A virtual router as far as it matters to whoever comes after it, who may be another process. */
export interface RouterSummary extends RouterIdentity {
  /** All of it that the kernel's state depends on, in any form: it is compared. */
  readonly kernel: string;
}

/** All of a router that the kernel's state depends on. */
function kernelPart(
  { addresses, prefixLengths, accept = true, vifname, extras, further }: VirtualRouterConfig,
  { netdrv, iftype }: RouterPlugins,
): string {
  return JSON.stringify([
    addresses,
    prefixLengths,
    accept,
    vifname,
    netdrv,
    iftype,
    extras,
    ...(further ? [further] : []),
  ]);
}

/** By slot. */
export function summariesOf({ config, routerPlugins }: Running): RouterSummary[] {
  return config.virtualRouters.map((router, slot) => {
    const { interface: name, vrid, family, version } = router;
    return { interface: name, vrid, family, version, kernel: kernelPart(router, routerPlugins[slot]!) };
  });
}

/**
 * Finds each router's slot before: that of the very same router, else that of the other version, if it is there no more.
 * A reload that changes only the version keeps the router, which stays Master.
 */
export function matchSlots(before: Running, after: Running): Match {
  return matchRouters(summariesOf(before), summariesOf(after));
}

/** The same for summaries. */
export function matchRouters(before: readonly RouterSummary[], after: readonly RouterSummary[]): Match {
  const old = new Map(before.map((router, slot) => [routerKey(router), slot]));
  const same = after.map((router) => old.get(routerKey(router)) ?? -1);
  const going = new Set(same);
  const slots = same.map((exact, slot) => {
    if (exact >= 0) return exact;
    const { version, ...router } = after[slot]!;
    const from = old.get(routerKey({ ...router, version: version === 2 ? 3 : 2 }));
    if (from === undefined || going.has(from)) return -1;
    going.add(from);
    return from;
  });
  const changed = slots.map((from, slot) => from >= 0 && before[from]!.kernel !== after[slot]!.kernel);
  const leaving = [...before.keys()].filter((slot) => !going.has(slot));
  return { slots, changed, leaving };
}
