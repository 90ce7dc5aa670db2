/** The watchdog of the service manager (man 3 sd_watchdog_enabled): whether there is one, and whether all is well. Pure. */
import { Num } from '../threads/state-table.ts';
import type { TableReader } from '../threads/table-views.ts';

/**
 * Within how many ms the service manager wants to hear that all is well; undefined: it does not.
 * @param pid of this process: the wish may be for another one
 */
export function watchdogPeriod(
  { WATCHDOG_USEC: period, WATCHDOG_PID: whose }: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | undefined {
  if (period === undefined || !/^[1-9][0-9]{0,15}$/.test(period)) return undefined;
  if (whose !== undefined && whose !== String(pid)) return undefined;
  return Number(period) / 1000;
}

/**
 * By how many ms the most overdue timer of a virtual router is late: an engine that works is late by less than one.
 * @param now monotonic ms
 */
export function lateness(table: TableReader, now: number): number {
  let late = 0;
  for (let slot = 0; slot < table.slots; slot++) {
    const deadline = table.num(slot, Num.Deadline);
    if (deadline !== 0) late = Math.max(late, now - deadline);
  }
  return late;
}
