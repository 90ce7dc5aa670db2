/** Kind `netdrv`. */
import type { AddressFamily } from '../../vrrp/family.ts';
import type { PluginContext } from './context.ts';
import type {
  AddressResource,
  GuardResource,
  Lifetime,
  MacvlanResource,
  RouteResource,
  RuleResource,
  TableRouteResource,
} from './kernel.ts';
import type { DriverCapability } from './manifest.ts';

/** Kind `netdrv`: talks to the kernel about links, addresses and routes. Runs in the actuator. */
export interface NetdrvPlugin {
  readonly kind: 'netdrv';
  /** @throws Error that says what is missing and what to install or configure instead. */
  create(context: PluginContext): NetworkDriver;
}

/** A network driver: the kernel's state as it is, changes to it, and news of it. No policy. */
export interface NetworkDriver {
  /** Every link of the network namespace with its addresses, up or not. */
  links(): Promise<Link[]>;
  /**
   * Applies changes in order, each on its own: a failed one does not stop the next.
   * @returns one entry for each change: `null`, or why the kernel refused it. Never rejects for a refusal.
   */
  apply(changes: readonly KernelChange[]): Promise<(KernelRefusal | null)[]>;
  /**
   * Calls `listener` after links, addresses or (if the kernel tells) routes have changed, whoever changed
   * them, our own `apply` included. Several changes may be told at once.
   */
  watch(listener: (news: readonly KernelNews[]) => void): void;
  /**
   * Why something that the manifest provides cannot be had from this kernel; undefined: it can. Since 1.1. Absent:
   * whatever is provided can be had.
   */
  lacks?(capability: DriverCapability): Promise<string | undefined>;
  /** Stops watching and gives back every descriptor. */
  close(): void;
}

/** A network interface as the kernel sees it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Lower case, colons: `00:00:5e:00:01:07`. Empty for a link without one. */
  readonly mac: string;
  /** Set up by the administrator (IFF_UP). */
  readonly up: boolean;
  /** Has carrier and is operational (IFF_RUNNING). */
  readonly running: boolean;
  /** True for Ethernet (ARPHRD_ETHER), loopback excluded. */
  readonly ethernet: boolean;
  readonly mtu: number;
  /** `macvlan`, `vlan`, `veth`, …; empty for a physical interface. */
  readonly type: string;
  /** Index of the link it sits on; 0 for none. */
  readonly parent: number;
  readonly addresses: readonly LinkAddress[];
}

/** An address of a link. */
export interface LinkAddress {
  readonly family: AddressFamily;
  /** `10.0.0.1`, `fe80::1`. */
  readonly address: string;
  readonly prefixLength: number;
  /** IPv4 label (`eth0:1`), or the interface's name. Empty for IPv6. */
  readonly label: string;
  /** IFA_F_SECONDARY. */
  readonly secondary: boolean;
  /** IPv6 (since 1.1): duplicate address detection is not over, IFA_F_TENTATIVE without IFA_F_OPTIMISTIC. Absent: false. */
  readonly tentative?: boolean;
  /** IPv6 (since 1.1): another host has it, IFA_F_DADFAILED. Absent: false. */
  readonly dadFailed?: boolean;
  /**
   * IPv6 (since 1.1): as `add-address` makes them, which hardly anybody else does: deprecated though valid for ever, and
   * without duplicate address detection (IFA_F_DEPRECATED, IFA_F_PERMANENT, IFA_F_NODAD). Absent: false.
   */
  readonly deprecated?: boolean;
  /** IPv6 (since 1.1): the same with a lifetime (`validFor`), so without IFA_F_PERMANENT. Absent: false. */
  readonly leased?: boolean;
  /** Since 1.1: its lifetime ends, it is without IFA_F_PERMANENT. Absent: false, or the driver does not tell. */
  readonly expires?: boolean;
}

/**
 * Which interface the name `interface` means: names change hands. A driver that looks at it refuses the change with
 * ENODEV if the interface of that name has another index by now.
 */
export interface InterfaceIndex {
  /** Absent: whichever has the name. */
  readonly index?: number;
}

/** A change to the kernel's state. Interfaces are named, so that one made earlier in a batch can be used. */
export type KernelChange =
  | ({ readonly op: 'add-address' } & AddressResource & InterfaceIndex & Lifetime)
  | ({ readonly op: 'remove-address' } & AddressResource & InterfaceIndex)
  /**
   * Since 1.1, for drivers that provide `address-lifetime`: gives an address that is there this lifetime from now on, and
   * changes nothing else. One that is not there: EADDRNOTAVAIL, or it is added. IPv6 addresses are made to stay before they
   * are removed: the kernel leaves the route of their prefix behind otherwise.
   */
  | ({ readonly op: 'renew-address' } & AddressResource & InterfaceIndex & Lifetime)
  | ({ readonly op: 'add-link' | 'remove-link' } & MacvlanResource)
  | ({ readonly op: 'set-mac'; readonly interface: string; readonly mac: string } & InterfaceIndex)
  | ({ readonly op: 'set-up'; readonly interface: string; readonly up: boolean } & InterfaceIndex)
  | ({ readonly op: 'add-route' | 'remove-route' } & RouteResource)
  /** Since 1.1, for drivers that provide `address-guard`. One that is there: EEXIST; that is not: ENOENT. */
  | ({ readonly op: 'add-guard' } & GuardResource)
  | ({ readonly op: 'remove-guard' } & GuardResource)
  /**
   * Since 1.1, for drivers that provide `table-route`, and `rule`. One that is there: EEXIST; that is not: ESRCH, ENOENT. A
   * rule that says more than this one, and has its priority, is another one: the kernel takes it for the same.
   */
  | { readonly op: 'add-table-route' | 'remove-table-route'; readonly route: TableRouteResource }
  | { readonly op: 'add-rule' | 'remove-rule'; readonly rule: RuleResource };

/** Why the kernel refused a change. */
export interface KernelRefusal {
  /**
   * Name of the error number: `EEXIST`, `ENODEV`, `EADDRNOTAVAIL`, … `EIO`: it is not known whether the change was
   * made, as its answer was lost.
   */
  readonly errno: string;
  /** The call and its arguments, for the log. */
  readonly message: string;
}

/** Something that changed in the kernel. */
export type KernelNews =
  | { readonly type: 'link'; readonly index: number; readonly name: string; readonly gone: boolean }
  | { readonly type: 'address'; readonly index: number; readonly address: string; readonly gone: boolean }
  /** A route, or a rule. */
  | { readonly type: 'route'; readonly gone: boolean }
  /** Since 1.1: guards may have gone. */
  | { readonly type: 'guard' }
  /** News were lost (ENOBUFS): everything must be read again. */
  | { readonly type: 'overrun' };
