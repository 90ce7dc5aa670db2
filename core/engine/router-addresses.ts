/** The addresses of a virtual router: what it lists and announces, and how the lists of others compare (RFC 3768 §7.1). */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/contracts/index.ts';
import { addressBytes, isLinkLocal, NO_OCTETS } from '../vrrp/address.ts';
import { addressLength } from '../vrrp/advertisement.ts';
import type { AddressFamily } from '../vrrp/family.ts';
import { listsAddress, sameAddress } from '../vrrp/packet-rules.ts';
import { subnetEdges } from '../vrrp/subnet.ts';

/** An address that a Master announces. */
export interface AnnouncedAddress {
  readonly address: string;
  readonly family: AddressFamily;
  /** Absent: its own. */
  readonly interface?: string;
}

/**
 * The interface's own addresses of a family, the primary one first. IPv6 goes by link-local addresses (RFC 9568
 * §5.1.2.1), and one that another host has, or may have, is nobody's yet.
 */
export function ownAddresses(link: Link, family: AddressFamily): string[] {
  return link.addresses
    .filter((a) => a.family === family && (family === 4 || isLinkLocal(a.address)))
    .filter(({ tentative, dadFailed }) => tentative !== true && dadFailed !== true)
    .sort((a, b) => Number(a.secondary) - Number(b.secondary))
    .map((a) => a.address);
}

/** Of a router that announces on its own interface alone: thousands of them share it. */
const NOWHERE: readonly string[] = [];
/** The `edges` of each link, which its routers share. */
const EDGES = new WeakMap<Link, Uint8Array>();

/** See the file's comment. */
export class RouterAddresses {
  /** What advertisements list of them: the virtual ones, and those of `[[vrouter.address]]` that are advertised. */
  readonly advertised: readonly string[];
  /** The same as octets, one after the other. */
  readonly octets: Uint8Array;
  /** What it announces: the virtual addresses, and all of `[[vrouter.address]]`. */
  readonly announced: readonly AnnouncedAddress[];
  /** The interfaces of these, but for its own. */
  readonly elsewhere: readonly string[];
  private readonly family: AddressFamily;
  /** `address_check`. */
  private readonly check: NonNullable<VirtualRouterConfig['addressCheck']>;
  /** IPv6: whether any of its addresses is not link-local. */
  private readonly hasGlobal: boolean;
  /** Network and broadcast addresses of the interface's IPv4 subnets, one after the other: no router's own. */
  private edges: Uint8Array = NO_OCTETS;

  constructor({ family, addresses, addressCheck, further = [], interface: home }: VirtualRouterConfig) {
    this.family = family;
    this.check = addressCheck ?? 'any';
    const listed = further.filter((each) => each.advertised && each.family === family);
    this.advertised = [...addresses, ...listed.map(({ address }) => address)];
    this.octets = Uint8Array.from(this.advertised.flatMap((address) => [...addressBytes(address)]));
    this.announced = [
      ...addresses.map((address) => ({ address, family })),
      ...further.map(({ address, family: of, interface: on = home }) => {
        return { address, family: of, ...(on !== home && { interface: on }) };
      }),
    ];
    const elsewhere = new Set(this.announced.flatMap(({ interface: on }) => on ?? []));
    this.elsewhere = elsewhere.size === 0 ? NOWHERE : [...elsewhere];
    this.hasGlobal = addresses.some((address) => !isLinkLocal(address));
  }

  /** It runs on this link, with these subnets. */
  settleOn(link: Link): void {
    this.edges = EDGES.get(link) ?? edgesOf(link);
    EDGES.set(link, this.edges);
  }

  /** Whether the address at `bytes[at]` is one of the virtual addresses. */
  has(bytes: Uint8Array, at: number): boolean {
    return listsAddress(this.octets, addressLength(this.family), bytes, at);
  }

  /** Whether the address at `bytes[at]` names a whole subnet of the interface, or all hosts there. */
  isSubnetEdge(bytes: Uint8Array, at: number): boolean {
    return this.family === 4 && listsAddress(this.edges, 4, bytes, at);
  }

  /**
   * How many of our addresses an advertisement lists (RFC 3768 §7.1). Others may be among them: a router with
   * `rfc3768 = false` lists its interface's too.
   */
  listedOfOurs(bytes: Uint8Array, at: number, count: number): number {
    const ours = this.octets;
    const size = addressLength(this.family);
    let listed = 0;
    for (let own = 0; own < ours.length; own += size) {
      // As a rule they stand in our order: then each is found at once.
      if (sameAddress(ours, own, bytes, at + own, size) && own < count * size) {
        listed++;
        continue;
      }
      for (let other = 0; other < count * size; other += size) {
        if (!sameAddress(ours, own, bytes, at + other, size)) continue;
        listed++;
        break;
      }
    }
    return listed;
  }

  /**
   * Whether an advertisement that lists `count` addresses from `bytes[at]`, `listed` of ours among them, is one of our
   * group's, see `address_check`.
   */
  isOfOurGroup(bytes: Uint8Array, at: number, count: number, listed: number): boolean {
    const { check, family } = this;
    if (check === 'none') return true;
    if (check === 'all') return listed === this.advertised.length;
    return listed > 0 && (family === 4 || !this.hasGlobal || this.sharesGlobal(bytes, at, count));
  }

  /**
   * IPv6: whether a list has one of our addresses that is not link-local, or has none such at all. The link-local one is
   * no sign of our group: it is the same for all groups of a VRID unless it is configured.
   */
  private sharesGlobal(bytes: Uint8Array, at: number, count: number): boolean {
    const size = addressLength(6);
    const end = at + count * size;
    let hasAny = false;
    for (let other = at; other < end; other += size) {
      if (bytes[other] === 0xfe && (bytes[other + 1]! & 0xc0) === 0x80) continue;
      if (listsAddress(this.octets, size, bytes, other)) return true;
      hasAny = true;
    }
    return !hasAny;
  }
}

/** See `edges`. */
function edgesOf(link: Link): Uint8Array {
  const edges = link.addresses.flatMap(({ family, address, prefixLength }) => {
    const found = family === 4 ? subnetEdges(address, prefixLength) : undefined;
    return found ? [found.own, found.broadcast] : [];
  });
  return Uint8Array.from(
    edges.flatMap((edge) => [edge >>> 24, (edge >>> 16) & 0xff, (edge >>> 8) & 0xff, edge & 0xff]),
  );
}
