/** What the actuator is started with, and what it says to the engine. Plain data, structured clone. */
import type { MessagePort } from 'node:worker_threads';
import type { DaemonConfig } from '../config/model.ts';
import type { LinkNews } from './link-news.ts';
import type { ResolvedPlugin, RouterPlugins } from './resolved-plugins.ts';

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
  /**
   * The network namespace that it is about, see `Native.namespaceCookie`; null: the kernel cannot tell. Absent:
   * no other namespace can have the inode number, as long as the file exists.
   */
  readonly namespaceCookie?: string | null;
  /** Slots that must not be prepared if something is known to keep them from being Master, see obstacles.ts. */
  readonly checked?: readonly number[];
}

/** From the actuator to the engine: news of the links; or `null`, after `Applied` of some slots changed. */
export type ActuatorToEngine = LinkNews | null;
