/** What `rvrrpd status` tells: the state table together with the reloads so far. */
import type { DaemonConfig } from '../config/model.ts';
import type {
  DaemonCounters,
  FurtherStatus,
  HookStatus,
  PriorityParts,
  ReloadOutcome,
  RouterCounters,
  RouterFault,
  RouterState,
  RouterTracker,
  SyncStatus,
  TrackerStatus,
} from '../plugin/contracts/index.ts';
import { readCounters } from '../threads/counters.ts';
import { monotonicMs, readHold } from '../threads/hold-words.ts';
import { readFurther, readInPlace } from '../threads/in-place.ts';
import { type RouterWords, readRouterWords } from '../threads/router-words.ts';
import { readStandby, type StandbyStatus } from '../threads/standby-words.ts';
import { Num } from '../threads/state-table.ts';
import { readSyncGroups } from '../threads/sync-status.ts';
import type { TableReader } from '../threads/table-views.ts';
import type { TrackBoard } from '../threads/track-board.ts';

/** One virtual router. */
export interface RouterReport extends Omit<RouterCounters, 'state'> {
  /** `Fault`: it does not run for what {@link fault} says, which the API's paths of 0.1.3 show as `Down`. */
  readonly state: RouterState | 'Fault';
  /** Why it does not run although its interface can be used. */
  readonly fault?: RouterFault;
  /** The trackers that count for it; absent: it names none. */
  readonly trackers?: readonly Told<RouterTracker>[];
  /** What the priority comes of; absent: it is as configured. */
  readonly priorityParts?: PriorityParts;
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
  /** Name of its group (`[[sync]]`); absent: it is in none. */
  readonly sync?: string;
  /** `lease` in seconds: the addresses in place end by themselves so long after the daemon showed life last; absent: they stay. */
  readonly lease?: number;
  /** It is Master, and its addresses are in the kernel. */
  readonly inPlace?: boolean;
  /** Name of the errno that the kernel refused them with, or that it gave up being Master for. */
  readonly refusal?: string;
  /** What it has beside its virtual addresses; absent: nothing. */
  readonly further?: FurtherStatus;
  /** It stands by, as an operator asked: it does not become Master. Absent: it does not stand by. */
  readonly standby?: StandbyReport;
  /** What keeps a Backup from becoming Master, by its directive, and for how many seconds more at most; absent: nothing. */
  readonly hold?: { readonly reason: string; readonly left: number };
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
/** A group of virtual routers that are Master together or not at all. */
export interface SyncReport extends Omit<SyncStatus, 'since'> {
  /** When the state of one of its routers changed last, ISO 8601; null: never. */
  readonly since: string | null;
}
/** A tracker as it is printed: times as ISO 8601. */
export type Told<T extends TrackerStatus> = Omit<T, 'since' | 'heldUntil'> & {
  readonly since: string;
  readonly heldUntil?: string;
};

/** A hook, with what came of its last delivery; empty: nothing was delivered yet. */
export type HookReport = HookStatus & { readonly words: string };

/** What the running generation does. */
export interface GenerationStatus extends Omit<DaemonCounters, 'routers'> {
  /** 1 for the first generation, one more at each reload and at each replacement of a crashed worker. */
  readonly generation: number;
  readonly routers: readonly RouterReport[];
  /** `[[sync]]`. */
  readonly syncGroups: readonly SyncReport[];
  /** Every hook; absent: there is none. */
  readonly hooks?: readonly HookReport[];
  /** Every tracker; absent: there is none. */
  readonly trackers?: readonly Told<TrackerStatus>[];
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
  board: Pick<TrackBoard, 'of' | 'status'>,
): GenerationStatus {
  const counters = readCounters(table, routers);
  const all = board.status();
  return {
    generation,
    ...counters,
    syncGroups: readSyncGroups(table, routers).map((group) => ({ ...group, since: timeText(group.since) })),
    ...(all.length > 0 && { trackers: all.map(told) }),
    routers: counters.routers.map((router, slot) => {
      const { addresses, prefixLengths, authType } = routers[slot]!;
      const placed = readInPlace(table, slot);
      const { fault, trackers, priorityParts } = board.of(routers[slot]!, table, slot);
      const hold = readHold(table, slot, monotonicMs());
      return {
        ...router,
        // One that waits has never run: it is still in Initialize.
        state: fault !== undefined && router.state === 'Down' ? ('Fault' as const) : router.state,
        ...(fault && { fault }),
        ...(trackers && { trackers: trackers.map(told) }),
        ...(priorityParts && { priorityParts }),
        addresses,
        ...(prefixLengths && { prefixLengths: addresses.map((_, index) => prefixLengths[index] ?? null) }),
        ...(authType === undefined ? {} : { auth: authType }),
        ...inSeconds(readRouterWords(table, slot, routers[slot]!)),
        ...placed,
        ...readFurther(table, slot, routers[slot]!),
        ...standbyOf(readStandby(table, slot)),
        ...(hold && { hold: { reason: hold.reason, left: Math.round(hold.left) / 1000 } }),
        since: timeText(table.num(slot, Num.Since)),
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

function timeText(time: number): string | null {
  return time === 0 ? null : new Date(time).toISOString();
}

function told<T extends TrackerStatus>({ since, heldUntil, ...tracker }: T): Told<T> {
  return {
    ...tracker,
    since: new Date(since).toISOString(),
    ...(heldUntil !== undefined && { heldUntil: new Date(heldUntil).toISOString() }),
  } as Told<T>;
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
