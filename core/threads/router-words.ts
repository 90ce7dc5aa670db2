/** What the state table and the configuration say together about the intervals and the checksum of a virtual router. */
import type { VirtualRouterConfig } from '../config/model.ts';
import { CHECKSUM_SORT_NAMES } from '../vrrp/advertisement.ts';
import { masterDownInterval, skewTime } from '../vrrp/timers.ts';
import { Int, Num, State } from './state-table.ts';
import type { TableReader } from './table-views.ts';

/** Intervals in ms, and the sort of checksum, as in a `RouterStatus`. */
export interface RouterWords {
  readonly advertisementInterval: number;
  readonly masterDownInterval: number;
  readonly skewTime: number;
  readonly masterAdvertisementInterval?: number;
  readonly accept?: boolean;
  readonly checksum?: 'rfc9568' | 'pseudo-header';
  readonly peers?: readonly string[];
  readonly source?: string;
  readonly sync?: string;
  /** In s. */
  readonly lease?: number;
}

/** Reads them. */
export function readRouterWords(table: TableReader, slot: number, config: VirtualRouterConfig): RouterWords {
  const { version, advertisementIntervalCs, downTimerAdverts, accept, peers, source, sync, lease } = config;
  const advertisementInterval = advertisementIntervalCs * 10;
  // 0 in Initialize, before anything set it.
  const priority = table.int(slot, Int.Priority) || config.priority;
  const interval = table.num(slot, Num.MasterAdverInterval) || advertisementInterval;
  const follows = version === 3 && table.int(slot, Int.State) === State.Backup;
  const checksum = CHECKSUM_SORT_NAMES[table.int(slot, Int.Checksum)];
  return {
    advertisementInterval,
    masterDownInterval: masterDownInterval(version, priority, interval, downTimerAdverts),
    skewTime: skewTime(version, priority, interval),
    ...(follows && interval !== advertisementInterval ? { masterAdvertisementInterval: interval } : {}),
    ...(accept === undefined ? {} : { accept }),
    ...(checksum === undefined ? {} : { checksum }),
    ...(peers === undefined ? {} : { peers }),
    ...(source === undefined ? {} : { source }),
    ...(sync === undefined ? {} : { sync }),
    ...(lease === undefined ? {} : { lease }),
  };
}
