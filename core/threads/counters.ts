/** The state table as an operator reads it. */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { DaemonCounters, DroppedCounters } from '../plugin/contracts/index.ts';
import { DROP_REASONS } from '../vrrp/drop-reasons.ts';
import { Int, Num, STATE_NAMES } from './state-table.ts';
import type { TableReader } from './table-views.ts';

/** Reads the counters of all virtual routers. */
export function readCounters(table: TableReader, routers: readonly VirtualRouterConfig[]): DaemonCounters {
  const dropped = (slot: number): DroppedCounters => {
    const counts: Partial<Record<string, number>> = {};
    DROP_REASONS.forEach((reason, index) => {
      const count = table.num(slot, Num.Dropped + index);
      if (count > 0) counts[reason] = count;
    });
    return counts;
  };
  return {
    wakeUps: table.num(table.strangers, Num.WakeUps),
    routers: routers.map((router, slot) => ({
      interface: router.interface,
      group: router.vrid,
      family: router.family,
      version: router.version,
      state: STATE_NAMES[table.int(slot, Int.State) as 0 | 1 | 2 | 3],
      priority: table.int(slot, Int.Priority),
      counters: {
        received: table.num(slot, Num.AdvertisementsReceived),
        sent: table.num(slot, Num.AdvertisementsSent),
        priorityZeroReceived: table.num(slot, Num.PriorityZeroReceived),
        priorityZeroSent: table.num(slot, Num.PriorityZeroSent),
        becameMaster: table.num(slot, Num.BecameMaster),
        leftMaster: table.num(slot, Num.LeftMaster),
        sendErrors: table.num(slot, Num.SendErrors),
        addressListMismatches: table.num(slot, Num.AddressListMismatches),
        unauthenticated: table.num(slot, Num.Unauthenticated),
        clockSkews: table.num(slot, Num.ClockSkews),
        dropped: dropped(slot),
      },
    })),
    strangers: { dropped: dropped(table.strangers) },
  };
}
