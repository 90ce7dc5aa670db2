/** Asks the kernel for links, addresses and routes, and is told when they change (man 7 rtnetlink). No library. */
import { getSystemErrorName } from 'node:util';
import {
  type Message,
  message,
  messagesIn,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from './messages.ts';
import { addon, type NetlinkSocket } from './native.ts';

const NETLINK_ROUTE = 0;
/** How often a list is asked for again that has changed while it was read. */
const MOST_TRIES = 5;

/** Multicast groups (linux/rtnetlink.h). */
export const Group = {
  link: 1,
  ipv4Address: 5,
  ipv4Route: 7,
  ipv6Address: 9,
  ipv6Route: 11,
  nexthop: 32,
} as const;

/** Why the kernel refused a request. */
export class NetlinkError extends Error {
  constructor(
    what: string,
    /** Name of the errno, such as `ENODEV`. */
    readonly code: string,
  ) {
    super(`${what}: ${code}`);
  }
}

/** A request that waits for its answer. */
interface Waiting {
  readonly sequence: number;
  readonly each: (message: Message) => void;
  readonly resolve: (interrupted: boolean) => void;
  readonly reject: (error: Error) => void;
  readonly dump: boolean;
  readonly what: string;
  interrupted: boolean;
}

/** A netlink socket that asks. Requests are answered one after the other. */
export class Rtnetlink {
  private socket: NetlinkSocket | undefined;
  private waiting: Waiting | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private sequence = 0;
  private closed = false;

  /**
   * Asks for a list; anew if it changes while it is read.
   * @param type RTM_GET…
   * @param body the header of that type, with attributes
   * @param entryOf an entry as it is wanted; undefined: it is not
   * @throws NetlinkError if the kernel refuses
   */
  async dump<T>(type: number, body: Uint8Array, entryOf: (message: Message) => T | undefined): Promise<T[]> {
    for (let tries = 1; ; tries++) {
      const entries: T[] = [];
      const interrupted = await this.ask(type, body, true, (message) => {
        const entry = entryOf(message);
        if (entry !== undefined) entries.push(entry);
      });
      if (!interrupted || tries === MOST_TRIES) return entries;
    }
  }

  /**
   * Asks for one thing.
   * @returns undefined: there is none
   * @throws NetlinkError if the kernel refuses
   */
  async get(type: number, body: Uint8Array): Promise<Message | undefined> {
    let found: Message | undefined;
    try {
      await this.ask(type, body, false, (entry) => {
        found ??= entry;
      });
    } catch (error) {
      if (error instanceof NetlinkError && ABSENT.has(error.code)) return undefined;
      throw error;
    }
    return found;
  }

  private ask(
    type: number,
    body: Uint8Array,
    dump: boolean,
    each: (message: Message) => void,
  ): Promise<boolean> {
    const asked = this.turn.then(
      () =>
        new Promise<boolean>((resolve, reject) => {
          if (this.closed) throw new Error('rtnetlink: closed');
          this.socket ??= new (addon().NetlinkSocket)(NETLINK_ROUTE, [], (datagram) => this.take(datagram));
          this.sequence = (this.sequence + 1) >>> 0;
          const { sequence } = this;
          const what = `rtnetlink request ${type}`;
          this.waiting = { sequence, each, resolve, reject, dump, what, interrupted: false };
          this.socket.send(message(type, NLM_F_REQUEST | (dump ? NLM_F_DUMP : 0), sequence, body));
        }),
    );
    this.turn = asked.catch(() => {});
    return asked;
  }

  private take(datagram: Uint8Array | null): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    if (datagram === null) {
      this.end(() => waiting.reject(new NetlinkError(waiting.what, 'ENOBUFS')));
      return;
    }
    for (const each of messagesIn(datagram)) {
      if (each.sequence !== waiting.sequence) continue;
      if ((each.flags & NLM_F_DUMP_INTR) !== 0) waiting.interrupted = true;
      if (each.type === NLMSG_ERROR || each.type === NLMSG_DONE) {
        const error = each.body.i32(0);
        if (error < 0)
          this.end(() => waiting.reject(new NetlinkError(waiting.what, getSystemErrorName(error))));
        else this.end(() => waiting.resolve(waiting.interrupted));
        return;
      }
      waiting.each(each);
      if (!waiting.dump) {
        this.end(() => waiting.resolve(false));
        return;
      }
    }
  }

  private end(how: () => void): void {
    this.waiting = undefined;
    how();
  }

  /** Gives the descriptor back. Who waits for an answer is told so. */
  close(): void {
    this.closed = true;
    this.socket?.close();
    this.socket = undefined;
    const { waiting } = this;
    if (waiting !== undefined) this.end(() => waiting.reject(new Error('rtnetlink: closed')));
  }
}

/** What the kernel answers if there is no such thing. */
const ABSENT: ReadonlySet<string> = new Set(['ENODEV', 'ENXIO', 'ENOENT', 'ESRCH', 'EADDRNOTAVAIL']);

/**
 * Listens to changes until it is closed.
 * @param groups of {@link Group}
 * @param listener called with each message; with null, if some were lost
 * @throws Error with an errno `code`
 */
export function watchRtnetlink(
  groups: readonly number[],
  listener: (message: Message | null) => void,
): { close(): void } {
  return new (addon().NetlinkSocket)(NETLINK_ROUTE, groups, (datagram) => {
    if (datagram === null) listener(null);
    else for (const each of messagesIn(datagram)) listener(each);
  });
}
