/** What the engine is started with, and what one engine hands on to the next. Plain data, structured clone. */
import type { MessagePort } from 'node:worker_threads';
import type { DaemonConfig } from '../config/model.ts';
import type { ResolvedPlugin, RouterPlugins } from './resolved-plugins.ts';

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
  /** Memory of what the trackers say, by index of `config.trackers`, see `TrackCell`. */
  readonly trackCells: readonly SharedArrayBuffer[];
  /** Rung by the main thread after a tracker's verdict has changed, through `eventPort`. */
  readonly trackBell: SharedArrayBuffer;
  /** See `AuthMemories`. */
  readonly authMemories: SharedArrayBuffer;
  /** Rung after a plugin has asked for its memory to be kept, through `eventPort`. */
  readonly authBell: SharedArrayBuffer;
}

/** A socket that passes from one engine to the next; the descriptor is the process's. */
export interface HandedSocket {
  readonly descriptor: number;
  /** The socket beside it that hears ARP, or neighbour advertisements, or strangers. */
  readonly watch?: number;
  /** The socket beside it that reports the membership of the group. */
  readonly membership?: number;
  /** Index of the link that it is bound to; of a raw IP socket that its source was taken from, 0: any. */
  readonly link: number;
  readonly family: 4 | 6;
  /** It is a packet socket for announcements alone. */
  readonly announce?: true;
  /** It is a packet socket that hears whether anything comes in. */
  readonly ear?: true;
  /** It is a raw IP socket, bound to this address of ours. */
  readonly source?: string;
}

/** What an engine takes over, and from whom. */
export interface Succession {
  /** Memory of the predecessor's state table. */
  readonly table: SharedArrayBuffer;
  /** The predecessor's `AuthMemories`. */
  readonly authMemories: SharedArrayBuffer;
  /** By slot: the predecessor's slot of the same virtual router, −1 if it is new. */
  readonly slots: readonly number[];
  /** By slot: what its Master needs of the kernel is not what it was. */
  readonly changed: readonly boolean[];
  /** Leads to the predecessor. Absent: it has crashed. */
  readonly port?: MessagePort;
  /** The crashed predecessor's sockets. */
  readonly sockets: readonly HandedSocket[];
}
