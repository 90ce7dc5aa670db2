/** What `rvrrpd status` tells: the state table together with the reloads so far. */
import type { DaemonConfig } from '../config/model.ts';
import type { DaemonCounters, ReloadOutcome, RouterCounters } from '../plugin/contracts/index.ts';
import { readCounters } from '../threads/counters.ts';
import { readInPlace } from '../threads/in-place.ts';
import { Num } from '../threads/state-table.ts';
import type { TableReader } from '../threads/table-views.ts';

/** One virtual router. */
export interface RouterReport extends RouterCounters {
  /** The virtual addresses, in place or not: see {@link inPlace}. */
  readonly addresses: readonly string[];
  /** It is Master, and its addresses are in the kernel. */
  readonly inPlace?: boolean;
  /** Name of the errno that the kernel refused them with, or that it gave up being Master for. */
  readonly refusal?: string;
  /** When the state changed last, ISO 8601; null: never. */
  readonly since: string | null;
}

/** What the running generation does. */
export interface GenerationStatus extends DaemonCounters {
  /** 1 for the first generation, one more at each reload and at each replacement of a crashed worker. */
  readonly generation: number;
  readonly routers: readonly RouterReport[];
}

/** The whole daemon. */
export interface DaemonStatus extends GenerationStatus {
  readonly version: string;
  readonly pid: number;
  /** Absolute path of the configuration file. */
  readonly configuration: string;
  /** When the daemon had started, ISO 8601. */
  readonly since: string;
  /** Null: there was none. */
  readonly lastReload: ReloadOutcome | null;
  /** What is configured and does not run, apart from virtual routers: a line each. */
  readonly troubles: readonly string[];
}

/** Reads the state of a generation. */
export function readStatus(
  generation: number,
  table: TableReader,
  routers: DaemonConfig['virtualRouters'],
): GenerationStatus {
  const counters = readCounters(table, routers);
  return {
    generation,
    ...counters,
    routers: counters.routers.map((router, slot) => {
      const since = table.num(slot, Num.Since);
      const { addresses } = routers[slot]!;
      const placed = readInPlace(table, slot);
      return { ...router, addresses, ...placed, since: since === 0 ? null : new Date(since).toISOString() };
    }),
  };
}
