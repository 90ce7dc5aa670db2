/** What the state table says of the stand-by of a virtual router, which an operator asked for. */
import { Int, Num } from './state-table.ts';
import type { TableReader } from './table-views.ts';

/** A stand-by. */
export interface StandbyStatus {
  /** When it is over, ms since the epoch; absent: when it is resumed. */
  readonly until?: number;
  /** None has been heard for a Master_Down_Interval. */
  readonly nobodyIsMaster: boolean;
}

/** Reads it. @returns undefined: it does not stand by */
export function readStandby(table: TableReader, slot: number): StandbyStatus | undefined {
  if (table.int(slot, Int.Held) === 0) return undefined;
  const until = table.num(slot, Num.HeldUntil);
  const nobodyIsMaster = table.int(slot, Int.Masterless) === 1;
  return { ...(until === 0 ? {} : { until }), nobodyIsMaster };
}
