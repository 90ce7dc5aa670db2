/** A generation as services see it, for the tests of this folder. */
import type { VirtualRouterConfig } from '../../config/model.ts';
import { EventRing } from '../../threads/event-ring.ts';
import type { ServiceView } from '../../threads/service-messages.ts';
import { StateTable } from '../../threads/state-table.ts';

/** A virtual router with two addresses on eth0. */
export function config(vrid: number, more: Partial<VirtualRouterConfig> = {}): VirtualRouterConfig {
  return {
    position: { file: 'rvrrpd.conf', line: 1 },
    vrid,
    interface: 'eth0',
    family: 4,
    version: 2,
    addresses: [`10.0.${vrid}.1`, `10.0.${vrid}.2`],
    priority: 100,
    preempt: true,
    advertisementIntervalCs: 100,
    rfc3768: true,
    authSecret: '',
    vifname: `standby${vrid}`,
    socketFilter: true,
    ...more,
  };
}

/** What a service is told of a generation. */
export function viewOf(virtualRouters: readonly VirtualRouterConfig[], records = 64): ServiceView {
  return {
    virtualRouters,
    table: StateTable.allocate(virtualRouters.length).buffer,
    events: EventRing.allocate(records),
    trackers: [],
    hooks: [],
    hookCells: [],
    trackCells: [],
    configuration: { file: '/etc/rvrrpd.conf', data: {}, effective: {}, tag: 'a', temporary: false },
    daemon: { version: '1.2.3', pid: 1, since: '', generation: 1, lastReload: null, plugins: [] },
  };
}
