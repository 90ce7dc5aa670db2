/** Where each virtual router can run on the links as they are. Pure, so that it can be made ahead of its time. */
import type { AddressFamily, Link } from '../plugin/contracts/index.ts';
import { Cause } from '../threads/event-ring.ts';
import { isLinkLocal } from '../vrrp/address.ts';
import { EngineRouter } from './router.ts';
import { emptyRouting, routingIndex } from './routing.ts';

/** Where a router can run, or why it cannot (see {@link Cause}). */
export type Place =
  | { readonly link: Link; readonly primary: string; readonly owner: boolean }
  | { readonly cause: number };

/** The routers that share a packet socket. */
export interface Group {
  readonly link: Link;
  readonly family: AddressFamily;
  readonly routers: EngineRouter[];
  /** See routing.ts. */
  readonly slotOfVrid: Int32Array;
  /** Words of the socket filter; absent: none. */
  program?: Uint32Array;
}

/** Everything that follows from the links. */
export interface Plan {
  readonly links: readonly Link[];
  /** By slot. */
  readonly places: readonly Place[];
  /** By {@link groupKey}. */
  readonly groups: ReadonlyMap<string, Group>;
}

/** Identifies a packet socket: a link's index and a family. */
export function groupKey(link: number, family: AddressFamily): string {
  return `${link}/${family}`;
}

/** What all routers of one family on a link have in common. */
interface Ground {
  readonly key: string;
  readonly cause?: number;
  /** Addresses that packets may be sent from, the best one first. */
  readonly sources: readonly string[];
  readonly own: ReadonlySet<string>;
}

/**
 * Finds every router's place.
 * @param mayRun whether a router may run on its link, or another process does
 */
export function planFor(
  routers: readonly EngineRouter[],
  links: readonly Link[],
  mayRun: (router: EngineRouter, link: Link) => boolean,
): Plan {
  const byName = new Map(links.map((link) => [link.name, link]));
  const grounds = new Map<Link, Partial<Record<AddressFamily, Ground>>>();
  const groups = new Map<string, Group>();
  const virtual = virtualAddresses(routers);
  const places = routers.map((router): Place => {
    const { interface: name, family, addresses, version, vrid } = router.config;
    const link = byName.get(name);
    if (!link) return { cause: Cause.InterfaceMissing };
    if (!mayRun(router, link)) return { cause: Cause.RunElsewhere };
    let known = grounds.get(link);
    if (!known) {
      known = {};
      grounds.set(link, known);
    }
    known[family] ??= groundOf(link, family);
    const { key, cause, sources, own } = known[family];
    if (cause !== undefined) return { cause };
    // RFC 3768 §1.5: the owner has the virtual addresses as its real ones.
    const owner = addresses.every((address) => own.has(address));
    const primary = sourceFor(router, sources, owner, virtual.get(name));
    if (primary === undefined) return { cause: family === 4 ? Cause.NoAddress : missingLinkLocal(link) };
    if (router.packetLength(link) > link.mtu) return { cause: Cause.MtuTooSmall };
    let group = groups.get(key);
    if (!group) {
      group = { link, family, routers: [], slotOfVrid: emptyRouting() };
      groups.set(key, group);
    }
    group.routers.push(router);
    group.slotOfVrid[routingIndex(version, vrid)] = router.slot;
    return { link, primary, owner };
  });
  return { links, places, groups };
}

function groundOf(link: Link, family: AddressFamily): Ground {
  const real = new Set(realAddresses(link, family));
  const all = EngineRouter.ownAddresses(link, family);
  const sources = [
    ...all.filter((address) => real.has(address)),
    ...all.filter((address) => !real.has(address)),
  ];
  const ground = { key: groupKey(link.index, family), sources, own: real };
  if (!link.ethernet) return { ...ground, cause: Cause.InterfaceUnusable };
  if (!link.up || !link.running) return { ...ground, cause: Cause.InterfaceDown };
  return ground;
}

/** By interface: what its routers' virtual IPv6 addresses are. */
function virtualAddresses(routers: readonly EngineRouter[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { config } of routers) {
    if (config.family === 4) continue;
    let here = found.get(config.interface);
    if (!here) {
      here = new Set();
      found.set(config.interface, here);
    }
    for (const address of config.addresses) here.add(address);
  }
  return found;
}

/**
 * The address that a router sends from; undefined: none. IPv6: never a virtual one, which all Masters of its group have,
 * unless it is the owner's; and the one in use as long as it is there, for the election goes by it.
 */
function sourceFor(
  { config, primaryText }: EngineRouter,
  sources: readonly string[],
  owner: boolean,
  virtual: ReadonlySet<string> | undefined,
): string | undefined {
  if (config.family === 4 || !virtual) return sources[0];
  const free = sources.filter((address) => !virtual.has(address));
  if (free.includes(primaryText)) return primaryText;
  return free[0] ?? (owner ? sources[0] : undefined);
}

/** Why a link has no link-local address to send from. */
function missingLinkLocal({ addresses }: Link): number {
  const linkLocal = addresses.filter(({ family, address }) => family === 6 && isLinkLocal(address));
  if (linkLocal.some(({ tentative, dadFailed }) => tentative === true && dadFailed !== true))
    return Cause.LinkLocalTentative;
  return linkLocal.some(({ dadFailed }) => dadFailed === true) ? Cause.LinkLocalDuplicate : Cause.NoLinkLocal;
}

/**
 * The addresses of a link that are its own, in the sense of RFC 3768 §1.5: those with their network's prefix
 * length. One with a prefix of its own beside a network is what a Master puts there, this daemon's or another's:
 * whoever was killed as Master and forgot it is not its owner. Where an interface has nothing else, such are its
 * own.
 */
export function realAddresses({ addresses }: Link, family: AddressFamily): string[] {
  const host = family === 4 ? 32 : 128;
  const ofFamily = addresses
    .filter((address) => address.family === family && address.dadFailed !== true)
    .filter(({ deprecated }) => deprecated !== true); // as only Masters put them there
  const inNetworks = ofFamily.filter(({ prefixLength }) => prefixLength < host);
  const hasNetwork = inNetworks.some(({ address }) => !isLinkLocal(address));
  return (hasNetwork ? inNetworks : ofFamily).map(({ address }) => address);
}
