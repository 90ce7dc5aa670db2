/** Kind `iftype`. */
import type { AddressFamily } from '../../vrrp/family.ts';
import type { PluginContext } from './context.ts';
import type { KernelResource } from './kernel.ts';
import type { Link } from './netdrv.ts';

/** Kind `iftype`: where a Master's addresses live. Runs in the actuator. */
export interface IftypePlugin {
  readonly kind: 'iftype';
  create(context: PluginContext): InterfaceType;
}

/** An interface type: a pure function from a virtual router to what the kernel must hold for it. */
export interface InterfaceType {
  plan(router: RouterOnInterface): MasterPlan;
  /** What the operator should know at start, one sentence each; `routers` are all those of this type. */
  advise?(routers: readonly RouterOnInterface[]): string[];
}

/** A virtual router, as an interface type sees it. */
export interface RouterOnInterface {
  readonly vrid: number;
  readonly family: AddressFamily;
  /** VRRP version (since 1.1). Routers of both versions, but else the same, share what they plan alike. */
  readonly version?: 2 | 3;
  /** The virtual addresses, the first one first. */
  readonly addresses: readonly string[];
  /**
   * The prefix length that the configuration gives each address (since 1.1); undefined where it gives none, absent
   * where it gives none at all: the interface type's default then, 32 or 128.
   */
  readonly prefixLengths?: readonly (number | undefined)[];
  /**
   * Families of the addresses that it has as Master beside the virtual ones and where those are, `[[vrouter.address]]`
   * (since 1.1). Absent: it has none there.
   */
  readonly furtherFamilies?: readonly AddressFamily[];
  /** The interface that VRRP runs on. */
  readonly interface: Link;
  /**
   * Whether the interface forwards packets of the family (since 1.1): net.ipv4 or net.ipv6 `conf.<interface>.forwarding`.
   * Absent: not known.
   */
  readonly forwards?: boolean;
  /**
   * Its advertisements go to these addresses, not to the multicast group, and come from one of this host's own (since 1.1):
   * the others must find that at the same MAC address in every state. Absent: it has no `peers`.
   */
  readonly peers?: readonly string[];
  /** `vifname`, or its default. */
  readonly vifname: string;
  /** 00:00:5e:00:01:VRID, or 00:00:5e:00:02:VRID for IPv6 (RFC 5798 §7.3). */
  readonly virtualMac: string;
  /**
   * How many virtual routers of this interface type run on this interface, this one included; both versions of one, which
   * have the same virtual MAC, are one.
   */
  readonly siblings: number;
}

/** What must be in the kernel while a virtual router is Master. */
export interface MasterPlan {
  /** Name of the interface that holds the addresses. */
  readonly interface: string;
  /** The MAC that gratuitous ARP announces. */
  readonly announce: 'virtual-mac' | 'interface-mac';
  /** In the order to install; taken back in reverse. */
  readonly resources: readonly KernelResource[];
}
