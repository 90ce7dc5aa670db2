/** An engine in a world in memory, for tests: virtual routers of VRRPv2 on one interface, and what others send there. */
import type { VirtualRouterConfig } from '../../config/model.ts';
import type { Link } from '../../plugin/contracts/index.ts';
import { Cause, EventRing } from '../../threads/event-ring.ts';
import { Int, StateTable } from '../../threads/state-table.ts';
import { addressBytes } from '../../vrrp/address.ts';
import { encodeFrame, frameLength } from '../../vrrp/frame.ts';
import { Attachment } from '../attachment.ts';
import { Engine } from '../engine.ts';
import { Observer } from '../observer.ts';
import { EngineRouter } from '../router.ts';
import { emptyRouting, routingIndex } from '../routing.ts';
import { MemoryIo } from './memory-io.ts';

/** The socket of the interface. */
export const SOCKET = 20;
/** Advertisement interval in ms. */
export const INTERVAL = 1000;
const OURS = '192.0.2.1';
const THEIRS = '192.0.2.2';

const LINK: Link = {
  ...{ index: 1, name: 'eth0', mac: '02:00:00:00:00:01', up: true, running: true, ethernet: true },
  ...{ mtu: 1500, type: 'veth', parent: 0 },
  addresses: [{ family: 4, address: OURS, prefixLength: 24, label: 'eth0', secondary: false }],
};

function configuration(vrid: number, priority: number): VirtualRouterConfig {
  return {
    ...{ position: { file: 'rvrrpd.conf', line: 1 }, vrid, interface: LINK.name, family: 4, version: 2 },
    ...{ addresses: [`198.51.100.${vrid}`], priority, preempt: true, advertisementIntervalCs: INTERVAL / 10 },
    ...{ rfc3768: true, authSecret: '', vifname: `standby${vrid}`, socketFilter: true },
  };
}

/** Another router's advertisement for a VRID with this priority. */
export function theirs(vrid: number, priority: number): Uint8Array {
  const { version, family, addresses } = configuration(vrid, priority);
  const frame = new Uint8Array(frameLength(version, family, addresses.length));
  encodeFrame(frame, 0, addressBytes(THEIRS), {
    ...{ vrid, version, family, authType: 0, intervalCs: INTERVAL / 10, priority },
    addresses: addresses.map(addressBytes),
  });
  return frame;
}

/** Master_Down_Interval in ms of a router with this priority (RFC 3768 §6.1). */
export function masterDownInterval(priority: number): number {
  return 3 * INTERVAL + skewTime(priority);
}

/** Skew_Time in ms of a router with this priority (RFC 3768 §6.1). */
export function skewTime(priority: number): number {
  return ((256 - priority) / 256) * 1000;
}

/**
 * An engine with a virtual router for each priority, VRIDs from 1 on; none has started.
 * @param settled called at the end of each of its turns, but for those that put it off; see the engine's `onSettled`
 */
export function stage(priorities: readonly number[], settled: (wantedChanged: boolean) => void = () => {}) {
  const io = new MemoryIo();
  const table = StateTable.allocate(priorities.length);
  const ring = EventRing.allocate(64);
  const routers = priorities.map(
    (priority, slot) => new EngineRouter(slot, configuration(slot + 1, priority), undefined, table),
  );
  const engine = new Engine(routers, table, new Observer(ring, table.slots + 1), settled, false, io);
  const slotOfVrid = emptyRouting();
  const attachment = Attachment.imaginary(LINK, 4, slotOfVrid, SOCKET);
  engine.attach(attachment);
  for (const router of routers) {
    slotOfVrid[routingIndex(router.version, router.config.vrid)] = router.slot;
    table.setInt(router.slot, Int.Priority, router.config.priority);
    router.setPrimary(OURS);
    router.attachment = attachment;
    engine.rebuildFrames(router, LINK);
  }
  /** Starts all routers, now. */
  const start = (): void => {
    for (const router of routers) engine.start(router, Cause.Startup);
    engine.settle();
  };
  const state = (slot = 0): number => table.int(slot, Int.State);
  return { io, table, ring, routers, engine, start, state, armed: () => io.loops[0]!.armed };
}
