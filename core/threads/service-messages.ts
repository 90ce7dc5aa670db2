/** What a service's worker and the supervisor say to each other. Plain data, structured clone. */

import type { VirtualRouterConfig } from '../config/model.ts';
import type {
  ChangeOutcome,
  ChangeRequest,
  DaemonInfo,
  RunningConfiguration,
  ServiceSettings,
} from '../plugin/contracts/index.ts';
import type { ErrorReport } from '../shared/errors.ts';
import type { HookIdentity } from './hook-cell.ts';
import type { ResolvedPlugin } from './resolved-plugins.ts';
import type { TrackerIdentity } from './track-board.ts';

/** `workerData` of a service. */
export interface ServiceInit {
  readonly plugin: ResolvedPlugin;
  /** The configuration value that selected it. */
  readonly name: string;
  readonly settings: ServiceSettings;
  readonly view: ServiceView;
  /** See `ServiceContext.stateFile`. */
  readonly stateFile: string;
}

/** What a service sees of the running generation. */
export interface ServiceView {
  /** By slot; without their secrets. */
  readonly virtualRouters: readonly VirtualRouterConfig[];
  /** Memory of the state table. */
  readonly table: SharedArrayBuffer;
  /** Memory of the event ring. */
  readonly events: SharedArrayBuffer;
  /** The trackers, and what they say: memory of a `TrackCell` each. */
  readonly trackers: readonly TrackerIdentity[];
  readonly trackCells: readonly SharedArrayBuffer[];
  /** The hooks, and memory of a `HookCell` each. */
  readonly hooks: readonly HookIdentity[];
  readonly hookCells: readonly SharedArrayBuffer[];
  readonly configuration: RunningConfiguration;
  readonly daemon: DaemonInfo;
}

/** From the supervisor to a service, beside the orders that all workers know. */
export type ServiceOrder =
  /** Make ready for these; answered by `settings`. */
  | { readonly type: 'settings'; readonly settings: ServiceSettings }
  /** Another generation runs; the settings made ready, if there are any, are in force. */
  | { readonly type: 'view'; readonly view: ServiceView; readonly settings?: ServiceSettings }
  /** The settings made ready will not come into force. */
  | { readonly type: 'abandon' }
  /** A reload is over. */
  | { readonly type: 'daemon'; readonly daemon: DaemonInfo }
  /** Give what the next version needs; answered by `state`. */
  | { readonly type: 'export' }
  /** What the version before has given. */
  | { readonly type: 'import'; readonly state: unknown }
  /** To the `request` of the same number. */
  | { readonly type: 'answer'; readonly number: number; readonly outcome: ChangeOutcome };

/** From a service to the supervisor, beside the reports that all workers make. */
export type ServiceReport =
  /** `unsupported`: the plugin cannot do that, another one has to be started. */
  | { readonly type: 'settings'; readonly verdict: 'ready' | 'unsupported' }
  | { readonly type: 'settings'; readonly verdict: 'refused'; readonly error: ErrorReport }
  /** `state` undefined: there is nothing to hand on. */
  | { readonly type: 'state'; readonly state: unknown }
  | { readonly type: 'request'; readonly number: number; readonly request: ChangeRequest };
