/** The addon, and what to do where it does not load. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A netlink socket (man 7 netlink). What its datagrams mean is its user's affair. */
export interface NetlinkSocket {
  /** Sends a message to the kernel. @throws Error with an errno `code` */
  send(message: Uint8Array): void;
  close(): void;
}

/** A socket for echo requests of ICMP or ICMPv6. */
export interface EchoSocket {
  /**
   * It is a raw socket: it hears every echo reply to this host, and needs a checksum over IPv4 and an identifier. False: a
   * ping socket, to which the kernel gives an identifier of its own.
   */
  readonly raw: boolean;
  /** @param address IP address, with a zone (`%eth0`) if need be @throws Error with an errno `code` */
  send(address: string, message: Uint8Array): void;
  close(): void;
}

/** What the addon exports (native/addon.cc). What fails throws an Error whose `code` is the name of the errno. */
export interface Addon {
  /**
   * Calls `listener` on this thread's event loop with each datagram of the kernel until closed; with null, if some were
   * lost. Groups are RTNLGRP_… or their like.
   */
  readonly NetlinkSocket: new (
    protocol: number,
    groups: readonly number[],
    listener: (datagram: Uint8Array | null) => void,
  ) => NetlinkSocket;
  /**
   * Calls `listener` with each ICMP message that arrives, or with the name of the errno if a request could not be
   * delivered. `source` and `device` may be empty.
   */
  readonly EchoSocket: new (
    family: 4 | 6,
    source: string,
    device: string,
    listener: (what: Uint8Array | string) => void,
  ) => EchoSocket;
  /** A TCP socket that is bound to an interface (SO_BINDTODEVICE), not connected yet. @returns its descriptor */
  openTcpSocket(family: 4 | 6, device: string): number;
  /**
   * A pipe (man 7 pipe) for the output of a program, which may open it once more by the name `/dev/stderr`: that cannot be
   * done with the sockets that Node.js gives its children. No program inherits it by itself.
   * @returns the descriptors to read from and to write to
   */
  openPipe(): [number, number];
  /** Closes one of them, which Node.js has not opened: it would warn of that. @throws Error with `code` */
  closeDescriptor(descriptor: number): void;
  /** Marks all descriptors of the process but the first three: no program that it starts from now on inherits them. */
  closeAtExec(): void;
  /**
   * When this thread ends, however it does, the process group of this child is killed, and the child waited for.
   * @param pid of a child of this process that leads a process group
   */
  guardChild(pid: number): void;
  /** The end of {@link guardChild}: the child has ended. */
  releaseChild(pid: number): void;
}

let loaded: Addon | undefined;

/**
 * The addon, loaded into this thread when it is first needed.
 * @throws Error that says what to do
 */
export function addon(): Addon {
  loaded ??= load();
  return loaded;
}

function load(): Addon {
  const folder = fileURLToPath(new URL('..', import.meta.url)); // of the package, from src/ and from dist/
  try {
    return (createRequire(import.meta.url)('node-gyp-build') as (folder: string) => Addon)(folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Error(
      `the native part of rvrrpd-track-system cannot be loaded (${reason}): build it with "npm run build:native"`,
      { cause: error },
    );
  }
}
