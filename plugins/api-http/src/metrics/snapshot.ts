/** Everything that metrics are made of, read once for each scrape. */
import type {
  DaemonCounters,
  DaemonInfo,
  HookStatus,
  RouterName,
  RouterStatus,
  RunningConfiguration,
  ServiceContext,
  TrackerStatus,
} from 'rvrrpd/plugin';
import type { Labels } from './family.ts';

/** The daemon at the moment of a scrape. */
export interface Snapshot {
  readonly routers: readonly RouterStatus[];
  /** Labels of each of {@link routers}. */
  readonly routerLabels: readonly Labels[];
  readonly counters: DaemonCounters;
  /** Labels of each of the routers of {@link counters}. */
  readonly counterLabels: readonly Labels[];
  readonly trackers: readonly TrackerStatus[];
  readonly hooks: readonly HookStatus[];
  readonly daemon: DaemonInfo;
  readonly configuration: RunningConfiguration;
}

/** @returns reads a snapshot */
export function snapshots(context: ServiceContext): () => Snapshot {
  const routerLabels = labelsOfRouters();
  const counterLabels = labelsOfRouters();
  return () => {
    const routers = context.routers();
    const counters = context.counters();
    return {
      routers,
      routerLabels: routerLabels(routers),
      counters,
      counterLabels: counterLabels(counters.routers),
      trackers: context.trackers(),
      hooks: context.hooks(),
      daemon: context.daemon(),
      configuration: context.configuration(),
    };
  };
}

/** Labels of virtual routers: the same objects as last time, as long as the places in the list are theirs. */
function labelsOfRouters(): (routers: readonly RouterName[]) => readonly Labels[] {
  let known: readonly (Required<RouterName> & Labels)[] = [];
  return (routers) => {
    known = routers.map(({ interface: name, group, family = 4, version = 2 }, index) => {
      const before = known[index];
      const isSame =
        before?.interface === name &&
        before.group === group &&
        before.family === family &&
        before.version === version;
      return isSame ? before : { interface: name, group, family, version };
    });
    return known;
  };
}
