/** Which virtual routers a request to fail over means, and whether they can. Pure. */
import { isNamed } from '../config/identity.ts';
import type { DaemonConfig, VirtualRouterConfig } from '../config/model.ts';
import type { RouterName } from '../plugin/contracts/index.ts';
import { Int, STATE_NAMES, State } from '../threads/state-table.ts';
import type { TableReader } from '../threads/table-views.ts';

/** Why a virtual router cannot be told to fail over. */
export interface FailOverFault {
  readonly reason: 'missing' | 'conflict';
  readonly message: string;
}

/** Slots of what a name means: several if it leaves open which family or version. */
export function slotsOf(routers: readonly VirtualRouterConfig[], name: RouterName): number[] {
  return [...routers.keys()].filter((slot) => isNamed(routers[slot]!, name));
}

/**
 * Why what a name means cannot be told to fail over; undefined if it can. Without a family, both of one table are meant:
 * those that are Master give up.
 */
export function failOverFault(
  name: RouterName,
  {
    start,
    table,
  }: {
    readonly start: { readonly config: Pick<DaemonConfig, 'virtualRouters'> };
    readonly table: TableReader;
  },
): FailOverFault | undefined {
  const { virtualRouters } = start.config;
  const slots = slotsOf(virtualRouters, name);
  const who = `virtual router ${name.group} on ${name.interface}`;
  const [slot] = slots;
  if (slot === undefined) return { reason: 'missing', message: `there is no ${who}` };
  const meant = slots.map((each) => virtualRouters[each]!);
  const open = (['version', 'family'] as const).find(
    (what) => new Set(meant.map((router) => router[what])).size > 1 && !isOneTable(slots, virtualRouters),
  );
  if (open !== undefined) {
    const kinds = open === 'family' ? 'IPv4 and for IPv6' : 'VRRPv2 and for VRRPv3';
    return { reason: 'conflict', message: `there is ${who} for ${kinds}: "${open}" must say which` };
  }
  const masters = slots.filter((each) => table.int(each, Int.State) === State.Master);
  if (masters.length === 0) {
    const state = STATE_NAMES[table.int(slot, Int.State) as State];
    return { reason: 'conflict', message: `${who} is not Master: it is ${state}` };
  }
  if (masters.every((each) => table.int(each, Int.Priority) === 255)) {
    const message = `${who} owns its address: it is Master whenever it runs (RFC 3768 §6.4.1)`;
    return { reason: 'conflict', message };
  }
  return undefined;
}

/** Whether all of them are families of one `[[vrouter]]`. */
function isOneTable(slots: readonly number[], routers: readonly VirtualRouterConfig[]): boolean {
  return new Set(slots.map((slot) => routers[slot]!.table ?? slot)).size === 1;
}
