/** What the pieces of the actuator share. */
import type { DaemonConfig, VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/contracts/index.ts';
import type { RouterPlugins } from '../threads/resolved-plugins.ts';
import type { ActuatorTable } from '../threads/table-views.ts';
import type { WorkerReport } from '../threads/worker-messages.ts';
import type { Journal } from './journal.ts';
import type { ActuatorPlugins } from './plugins.ts';

/** Writes to the daemon's log. */
export type Log = (
  level: Extract<WorkerReport, { type: 'log' }>['level'],
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

/** What virtual routers on their way to Master and back need. */
export type MastersParts = Pick<
  ActuatorParts,
  'config' | 'routerPlugins' | 'plugins' | 'table' | 'ring' | 'log'
>;

/** What an actuator works with. */
export interface ActuatorParts {
  readonly config: Pick<DaemonConfig, 'virtualRouters'>;
  /** By slot. */
  readonly routerPlugins: readonly RouterPlugins[];
  readonly plugins: ActuatorPlugins;
  readonly table: ActuatorTable;
  readonly journal: Journal;
  /** Tells the engine that `Applied` of some slots changed. */
  readonly ring: () => void;
  /** Tells the engine news of the links of the namespace, what is ours left out; see `LinkNews`. */
  readonly tellLinks: (links: readonly Link[], gone?: readonly string[]) => void;
  /**
   * Whether another process runs the virtual router on the interface of this index: what looks like a Master's is that
   * one's then. Absent: no other process does.
   */
  readonly runsElsewhere?: (router: VirtualRouterConfig, index: number) => boolean;
  /** Puts this thread before every ordinary one, or ends that. Absent: the scheduling is left alone. */
  readonly hurry?: (urgent: boolean) => void;
  /** Goes through a take-over of nobody's, see rehearsal.ts, and says whether to do so again at once. Absent: no rehearsal. */
  readonly rehearse?: () => Promise<boolean>;
  /** The clock of the state table: CLOCK_MONOTONIC in ms. `performance.now` counts from another point. */
  readonly clock: () => number;
  readonly log: Log;
}
