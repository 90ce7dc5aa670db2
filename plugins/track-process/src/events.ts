/** The kernel's process events (linux/connector.h, linux/cn_proc.h). */
import { addon, body, message, messagesIn, type NetlinkSocket } from 'rvrrpd-track-system';

const NETLINK_CONNECTOR = 11;
const CN_IDX_PROC = 1;
const CN_VAL_PROC = 1;
const NLMSG_DONE = 3;
const PROC_CN_MCAST_LISTEN = 1;
const PROC_CN_MCAST_IGNORE = 2;
/** Octets of `struct cn_msg`: index, value, sequence, acknowledgement, length, flags. */
const CN_HEADER = 20;
/** Octets of `struct proc_event` before what is peculiar to a kind: kind, processor, time. */
const EVENT_HEADER = 16;
/** How long the kernel's yes is waited for, in ms. Elsewhere than in the first namespaces there is none. */
const PATIENCE = 500;

/** Kinds (enum what). */
const What = {
  none: 0,
  fork: 0x1,
  exec: 0x2,
  uid: 0x4,
  comm: 0x200,
  exit: 0x80000000,
} as const;

/** What has happened to a process. `look`: it may be another program now. */
export interface ProcessEvent {
  readonly what: 'new' | 'look' | 'end';
  readonly pid: number;
}

/** Reads the datagram of an event; `ready` is the kernel's yes; undefined: it does not matter. */
export function readEvent(datagram: Uint8Array): ProcessEvent | 'ready' | undefined {
  for (const { body: octets } of messagesIn(datagram)) {
    if (octets.u32(0) !== CN_IDX_PROC || octets.u32(4) !== CN_VAL_PROC) continue;
    const at = CN_HEADER;
    const data = at + EVENT_HEADER;
    switch (octets.u32(at)) {
      case What.none:
        return octets.u32(data) === 0 ? 'ready' : undefined;
      case What.fork: {
        // parent's thread and process, child's thread and process: a new thread is not a process
        const [thread, pid] = [octets.u32(data + 8), octets.u32(data + 12)];
        return thread === pid ? { what: 'new', pid } : undefined;
      }
      case What.exec:
      case What.comm:
        return { what: 'look', pid: octets.u32(data + 4) };
      case What.exit:
        return octets.u32(data) === octets.u32(data + 4)
          ? { what: 'end', pid: octets.u32(data + 4) }
          : undefined;
      default:
        return undefined;
    }
  }
  return undefined;
}

/** The request that asks for events, or for no more of them. */
export function request(listen: boolean): Uint8Array {
  const length = new Uint8Array(Uint16Array.of(4, 0).buffer); // octets of the operation; and flags
  const connector = body(
    CN_IDX_PROC,
    CN_VAL_PROC,
    0,
    0,
    length,
    listen ? PROC_CN_MCAST_LISTEN : PROC_CN_MCAST_IGNORE,
  );
  return message(NLMSG_DONE, 0, 0, connector);
}

/** Events until it is closed. */
export class ProcessEvents {
  private constructor(private readonly socket: NetlinkSocket) {}

  /**
   * Begins to listen.
   * @param listener called with each event; with null, if some were lost
   * @returns undefined: they are not to be had here, in a container for example
   */
  static open(listener: (event: ProcessEvent | null) => void): Promise<ProcessEvents | undefined> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      let socket: NetlinkSocket;
      try {
        socket = new (addon().NetlinkSocket)(NETLINK_CONNECTOR, [CN_IDX_PROC], (datagram) => {
          const event = datagram && readEvent(datagram);
          if (event === 'ready') {
            clearTimeout(timer);
            resolve(new ProcessEvents(socket));
          } else if (event !== undefined) listener(event);
        });
      } catch {
        return resolve(undefined); // no such protocol in this network namespace, or not permitted
      }
      const giveUp = () => {
        socket.close();
        resolve(undefined);
      };
      timer = setTimeout(giveUp, PATIENCE);
      try {
        socket.send(request(true));
      } catch {
        clearTimeout(timer);
        giveUp();
      }
    });
  }

  close(): void {
    try {
      this.socket.send(request(false));
    } catch {
      // Closing is enough.
    }
    this.socket.close();
  }
}
