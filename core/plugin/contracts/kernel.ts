/** What the kernel holds on behalf of Masters: what kinds `iftype` and `protocol` plan, and `netdrv` installs. */
import type { AddressFamily } from '../../vrrp/family.ts';

/**
 * A thing that the kernel holds on behalf of Masters. The actuator installs it before its first user becomes
 * Master, takes it back after the last, and repairs it when somebody else removes it. What was there before
 * is never ours: it is neither changed back nor removed.
 */
export type KernelResource =
  | ({ readonly kind: 'address' } & AddressResource)
  | ({ readonly kind: 'link' } & MacvlanResource)
  | { readonly kind: 'mac'; readonly interface: string; readonly mac: string }
  | { readonly kind: 'up'; readonly interface: string }
  | ({ readonly kind: 'route' } & RouteResource)
  | ({ readonly kind: 'guard' } & GuardResource)
  | ({ readonly kind: 'table-route' } & TableRouteResource)
  | ({ readonly kind: 'rule' } & RuleResource)
  | SysctlResource;

/**
 * An address on an interface. IPv4: no broadcast address is set. IPv6: it can be used at once, without
 * duplicate address detection (IFA_F_NODAD), and is valid (for ever, unless {@link Lifetime} says otherwise) but deprecated
 * (preferred lifetime 0, RFC 4862 §5.5.4), so that nothing of the host's own is sent from it.
 */
export interface AddressResource {
  readonly interface: string;
  readonly family: AddressFamily;
  readonly address: string;
  readonly prefixLength: number;
  /**
   * IPv4 only: `<interface>:<suffix>`, 15 characters at most (man 7 netdevice, alias interfaces). Absent: the
   * interface's name, or a label of the driver's choice if it does not provide `unlabelled-address`.
   */
  readonly label?: string;
  /** IPv4 only, since 1.1, for drivers that provide `address-scope`. Absent: `global`. */
  readonly scope?: 'global' | 'link' | 'host';
}

/** How long an address is valid (since 1.1, for drivers that provide `address-lifetime`). */
export interface Lifetime {
  /** In whole seconds, 1 at least: then the kernel removes it by itself. Absent: for ever. */
  readonly validFor?: number;
}

/** A macvlan link in bridge mode, made down. */
export interface MacvlanResource {
  readonly type: 'macvlan';
  readonly interface: string;
  readonly parent: string;
  readonly mac: string;
}

/**
 * What keeps this host from taking packets that are addressed to a virtual address (Accept_Mode false, RFC 9568 §6.1;
 * since 1.1): those of neighbour discovery pass, as does what comes from the host itself; what is forwarded is not
 * touched.
 */
export interface GuardResource {
  /** The interface that has the address, or will have it. */
  readonly interface: string;
  readonly family: AddressFamily;
  readonly address: string;
}

/** A unicast route in the main table. */
export interface RouteResource {
  readonly family: AddressFamily;
  /** `0.0.0.0` with prefix length 0 for the default route. */
  readonly destination: string;
  readonly prefixLength: number;
  readonly gateway: string;
  /** Route priority; the kernel's default (0 for IPv4, 1024 for IPv6, where 0 means that too) if absent. */
  readonly metric?: number;
  /** RTAX_MTU in octets. */
  readonly mtu?: number;
}

/** A route of any sort, in any table (since 1.1, for drivers that provide `table-route`). */
export interface TableRouteResource {
  readonly family: AddressFamily;
  /** `0.0.0.0` or `::` with prefix length 0 for the default route. */
  readonly destination: string;
  readonly prefixLength: number;
  /** `throw` goes on with the next rule; the three others end there, with or without a word to the sender. */
  readonly type: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit' | 'throw';
  /** 254 is the main table. */
  readonly table: number;
  /** Where to: one, or several that share the load; none but for `unicast`. */
  readonly via: readonly RouteHop[];
  /** Absent: `global` with a gateway, otherwise `link`. IPv6 has none. */
  readonly scope?: 'global' | 'link' | 'host';
  /** The address of this host that what it sends there itself comes from. */
  readonly source?: string;
  /** As of a {@link RouteResource}. */
  readonly metric?: number;
  /** RTAX_MTU in octets. */
  readonly mtu?: number;
}

/** A gateway, an interface, or both. */
export interface RouteHop {
  readonly gateway?: string;
  readonly interface?: string;
}

/** Which table a packet's route is looked up in (since 1.1, for drivers that provide `rule`; man 8 ip-rule). */
export interface RuleResource {
  readonly family: AddressFamily;
  /** Rules are asked in its order. */
  readonly priority: number;
  /** With prefix length; absent: any. */
  readonly from?: string;
  readonly to?: string;
  /** Of packets that came in there, or that the host sends out there. */
  readonly iif?: string;
  readonly oif?: string;
  readonly fwmark?: number;
  readonly type: 'lookup' | 'blackhole' | 'unreachable' | 'prohibit';
  /** For `lookup`. */
  readonly table?: number;
}

/** A setting below /proc/sys; its previous value is put back when its last user leaves. */
export interface SysctlResource {
  readonly kind: 'sysctl';
  /** Path parts below /proc/sys: `['net', 'ipv4', 'conf', 'eth0.5', 'arp_ignore']`. */
  readonly path: readonly string[];
  readonly value: string;
  /** True: where the kernel has no such setting (a kernel without IPv6), nothing needs to be set. */
  readonly optional?: boolean;
  /** True (since 1.1): where it cannot be set, nobody does without anything else for that. */
  readonly soft?: true;
}
