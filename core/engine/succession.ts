/** Takes over the predecessor's state table. Pure: from one table to the other. */

import type { HoldSettings, VirtualRouterConfig } from '../config/model.ts';
import type { Succession } from '../threads/engine-messages.ts';
import { Int, Num, State, type StateTable } from '../threads/state-table.ts';
import type { EngineTable, TableReader } from '../threads/table-views.ts';

/** What is found out anew rather than taken over. */
const OWN_INTS: ReadonlySet<number> = new Set([
  ...[Int.Priority, Int.AuthType, Int.Checksum],
  ...[Int.Fault, Int.Weight],
]);

/**
 * Copies the rows of the virtual routers that go on, with their deadlines and counters.
 * @param routers the new configuration, by slot
 * @param now monotonic ms
 */
export function inherit(
  table: StateTable,
  predecessor: TableReader,
  { slots, changed }: Pick<Succession, 'slots' | 'changed'>,
  routers: readonly VirtualRouterConfig[],
  now: number,
): void {
  for (const [slot, from] of [...slots, predecessor.strangers].entries()) {
    if (from < 0) continue;
    for (let field = 0; field < Int.Count; field++) {
      if (!OWN_INTS.has(field)) table.setInt(slot, field, predecessor.int(from, field));
    }
    for (let field = 0; field < Num.Count; field++) table.setNum(slot, field, predecessor.num(from, field));
    const router = routers[slot];
    if (router) adjust(table, slot, router, changed[slot] === true, now);
  }
}

/** Fits an inherited row to its new configuration. */
function adjust(
  table: EngineTable,
  slot: number,
  { version, advertisementIntervalCs, hold }: VirtualRouterConfig,
  changed: boolean,
  now: number,
): void {
  const interval = advertisementIntervalCs * 10;
  adjustHolds(table, slot, hold, now);
  const state = table.int(slot, Int.State);
  // A VRRPv3 Backup goes by its Master's interval (RFC 5798 §6.1), everyone else by the configuration's.
  if (version === 2 || state !== State.Backup) table.setNum(slot, Num.MasterAdverInterval, interval);
  if (state === State.Master) {
    table.setNum(slot, Num.Deadline, Math.min(table.num(slot, Num.Deadline), now + interval));
  }
  // What was refused may work with another configuration.
  if (changed && table.int(slot, Int.GiveUps) > 0) {
    for (const field of [Int.GiveUps, Int.GiveUpErrno, Int.StandingBy] as const) table.setInt(slot, field, 0);
    table.setNum(slot, Num.RetryAt, 0);
  }
  // Still Master (odd), but of other addresses: a new value for the actuator to work towards.
  const wanted = table.int(slot, Int.Wanted);
  if (changed && wanted % 2 === 1) table.setInt(slot, Int.Wanted, wanted + 2);
}

/** What held a router back goes on with the time that is left, unless there is less of it by the new configuration. */
function adjustHolds(table: EngineTable, slot: number, hold: HoldSettings | undefined, now: number): void {
  const { start = 0, boot = 0, link = 0, debounce = 0, hearing = 0, preempt = 0 } = hold ?? {};
  const longest = [
    [Num.HoldUntil, [start, boot, link][table.int(slot, Int.HoldReason)] ?? 0],
    [Num.HearingUntil, hearing],
    [Num.CarrierUntil, debounce],
    [Num.PreemptAt, preempt],
  ] as const;
  for (const [field, delay] of longest) {
    const until = table.num(slot, field);
    const left = delay === 0 ? 0 : Math.min(until, now + delay);
    if (left === until) continue;
    table.setNum(slot, field, left);
    // Its timer had expired, and was put off until then.
    if (table.num(slot, Num.Deadline) === until) table.setNum(slot, Num.Deadline, Math.max(left, now));
  }
}
