/** An engine in a world in memory, for tests: virtual routers of a kind on one interface, and what others send there. */
import { Cause, EventRing } from '../../threads/event-ring.ts';
import { Int, StateTable } from '../../threads/state-table.ts';
import { Attachment } from '../attachment.ts';
import { Engine } from '../engine.ts';
import type { Turns } from '../io.ts';
import { Observer } from '../observer.ts';
import { EngineRouter } from '../router.ts';
import { emptyRouting, routingIndex } from '../routing.ts';
import { Kind } from './kinds.ts';
import { MemoryIo } from './memory-io.ts';

/** The socket of the interface. */
export const SOCKET = 20;
const OURS = '192.0.2.1';
const THEIRS = '192.0.2.2';

/** VRRPv2, for tests that are about no version. */
const USUAL = new Kind(2, 4);

/** Another router's advertisement for a VRID with this priority. */
export function theirs(vrid: number, priority: number, kind = USUAL): Uint8Array {
  return kind.advertisement({ vrid, priority, from: THEIRS });
}

/**
 * An engine with a virtual router for each priority, VRIDs from 1 on; none has started.
 * @param settled called at the end of each of its turns, but for those that put it off; see the engine's `onSettled`
 * @param turns told of its turns
 */
export function stage(
  priorities: readonly number[],
  settled: (wantedChanged: boolean) => void = () => {},
  kind = USUAL,
  turns?: Turns,
) {
  const link = kind.ethernet([OURS]);
  const io = new MemoryIo();
  const table = StateTable.allocate(priorities.length);
  const ring = EventRing.allocate(64);
  const routers = priorities.map(
    (priority, slot) =>
      new EngineRouter(slot, kind.configuration({ vrid: slot + 1, priority }), undefined, table),
  );
  const engine = new Engine(
    routers,
    table,
    new Observer(ring, table.slots + 1),
    settled,
    false,
    turns ? Object.assign(io, { turns }) : io,
  );
  const slotOfVrid = emptyRouting();
  const attachment = Attachment.imaginary(link, kind.family, slotOfVrid, SOCKET);
  engine.attach(attachment);
  for (const router of routers) {
    slotOfVrid[routingIndex(router.version, router.config.vrid)] = router.slot;
    table.setInt(router.slot, Int.Priority, router.config.priority);
    router.setPrimary(kind.ip(OURS));
    router.attachment = attachment;
    engine.rebuildFrames(router, link);
  }
  /** Starts all routers, now. */
  const start = (): void => {
    for (const router of routers) engine.start(router, Cause.Startup);
    engine.settle();
  };
  const state = (slot = 0): number => table.int(slot, Int.State);
  return { io, table, ring, routers, engine, start, state, armed: () => io.loops[0]!.armed };
}
