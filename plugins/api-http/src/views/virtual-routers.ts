/** Answers of `/run/vrrp`, as rVRRPd 0.1.3 words them. */
import { type Static, Type } from '@sinclair/typebox';
import type { RouterStatus } from 'rvrrpd/plugin';

const common = {
  virtual_ip: Type.String({
    description: 'The first virtual address. `/run/status` has all.',
    examples: ['10.100.100.1'],
  }),
  group: Type.Integer({ description: 'Virtual router identifier (VRID).' }),
  interface: Type.String({
    description: 'The virtual interface while it is Master on one, else the physical one.',
    examples: ['standby1'],
  }),
  priority: Type.Integer({ description: 'In use: 255 for the address owner.' }),
  preempt: Type.Boolean({ description: 'Whether it takes over from a Master of lower priority.' }),
  state: Type.Unsafe<RouterStatus['state']>({
    type: 'string',
    enum: ['Init', 'Backup', 'Master', 'Down'],
    description: '`Down`: it cannot run, the log says why.',
  }),
};

/** A virtual router in a list. */
export const RouterEntrySchema = Type.Object(common, { title: 'RouterEntry' });
export type RouterEntry = Static<typeof RouterEntrySchema>;

/** One virtual router. */
export const RouterDetailSchema = Type.Object(
  {
    ...common,
    vif: Type.String({ description: 'The other of the two names that `interface` has one of.' }),
    auth_type: Type.Integer({ description: 'Authentication type on the wire, 0 for none.' }),
    interface_hwaddress: Type.String({
      description: 'MAC of the interface; empty if the interface is missing.',
      examples: ['00:00:5E:00:01:01'],
    }),
    advert_interval: Type.Number({ description: 'Advertisement_Interval in seconds.' }),
    masterdown_interval: Type.Number({ description: 'Master_Down_Interval in seconds.' }),
    skew_time: Type.Number({ description: 'Skew_Time in seconds.' }),
  },
  { title: 'RouterDetail' },
);
export type RouterDetail = Static<typeof RouterDetailSchema>;

/** A virtual router in a list. */
export function routerEntry(router: RouterStatus): RouterEntry {
  return {
    virtual_ip: router.addresses[0] ?? '',
    group: router.group,
    interface: isOnVirtualInterface(router) ? router.vifname : router.interface,
    priority: router.priority,
    preempt: router.preempt,
    state: router.state,
  };
}

/** One virtual router. */
export function routerDetail(router: RouterStatus): RouterDetail {
  return {
    ...routerEntry(router),
    vif: isOnVirtualInterface(router) ? router.interface : router.vifname,
    auth_type: router.authType,
    interface_hwaddress: router.hardwareAddress.toUpperCase(),
    advert_interval: router.advertisementInterval / 1000,
    masterdown_interval: router.masterDownInterval / 1000,
    skew_time: router.skewTime / 1000,
  };
}

function isOnVirtualInterface(router: RouterStatus): boolean {
  return router.state === 'Master' && router.onVirtualInterface && router.inPlace !== false;
}

/**
 * The virtual routers of a group that interface `name` may stand for: the one that runs on it, else the one
 * whose addresses are on it, else those that have it as their `vifname`. Its default is the same for all
 * routers of a group, whatever interface they run on.
 */
export function findRouters(
  routers: readonly RouterStatus[],
  group: number,
  name: string,
): readonly RouterStatus[] {
  const members = routers.filter((router) => router.group === group);
  const physical = members.filter((router) => router.interface === name);
  if (physical.length > 0) return physical;
  const virtual = members.filter((router) => router.vifname === name);
  const holder = virtual.find(isOnVirtualInterface);
  return holder === undefined ? virtual : [holder];
}
