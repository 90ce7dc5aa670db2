/** What the actuator, the engine and the supervisor say to each other. Plain data, structured clone. */
import type { MessagePort } from 'node:worker_threads';
import type { DaemonConfig } from '../config/model.ts';
import type { Link, PluginKind } from '../plugin/types.ts';
import type { ServiceOrder, ServiceReport } from '../services/messages.ts';

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
  /** Slots that must not be prepared if something is known to keep them from being Master, see obstacles.ts. */
  readonly checked?: readonly number[];
}

/**
 * From the actuator to the engine: the Ethernet links of the namespace, whenever anything about them changed,
 * addresses that are ours left out; or `null`, after `Applied` of some slots changed.
 */
export type ActuatorToEngine = { readonly type: 'links'; readonly links: readonly Link[] } | null;

/** From a worker to the supervisor. */
export type WorkerReport =
  /** It begins to load this plugin, `rvrrpd-plugin-x 1.0.0`: the one to blame should nothing follow. */
  | { readonly type: 'loading'; readonly plugin: string }
  /** Its plugins are loaded and its configuration is understood: it waits for `go`. */
  | { readonly type: 'prepared' }
  /** It does its work. */
  | { readonly type: 'ready' }
  /** It could not start: nothing is running. `error` is for the operator. */
  | { readonly type: 'failed'; readonly error: string }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields?: Readonly<Record<string, unknown>>;
    }
  /** Engine only: the packet sockets it has now, for its successor should it crash. */
  | { readonly type: 'sockets'; readonly sockets: readonly HandedSocket[] }
  /** It has stopped or handed over; the worker may be terminated. */
  | { readonly type: 'stopped' }
  /** Services only. */
  | { readonly type: 'service'; readonly report: ServiceReport };

/** A packet socket that passes from one engine to the next; the descriptor is the process's. */
export interface HandedSocket {
  readonly descriptor: number;
  /** The ARP socket beside it. */
  readonly arp?: number;
  /** Index of the link that it is bound to. */
  readonly link: number;
  readonly family: 4 | 6;
}

/** From the supervisor to a worker. */
export type WorkerOrder =
  /** After `prepared`: start. */
  | { readonly type: 'go'; readonly succession?: Succession }
  /** Engine only: hand over to the engine at the other end of `port`; `leaving` slots have no successor. */
  | { readonly type: 'hand-over'; readonly port: MessagePort; readonly leaving: readonly number[] }
  /** Actuator only: stop, and leave everything in the kernel to the successor. */
  | { readonly type: 'retire' }
  /** Take everything back, and stop. */
  | { readonly type: 'stop' }
  /** Services only. */
  | { readonly type: 'service'; readonly order: ServiceOrder };

/** What an engine takes over, and from whom. */
export interface Succession {
  /** Memory of the predecessor's state table. */
  readonly table: SharedArrayBuffer;
  /** By slot: the predecessor's slot of the same virtual router, −1 if it is new. */
  readonly slots: readonly number[];
  /** By slot: what its Master needs of the kernel is not what it was. */
  readonly changed: readonly boolean[];
  /** Leads to the predecessor. Absent: it has crashed. */
  readonly port?: MessagePort;
  /** The crashed predecessor's sockets. */
  readonly sockets: readonly HandedSocket[];
  /** Slots of Masters that are to give up once they are ours. */
  readonly failOver: readonly number[];
}
