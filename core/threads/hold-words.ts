/** What the state table says of what holds a router back from being Master. */
import { HOLD_REASONS, Hold, type HoldReason } from '../vrrp/hold.ts';
import { Int, Num, State } from './state-table.ts';
import type { TableReader } from './table-views.ts';

/** Integer fields of the state table that a {@link HeldBack} comes of. */
export const HOLD_INTS = [Int.HoldReason] as const;
/** The others: monotonic ms, 0: none. */
export const HOLD_NUMS = [Num.HoldUntil, Num.HearingUntil, Num.CarrierUntil, Num.PreemptAt] as const;

/** What holds a Backup back, the last of it if there is more. */
export interface HeldBack {
  readonly reason: HoldReason;
  /** For how many ms more, at most. */
  readonly left: number;
}

/** CLOCK_MONOTONIC in ms, as the state table has it. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Reads it. @param now monotonic ms @returns undefined: nothing holds it back */
export function readHold(table: TableReader, slot: number, now: number): HeldBack | undefined {
  if (table.int(slot, Int.State) !== State.Backup) return undefined;
  const reasons = [table.int(slot, Int.HoldReason), Hold.Hearing, Hold.Debounce, Hold.Preempt];
  let until = now;
  let reason: HoldReason | undefined;
  for (const [index, field] of HOLD_NUMS.entries()) {
    const end = table.num(slot, field);
    if (end <= until) continue;
    until = end;
    reason = HOLD_REASONS[reasons[index]!];
  }
  return reason && { reason, left: until - now };
}

/** What is told when it begins, behind the router's name. @param ms how long it lasts at most */
export function holdText(reason: HoldReason, ms: number): string {
  const time = `${Math.round(ms / 10) / 100} s`;
  switch (reason) {
    case 'hearing':
      return `does not become Master before anything is heard on the interface, or ${time} have passed: hearing`;
    case 'preempt_delay':
      return `lets a Master of lower priority be for ${time}: preempt_delay`;
    case 'link_debounce':
      return `the interface has lost its carrier, which is acted upon if it is not back within ${time}: link_debounce`;
    default:
      return `does not become Master for ${time}: ${reason}`;
  }
}

/** What is told when it is over before its time. */
export function holdOverText(reason: HoldReason): string {
  return reason === 'hearing'
    ? 'another station was heard on the interface, which is not deaf: hearing'
    : `the carrier of the interface was back in time: ${reason}`;
}
