/** What the actuator, the engine and the supervisor say to each other. Plain data, structured clone. */
import type { MessagePort } from 'node:worker_threads';
import type { DaemonConfig } from '../config/model.ts';
import type { Link, PluginKind } from '../plugin/types.ts';

/** A plugin that the supervisor has resolved and whose manifest it has checked. */
export interface ResolvedPlugin {
  /** Package name: `rvrrpd-plugin-…` or `@scope/rvrrpd-plugin-…`. */
  readonly package: string;
  readonly version: string;
  readonly kind: PluginKind;
  readonly names: readonly string[];
  readonly default: boolean;
  readonly provides: readonly string[];
  readonly needs: readonly string[];
  /** Absolute path of its module, for `import()`. */
  readonly entry: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** One plugin name for each virtual router and kind, after defaults: the keys to `plugins`. */
export interface RouterPlugins {
  readonly auth?: string;
  readonly filter?: string;
  readonly netdrv: string;
  readonly iftype: string;
}

/** `workerData` of the actuator. Slot numbers of the state table are indices of `config.virtualRouters`. */
export interface ActuatorInit {
  readonly config: DaemonConfig;
  /** By slot. */
  readonly routerPlugins: readonly RouterPlugins[];
  readonly plugins: readonly ResolvedPlugin[];
  /** Memory of the state table. */
  readonly table: SharedArrayBuffer;
  /** To and from the engine: {@link ActuatorToEngine} one way, doorbell rings the other. */
  readonly enginePort: MessagePort;
  /** Rung by the engine after `Wanted` of any slot changed. Its port is `enginePort`. */
  readonly wantedBell: SharedArrayBuffer;
  /** Rung by the actuator after `Applied` of any slot changed, the `null` of {@link ActuatorToEngine}. */
  readonly appliedBell: SharedArrayBuffer;
  /** The file that remembers what of the kernel is ours, should this process die. */
  readonly journal: string;
}

/**
 * From the actuator to the engine: the Ethernet links of the namespace, whenever anything about them changed,
 * addresses that are ours left out; or `null`, after `Applied` of some slots changed.
 */
export type ActuatorToEngine = { readonly type: 'links'; readonly links: readonly Link[] } | null;

/** From a worker to the supervisor. */
export type WorkerReport =
  | { readonly type: 'ready' }
  /** It could not start: nothing is running. `error` is for the operator. */
  | { readonly type: 'failed'; readonly error: string }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields?: Readonly<Record<string, unknown>>;
    }
  /** Everything is taken back; the worker may be terminated. */
  | { readonly type: 'stopped' };

/** From the supervisor to a worker. */
export type WorkerOrder = { readonly type: 'stop' };
