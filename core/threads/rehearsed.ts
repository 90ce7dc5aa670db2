/** What the rehearsals of engine and actuator play with: an interface and virtual routers that exist nowhere. */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/contracts/index.ts';

/** The interface, without addresses. */
export const REHEARSED_LINK: Link = {
  index: 1,
  name: 'rehearsal',
  mac: '02:00:00:00:00:01',
  up: true,
  running: true,
  ethernet: true,
  mtu: 1500,
  type: '',
  parent: 0,
  addresses: [],
};

/** The priority of the virtual routers. */
export const REHEARSED_PRIORITY = 100;

/** What virtual routers of a rehearsal are like. */
export type RehearsedKind = Pick<VirtualRouterConfig, 'version' | 'family'>;

/** A virtual router on the interface. */
export function rehearsedRouter(vrid: number, { version, family }: RehearsedKind): VirtualRouterConfig {
  return {
    position: { file: '', line: 0 },
    vrid,
    interface: REHEARSED_LINK.name,
    family,
    version,
    addresses: family === 4 ? [`198.51.100.${vrid}`] : [`fe80::5e00:2${vrid}`, `2001:db8::${vrid}`],
    priority: REHEARSED_PRIORITY,
    preempt: true,
    advertisementIntervalCs: 100,
    rfc3768: true,
    authSecret: '',
    vifname: `standby${vrid}`,
    socketFilter: false,
  };
}
