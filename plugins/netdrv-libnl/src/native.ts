/** The addon, and what to do where it does not load. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { KernelChange, KernelNews, KernelRefusal, Link, LinkAddress } from 'rvrrpd/plugin';

/** A link as the kernel lists it: its addresses come in a list of their own. */
export type DumpedLink = Omit<Link, 'addresses'>;

/** An address as the kernel lists it. */
export type DumpedAddress = LinkAddress & {
  /** Index of its link. */
  readonly index: number;
};

/** What the addon exports (native/addon.cc, native/monitor.cc). */
export interface LibnlAddon {
  /** Two netlink sockets, one to list and one to change. Every call blocks until the kernel has answered. */
  readonly Netlink: new () => {
    /** @throws Error if the kernel does not answer */
    dump(): { links: DumpedLink[]; addresses: DumpedAddress[] };
    /** @throws Error if the socket fails; a change that the kernel refuses is in the result. */
    apply(changes: readonly KernelChange[]): (KernelRefusal | null)[];
    close(): void;
  };
  /** Calls `listener` on this thread's event loop until closed. */
  readonly Monitor: new (
    listener: (news: KernelNews[]) => void,
  ) => {
    close(): void;
    /** Octets of news that can wait to be read, as the kernel counts them (SO_RCVBUF); 0 once it is closed. */
    readonly room: number;
    /**
     * Whether news are taken from now on; at first they are. What waits to be read stays. Nothing happens once it is
     * closed. @throws Error if the kernel refuses
     */
    listen(listening: boolean): void;
  };
  /** A netlink socket of this protocol, 12 for NETLINK_NETFILTER (native/exchange.cc). */
  readonly NetlinkSocket: new (
    protocol: number,
  ) => {
    /**
     * Sends messages and waits for the kernel's answers, 2 s at most.
     * @param answers how many messages it answers with; 0: until the end of a list, or an error
     * @returns these, one behind the other
     * @throws Error with an errno `code`; ETIMEDOUT: it did not answer
     */
    exchange(messages: Uint8Array, answers: number): Uint8Array;
    close(): void;
  };
}

/**
 * Loads the addon, which needs libnl-3 and libnl-route-3.
 * @throws Error that says what is missing and what to install or configure instead
 */
export function loadAddon(): LibnlAddon {
  const load = createRequire(import.meta.url)('node-gyp-build') as (folder: string) => LibnlAddon;
  const folder = fileURLToPath(new URL('..', import.meta.url)); // of the package, from src/ and from dist/
  try {
    return load(folder);
  } catch (error) {
    throw new Error(explainLoadFailure(error), { cause: error });
  }
}

/** What an operator can do about an addon that does not load. */
export function explainLoadFailure(error: unknown): string {
  const reason = error instanceof Error ? error.message.split('\n')[0]! : String(error);
  const library = /libnl-(?:route-)?3\.so[.\d]*/.exec(reason)?.[0];
  if (library !== undefined) {
    return (
      `the network driver libnl needs ${library}, which is not installed: install the Debian packages ` +
      'libnl-3-200 and libnl-route-3-200 (Alpine: libnl3), or configure another network driver (netdrv = "ioctl") ' +
      'for the virtual routers'
    );
  }
  return (
    `the native part of the network driver libnl cannot be loaded (${reason}): packages have it for Linux on x64 and ` +
    'arm64, in a checkout "npm run build:native" builds it (Debian packages libnl-3-dev and libnl-route-3-dev); or ' +
    'configure another network driver (netdrv) for the virtual routers'
  );
}
