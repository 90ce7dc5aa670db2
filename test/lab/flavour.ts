/**
 * The three sorts of virtual router that there are: VRRP's version and the address family are parameters of a test,
 * and what follows from them is here.
 */
import { linkLocalOf } from './addresses.ts';
import { type ForgedAdvert, virtualMac } from './forge.ts';
import type { VrouterTable } from './rvrrpd.ts';
import { CLIENT, CLIENT_MAC, R1, R1_MAC, R2, R2_MAC, type TwoRoutersOptions } from './two-routers.ts';

/** A sort of virtual router, on the network of two routers and a client. */
export interface Flavour {
  /** `VRRPv3, IPv6`. */
  readonly name: string;
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  /** An advertisement interval in s for tests that wait for transitions: version 2 counts whole seconds. */
  readonly quick: number;
  /** Whose addresses advertisements come from: the interface's own, link-local in IPv6. */
  readonly r1: string;
  readonly r2: string;
  readonly client: string;
  /** How {@link twoRouters} builds the network for it, the client's gateway that of a VRID. */
  network(vrid: number): TwoRoutersOptions;
  /** A virtual address that the client can ping without a zone, by a number from 1 to 250: `10.0.0.N`. */
  address(number: number): string;
  /** All of a virtual router's addresses: in IPv6 the link-local one is first. */
  vips(vrid: number, ...numbers: readonly number[]): string[];
  /** With the VRID in it. */
  virtualMac(vrid: number): string;
  /** A `[[vrouter]]` on `lan` whose addresses have these numbers; what others need not say is left out. */
  router(vrid: number, numbers: readonly number[], more?: Partial<VrouterTable>): VrouterTable;
  /** An advertisement as the client would forge it: right, but nobody's. */
  advert(vrid: number, numbers: readonly number[], more?: Partial<ForgedAdvert>): ForgedAdvert;
}

/** The link-local virtual address that rvrrpd makes up: the last octets of the virtual MAC. */
export function virtualLinkLocal(vrid: number): string {
  return `fe80::5e00:${(0x200 + vrid).toString(16)}`;
}

function flavour(version: 2 | 3, family: 4 | 6): Flavour {
  const address = (number: number): string =>
    family === 4 ? `10.0.0.${number}` : `2001:db8:0:1::${number.toString(16)}`;
  const source = (ipv4: string, mac: string): string => (family === 4 ? ipv4 : linkLocalOf(mac));
  const vips = (vrid: number, ...numbers: readonly number[]): string[] => [
    ...(family === 6 ? [virtualLinkLocal(vrid)] : []),
    ...numbers.map(address),
  ];
  const client = source(CLIENT, CLIENT_MAC);
  return {
    ...{ name: `VRRPv${version}, IPv${family}`, version, family, address, vips, client },
    quick: version === 2 ? 1 : 0.5,
    r1: source(R1, R1_MAC),
    r2: source(R2, R2_MAC),
    network: (vrid) => (family === 6 ? { ipv6: true, gateway6: virtualLinkLocal(vrid) } : {}),
    virtualMac: (vrid) => virtualMac(vrid, family),
    router: (group, numbers, more = {}) => {
      const list = numbers.map(address);
      const vip = list.length === 1 ? list[0]! : list;
      return { group, interface: 'lan', vip, ...(version === 2 ? {} : { version }), ...more };
    },
    advert: (vrid, numbers, more = {}) => ({
      ...{ vrid, version, source: client, addresses: vips(vrid, ...numbers) },
      ...more,
    }),
  };
}

export const V2 = flavour(2, 4);
export const V3 = flavour(3, 4);
export const V3_IPV6 = flavour(3, 6);

/** All of them. */
export const FLAVOURS: readonly Flavour[] = [V2, V3, V3_IPV6];

/** One of each address family: for what a kernel holds, which is the same for either version. */
export const OF_EACH_FAMILY: readonly Flavour[] = [V3, V3_IPV6];
