/** What a service's worker is started with. Plain data, structured clone. */
import type { ResolvedPlugin } from '../actuator/messages.ts';
import type { ApiConfig, VirtualRouterConfig } from '../config/model.ts';

/** `workerData` of a service. */
export interface ServiceInit {
  readonly plugin: ResolvedPlugin;
  /** The configuration value that selected it. */
  readonly name: string;
  readonly api: ApiConfig;
  /** By slot; without their secrets. */
  readonly virtualRouters: readonly VirtualRouterConfig[];
  /** Memory of the state table. */
  readonly table: SharedArrayBuffer;
  /** Memory of the event ring. */
  readonly events: SharedArrayBuffer;
}
