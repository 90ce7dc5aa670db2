/** The state table as an operator reads it. */
import type { DaemonConfig } from '../config/model.ts';
import { Int, Num, STATE_NAMES, type StateTable } from '../shared/state-table.ts';
import { DROP_REASONS, type DropReason } from '../vrrp/drop-reasons.ts';

/** Packets that were dropped, by reason; reasons that never occurred are left out. */
export type DroppedCounters = Partial<Record<DropReason, number>>;

/** Counters of one virtual router since the daemon's start. */
export interface RouterCounters {
  readonly interface: string;
  readonly group: number;
  readonly state: (typeof STATE_NAMES)[number];
  readonly priority: number;
  readonly counters: {
    readonly received: number;
    readonly sent: number;
    readonly priorityZeroReceived: number;
    readonly priorityZeroSent: number;
    readonly becameMaster: number;
    readonly leftMaster: number;
    readonly sendErrors: number;
    readonly addressListMismatches: number;
    readonly dropped: DroppedCounters;
  };
}

/** Everything that is counted. */
export interface Counters {
  /** How often packets or a deadline have woken the engine. */
  readonly wakeUps: number;
  readonly routers: readonly RouterCounters[];
  /** Packets that belong to no virtual router. */
  readonly strangers: { readonly dropped: DroppedCounters };
}

/** Reads the counters of all virtual routers. */
export function readCounters(table: StateTable, routers: DaemonConfig['virtualRouters']): Counters {
  const dropped = (slot: number): DroppedCounters => {
    const counts: DroppedCounters = {};
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
        dropped: dropped(slot),
      },
    })),
    strangers: { dropped: dropped(table.strangers) },
  };
}
