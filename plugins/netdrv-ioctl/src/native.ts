/** The addon, and what to do where it does not load. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * A socket and the ioctl requests of man 7 netdevice and of the "old" routing interface on it, in the network
 * namespace that it was made in. What the kernel refuses throws an Error whose `code` is the name of the error
 * number and whose message has the request and its arguments. A *label* is an interface's name or an alias
 * (`eth0:7`).
 */
export interface Ioctl {
  /**
   * SIOCGIFCONF: every IPv4 address of the namespace in the kernel's order, in records of 20 octets: label of 16,
   * padded with zeros, and address.
   */
  addresses(): Uint8Array;
  /** SIOCGIFNAME; null: no interface has this index. */
  name(index: number): string | null;
  /** SIOCGIFINDEX; null: no interface has this name. */
  index(name: string): number | null;
  /** SIOCGIFFLAGS: IFF_… of net/if.h, 16 bits. */
  flags(name: string): number;
  /** SIOCGIFHWADDR: type (ARPHRD_…) in two octets, big-endian, and 14 octets of address. */
  hardwareAddress(name: string): Uint8Array;
  /** SIOCGIFMTU, in octets. */
  mtu(name: string): number;
  /** SIOCETHTOOL, ETHTOOL_GDRVINFO: the driver's name; empty if it has none to tell. */
  driverName(name: string): string;
  /** SIOCGIFADDR: the first address of this label; null: there is none. */
  address(label: string): string | null;
  /** SIOCGIFNETMASK of an address under a label, or else of the label's first; null: the label has none. */
  netmask(label: string, address: string): string | null;
  /**
   * SIOCSIFADDR, SIOCSIFNETMASK and SIOCSIFBRDADDR 0.0.0.0 in one breath. A label that has an address already
   * would lose it. If the interface has the same address and netmask under another label, the kernel drops this
   * one without a word.
   */
  addAlias(label: string, address: string, netmask: string): void;
  /** SIOCSIFFLAGS. On an alias label without IFF_UP, the kernel removes the label's first address. */
  setFlags(label: string, flags: number): void;
  /** SIOCSIFHWADDR. @param type ARPHRD_… */
  setHardwareAddress(name: string, type: number, address: Uint8Array): void;
  /** SIOCADDRT, without RTF_MTU. @param metric 0 to 32766 */
  addRoute(destination: string, netmask: string, gateway: string, metric: number): void;
  /** SIOCDELRT: the first route with this destination, netmask, gateway, and metric if that is not 0. */
  deleteRoute(destination: string, netmask: string, gateway: string, metric: number): void;
  /** Gives the descriptor back. Everything else throws afterwards. */
  close(): void;
}

/** What the addon exports (native/addon.cc). */
export interface IoctlAddon {
  readonly Ioctl: new () => Ioctl;
}

/**
 * Loads the addon.
 * @throws Error that says what to do
 */
export function loadAddon(): IoctlAddon {
  const load = createRequire(import.meta.url)('node-gyp-build') as (folder: string) => IoctlAddon;
  const folder = fileURLToPath(new URL('..', import.meta.url)); // of the package, from src/ and from dist/
  try {
    return load(folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    throw new Error(
      `the native part of the network driver ioctl cannot be loaded (${reason}): build it with ` +
        '"npm run build:native", or configure another network driver (netdrv) for the virtual routers',
      { cause: error },
    );
  }
}
