/**
 * What two processes say to each other while one takes over, in this order. `failed` may come from the new one at any
 * time, with an error; then, as when it is gone, the old one goes on, up to `done`. If the old one is gone, the new one
 * goes on alone with what it has been given by then.
 *
 * | message    | from | says                                                                               |
 * |------------|------|------------------------------------------------------------------------------------|
 * | `hello`    | new  | {@link Hello}: who it is; its configuration is understood                           |
 * | `welcome`  | old  | section `routers`: what runs, which does not change any more                        |
 * | `prepared` | new  | {@link Prepared}: its threads have loaded their plugins, and are rehearsed          |
 * | `offer`    | old  | sockets, state and claims; the old engine goes on                                   |
 * | `take`     | new  | all of that is understood                                                           |
 * | `estate`   | old  | {@link EstateFields}: the old engine has let go; sockets and state as of then       |
 * | `running`  | new  | its engine has taken over                                                           |
 * | `retired`  | old  | the old actuator leaves the kernel to the new one                                   |
 * | `served`   | old  | the client API has ended; what it has exported                                      |
 * | `done`     | new  | everything is its own: the old process ends                                         |
 */
import type { ReloadOutcome } from '../../plugin/contracts/index.ts';
import type { HandedSocket } from '../../threads/engine-messages.ts';
import type { Reads } from './sections.ts';

/** Version of this conversation. */
export const PROTOCOL = 1;

/** Fields of `hello`. */
export interface Hello {
  readonly protocol: number;
  /** Of rvrrpd, and of Node.js. */
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  /** Network namespace: `net:[inode]`, and its cookie; null: the kernel cannot tell. */
  readonly namespace: string;
  readonly cookie: string | null;
  /** Time namespace, which the monotonic clock is of: `time:[inode]`; null: the kernel has none. */
  readonly clock: string | null;
  /** Its lock, see `InstancePlaces`: the same for the same configuration file. */
  readonly lock: string;
  readonly reads: Reads;
}

/** Fields of `welcome`. */
export interface Welcome {
  readonly version: string;
  readonly pid: number;
}

/** Fields of `prepared`. */
export interface Prepared {
  /** Slots of the old process that have no successor. */
  readonly leaving: readonly number[];
}

/** Fields of `estate`. */
export interface EstateFields {
  /** When the old engine stopped receiving and sending, monotonic ms. */
  readonly since: number;
}

/** Section `places`, with indices of descriptors that come with the message. */
export interface HandedPlaces {
  readonly lock: number;
  /** Absent: it could not be opened. */
  readonly control?: number;
  /** Absent: it runs in the foreground. */
  readonly pidFile?: { readonly path: string; readonly descriptor: number };
}

/** Section `service`. */
export interface HandedService {
  /** Of the plugin. */
  readonly package: string;
  readonly state: unknown;
}

/** Section `daemon`. */
export interface HandedDaemon {
  /** Number of the generation that ran. */
  readonly generation: number;
  readonly lastReload: ReloadOutcome | null;
}

/** Makes indices of a socket's descriptors. @param descriptors they are added to this */
export function packSocket(socket: HandedSocket, descriptors: number[]): HandedSocket {
  return mapped(socket, (descriptor) => descriptors.push(descriptor) - 1);
}

/** Reverse of {@link packSocket}. @param descriptors those that have come */
export function unpackSocket(socket: HandedSocket, descriptors: readonly number[]): HandedSocket {
  return mapped(socket, (index) => {
    const descriptor = descriptors[index];
    if (descriptor === undefined) throw new Error(`descriptor ${index} has not come`);
    return descriptor;
  });
}

function mapped(socket: HandedSocket, of: (descriptor: number) => number): HandedSocket {
  const { watch, membership } = socket;
  return {
    ...socket,
    descriptor: of(socket.descriptor),
    ...(watch !== undefined && { watch: of(watch) }),
    ...(membership !== undefined && { membership: of(membership) }),
  };
}
