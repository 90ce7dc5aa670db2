/** What `rvrrpd status` tells: the state table together with the reloads so far. */
import type { DaemonConfig } from '../config/model.ts';
import type { DaemonCounters, ReloadOutcome, RouterCounters } from '../plugin/contracts/index.ts';
import { readCounters } from '../threads/counters.ts';
import { readInPlace } from '../threads/in-place.ts';
import { type RouterWords, readRouterWords } from '../threads/router-words.ts';
import { readStandby, type StandbyStatus } from '../threads/standby-words.ts';
import { Num } from '../threads/state-table.ts';
import type { TableReader } from '../threads/table-views.ts';

/** One virtual router. */
export interface RouterReport extends RouterCounters {
  /** The virtual addresses, in place or not: see {@link inPlace}. */
  readonly addresses: readonly string[];
  /** The prefix length that the configuration gives each, null: none. Absent: it gives none at all. */
  readonly prefixLengths?: readonly (number | null)[];
  /** Advertisement_Interval as configured, Master_Down_Interval and Skew_Time in seconds. */
  readonly advertisementInterval: number;
  readonly masterDownInterval: number;
  readonly skewTime: number;
  /** VRRPv3: the interval of the Master, which a Backup goes by, in seconds; absent: its own. */
  readonly masterAdvertisementInterval?: number;
  /** `auth_type`; absent: none. */
  readonly auth?: string;
  /** Accept_Mode. */
  readonly accept: boolean;
  /** VRRPv3 over IPv4: what the checksum of what it sends covers. */
  readonly checksum?: 'rfc9568' | 'pseudo-header';
  /** Who it speaks to without multicast; absent: it speaks to the multicast group. */
  readonly peers?: readonly string[];
  /** The address that it is told to speak to them from. */
  readonly source?: string;
  /** It is Master, and its addresses are in the kernel. */
  readonly inPlace?: boolean;
  /** Name of the errno that the kernel refused them with, or that it gave up being Master for. */
  readonly refusal?: string;
  /** It stands by, as an operator asked: it does not become Master. Absent: it does not stand by. */
  readonly standby?: StandbyReport;
  /** When the state changed last, ISO 8601; null: never. */
  readonly since: string | null;
}

/** A stand-by. */
export interface StandbyReport {
  /** When it is over, ISO 8601; null: with `rvrrpd resume` alone. */
  readonly until: string | null;
  /** Seconds until then; null as above. */
  readonly left: number | null;
  /** Nobody is Master: none has been heard for a Master_Down_Interval. */
  readonly nobodyIsMaster: boolean;
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
      const { addresses, prefixLengths, authType } = routers[slot]!;
      const placed = readInPlace(table, slot);
      return {
        ...router,
        addresses,
        ...(prefixLengths && { prefixLengths: addresses.map((_, index) => prefixLengths[index] ?? null) }),
        ...(authType === undefined ? {} : { auth: authType }),
        ...inSeconds(readRouterWords(table, slot, routers[slot]!)),
        ...placed,
        ...standbyOf(readStandby(table, slot)),
        since: since === 0 ? null : new Date(since).toISOString(),
      };
    }),
  };
}

function standbyOf(standby: StandbyStatus | undefined): { readonly standby?: StandbyReport } {
  if (standby === undefined) return {};
  const { until, nobodyIsMaster } = standby;
  if (until === undefined) return { standby: { until: null, left: null, nobodyIsMaster } };
  const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  return { standby: { until: new Date(until).toISOString(), left, nobodyIsMaster } };
}

function inSeconds({
  advertisementInterval,
  masterDownInterval,
  skewTime,
  masterAdvertisementInterval: master,
  accept = true,
  ...rest
}: RouterWords): Omit<RouterWords, 'accept'> & { readonly accept: boolean } {
  return {
    ...rest,
    advertisementInterval: advertisementInterval / 1000,
    masterDownInterval: masterDownInterval / 1000,
    skewTime: skewTime / 1000,
    ...(master === undefined ? {} : { masterAdvertisementInterval: master / 1000 }),
    accept,
  };
}
