/** Which connections there may be: a number of them, and no client has them all. */
import type { Socket } from 'node:net';
import { clientOf } from './address.ts';

/** One client may always have so many connections: a browser uses 6. */
const FEWEST_PER_CLIENT = 8;

/**
 * Connections above the limit that the server may accept, to be told whose they are: as many as wait in its queue
 * (Node.js's `backlog`).
 */
export const HEADROOM = 511;

/** How many connections one client may have: a quarter of all. */
function mostPerClient(most: number): number {
  return Math.max(FEWEST_PER_CLIENT, Math.floor(most / 4));
}

/** Knows which client has which connections, the oldest first. */
export class Admission {
  private readonly clients = new Map<string, Set<Socket>>();
  private readonly owners = new Map<Socket, string>();

  /** @param most connections at a time, in force */
  constructor(private readonly most: () => number) {}

  /**
   * Takes a connection in.
   *
   * If there is no room, the client with the most connections has to give one back, or a few clients that use theirs
   * now and then would keep everybody else out for ever. Nobody gets more than others have in this way.
   * @returns the connection that has to go, and no longer counts: this one, or another
   */
  admit(socket: Socket): Socket | undefined {
    const client = clientOf(socket.remoteAddress);
    const own = this.clients.get(client) ?? new Set();
    this.clients.set(client, own.add(socket));
    this.owners.set(socket, client);
    const most = this.most();
    let surplus: Socket | undefined;
    if (own.size > mostPerClient(most)) surplus = socket;
    else if (this.owners.size > most) surplus = this.oldestOfLargest(own.size) ?? socket;
    if (surplus !== undefined) this.release(surplus);
    return surplus;
  }

  /** A connection is over. It may have been released already. */
  release(socket: Socket): void {
    const client = this.owners.get(socket);
    if (client === undefined) return;
    this.owners.delete(socket);
    const connections = this.clients.get(client)!;
    connections.delete(socket);
    if (connections.size === 0) this.clients.delete(client);
  }

  /** Undefined if no client has more than `count` connections. */
  private oldestOfLargest(count: number): Socket | undefined {
    let largest: ReadonlySet<Socket> | undefined;
    for (const each of this.clients.values()) if (each.size > (largest?.size ?? count)) largest = each;
    return largest?.values().next().value;
  }
}
