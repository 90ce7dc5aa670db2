/** What the engine is started with. Plain data, structured clone. */
import type { MessagePort } from 'node:worker_threads';
import type { ResolvedPlugin, RouterPlugins } from '../actuator/messages.ts';
import type { DaemonConfig } from '../config/model.ts';

/** `workerData` of the engine. Slots of the state table are indices of `config.virtualRouters`. */
export interface EngineInit {
  readonly config: DaemonConfig;
  /** By slot. */
  readonly routerPlugins: readonly RouterPlugins[];
  readonly plugins: readonly ResolvedPlugin[];
  /** Memory of the state table. */
  readonly table: SharedArrayBuffer;
  /** Memory of the event ring. */
  readonly events: SharedArrayBuffer;
  /** To and from the actuator, see `ActuatorToEngine`. */
  readonly actuatorPort: MessagePort;
  /** Rung after `Wanted` of any slot changed, through `actuatorPort`. */
  readonly wantedBell: SharedArrayBuffer;
  /** Rung by the actuator after `Applied` of any slot changed, through `actuatorPort`. */
  readonly appliedBell: SharedArrayBuffer;
  /** Rung after an event was written, through `eventPort`. */
  readonly eventBell: SharedArrayBuffer;
  readonly eventPort: MessagePort;
}
