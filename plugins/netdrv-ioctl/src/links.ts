/** The links of the namespace with their addresses, put together from what ioctl and /proc tell. */
import { existsSync, readFileSync } from 'node:fs';
import type { Link, LinkAddress } from 'rvrrpd/plugin';
import { parseAddresses } from './addresses.ts';
import { netmaskOf, prefixLengthOf, toNumber } from './ipv4.ts';
import { interfaceOfLabel } from './labels.ts';
import type { Ioctl } from './native.ts';
import { type Inet6Entry, interfaceNames, parseInet6, readInet6 } from './proc.ts';

const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
export const ARPHRD_ETHER = 1;
/** Flags of IPv6 addresses (linux/if_addr.h). */
const IFA_F = {
  NODAD: 0x02,
  OPTIMISTIC: 0x04,
  DADFAILED: 0x08,
  DEPRECATED: 0x20,
  TENTATIVE: 0x40,
  PERMANENT: 0x80,
} as const;
/** Types whose address has six octets: Ethernet, loopback, wireless (net/if_arp.h). */
const SIX_OCTETS = new Set([ARPHRD_ETHER, 772, 801, 802, 803]);

/** Link types (IFLA_INFO_KIND) by the name that the driver gives to ETHTOOL_GDRVINFO. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['802.1Q VLAN Support', 'vlan'],
  ['bonding', 'bond'],
  ...['bridge', 'dummy', 'ifb', 'ipvlan', 'macsec', 'macvlan', 'team', 'tun', 'veth', 'vrf', 'vxlan'].map(
    (type): [string, string] => [type, type],
  ),
]);
/** Types whose `iflink` is their other end, not the link that they sit on. */
const PAIRED = new Set(['veth']);

/** A link without what takes long to find out. */
export type PlainLink = Omit<Link, 'addresses' | 'type' | 'parent'>;

/** What a link is, for as long as it exists. */
interface Nature {
  readonly name: string;
  readonly type: string;
  readonly parent: number;
}

/** Reads links. Remembers of each what cannot change. */
export class LinkReader {
  private natures = new Map<number, Nature>();

  constructor(private readonly ioctl: Ioctl) {}

  /** Every link with its addresses. @throws Error if the kernel does not answer */
  read(): Link[] {
    const links = this.plain();
    const nameOf = new Map(links.map(({ index, name }) => [index, name]));
    this.natures = new Map(links.map((link) => [link.index, this.natureOf(link, nameOf)]));
    const addresses = this.addresses(new Set(nameOf.values()));
    return links.map((link) => {
      const { type, parent } = this.natures.get(link.index)!;
      return { ...link, type, parent, addresses: addresses.get(link.name) ?? [] };
    });
  }

  /** Every link, quickly. One that goes meanwhile is left out. */
  plain(): PlainLink[] {
    return interfaceNames().flatMap((name): PlainLink[] => {
      try {
        const index = this.ioctl.index(name);
        if (index === null) return [];
        const flags = this.ioctl.flags(name);
        const hardware = this.ioctl.hardwareAddress(name);
        const type = (hardware[0]! << 8) | hardware[1]!;
        return [
          {
            index,
            name,
            mac: SIX_OCTETS.has(type) ? formatMac(hardware.subarray(2, 8)) : '',
            up: (flags & IFF_UP) !== 0,
            running: (flags & IFF_RUNNING) !== 0,
            ethernet: type === ARPHRD_ETHER,
            mtu: this.ioctl.mtu(name),
          },
        ];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENODEV') return [];
        throw error;
      }
    });
  }

  private natureOf({ index, name }: PlainLink, nameOf: ReadonlyMap<number, string>): Nature {
    const known = this.natures.get(index);
    if (known?.name === name) return known;
    let type = '';
    try {
      type = TYPES.get(this.ioctl.driverName(name)) ?? '';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENODEV') throw error;
    }
    return { name, type, parent: PAIRED.has(type) ? 0 : parentOf(name, index, nameOf) };
  }

  private addresses(names: ReadonlySet<string>): Map<string, LinkAddress[]> {
    const lists = new Map<string, LinkAddress[]>();
    const add = (name: string, address: LinkAddress): void => {
      const list = lists.get(name);
      if (list) list.push(address);
      else lists.set(name, [address]);
    };
    /** Networks that an address listed earlier is in: a later one is secondary, as the kernel decides it. */
    const networks = new Set<string>();
    for (const { label, address } of parseAddresses(this.ioctl.addresses())) {
      const name = interfaceOfLabel(label, (candidate) => names.has(candidate));
      if (name === undefined) continue;
      // A label that is not the interface's name, nor an alias of it, has an address that ioctl cannot ask about.
      const isOdd = label !== name && !label.startsWith(`${name}:`);
      const netmask = isOdd ? '255.255.255.255' : this.ioctl.netmask(label, address);
      if (netmask === null) continue; // gone meanwhile
      const prefixLength = prefixLengthOf(toNumber(netmask)!);
      const network = `${name} ${prefixLength} ${(toNumber(address)! & netmaskOf(prefixLength)) >>> 0}`;
      add(name, { family: 4, address, prefixLength, label, secondary: networks.has(network) });
      networks.add(network);
    }
    for (const entry of parseInet6(readInet6())) add(entry.interface, inet6Address(entry));
    return lists;
  }
}

/** An IPv6 address as /proc tells it. What does not hold is left out. */
export function inet6Address({ address, prefixLength, flags }: Inet6Entry): LinkAddress {
  const has = (wanted: number): boolean => (flags & wanted) === wanted;
  return {
    ...{ family: 6, address, prefixLength, label: '', secondary: false },
    // An optimistic address is used before the detection is over (RFC 4429).
    ...(has(IFA_F.TENTATIVE) && !has(IFA_F.OPTIMISTIC) && { tentative: true }),
    ...(has(IFA_F.DADFAILED) && { dadFailed: true }),
    ...(has(IFA_F.DEPRECATED | IFA_F.PERMANENT | IFA_F.NODAD) && { deprecated: true }),
  };
}

function formatMac(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join(':');
}

/**
 * Index of the link that a link sits on; 0 for none. No ioctl tells, /sys does; but what is mounted there may
 * show another network namespace than this thread's, and a parent may be in another one.
 */
function parentOf(name: string, index: number, nameOf: ReadonlyMap<number, string>): number {
  const folder = `/sys/class/net/${name}`;
  try {
    const read = (file: string): number => Number(readFileSync(`${folder}/${file}`, 'latin1'));
    if (read('ifindex') !== index) return 0;
    const parent = read('iflink');
    const parentName = nameOf.get(parent);
    const isBelow =
      parentName !== undefined && parent !== index && existsSync(`${folder}/lower_${parentName}`);
    return isBelow ? parent : 0;
  } catch {
    return 0; // no /sys, or the link has gone meanwhile: nobody needs the parent then
  }
}
