/** Where each virtual router can run on the links as they are. Pure, so that it can be made ahead of its time. */
import type { AddressFamily, Link } from '../plugin/contracts/index.ts';
import { Cause } from '../threads/event-ring.ts';
import type { SeenLink } from '../threads/link-news.ts';
import { realAddresses } from '../threads/real-addresses.ts';
import { isLinkLocal } from '../vrrp/address.ts';
import { addressesOf, sourceForPeers } from './peer-source.ts';
import type { EngineRouter } from './router.ts';
import { ownAddresses } from './router-addresses.ts';
import { emptyRouting, routingIndex } from './routing.ts';
import { ANNOUNCE, GROUP, groupKey, type Use } from './use.ts';

/** Where a router can run, or why it cannot (see {@link Cause}). */
export type Place =
  | { readonly link: Link; readonly primary: string; readonly owner: boolean }
  | { readonly cause: number };

/** The routers that share a socket. */
export interface Group {
  /** With `peers` that of the first router. */
  readonly link: Link;
  readonly family: AddressFamily;
  readonly use: Use;
  readonly routers: EngineRouter[];
  /** See routing.ts. */
  readonly slotOfVrid: Int32Array;
  /** Words of the socket filter; absent: none. */
  program?: Uint32Array;
  /** With `peers`: words of the filter of the socket for strangers. */
  strangers?: Uint32Array;
}

/** Everything that follows from the links. */
export interface Plan {
  readonly links: readonly Link[];
  /** By slot. */
  readonly places: readonly Place[];
  /** By {@link groupKey}. */
  readonly groups: ReadonlyMap<string, Group>;
}

/** What all routers of one family on a link have in common. */
interface Ground {
  readonly cause?: number;
  /** Addresses that packets may be sent from, the best one first. */
  readonly sources: readonly string[];
  readonly own: ReadonlySet<string>;
}

/**
 * Finds every router's place.
 * @param links those of the routers at least
 * @param mayRun whether a router may run on its link, or another process does
 * @param all every link, whose addresses a router with `peers` may send from
 */
export function planFor(
  routers: readonly EngineRouter[],
  links: readonly SeenLink[],
  mayRun: (router: EngineRouter, link: Link) => boolean,
  all: readonly Link[] = links,
): Plan {
  const byName = new Map(links.map((link) => [link.name, link]));
  const grounds = new Map<Link, Partial<Record<AddressFamily, Ground>>>();
  const groups = new Map<string, Group>();
  const virtual = virtualAddresses(routers);
  const host = routers.some(({ config }) => config.peers) ? addressesOf(all) : new Set<string>();
  const join = (router: EngineRouter, link: Link, use: Use): boolean => {
    const { family, version, vrid } = router.config;
    const key = groupKey(link.index, family, use);
    const group = groups.get(key) ?? { link, family, use, routers: [], slotOfVrid: emptyRouting() };
    const index = routingIndex(version, vrid);
    if (group.slotOfVrid[index]! >= 0) return false;
    groups.set(key, group);
    group.routers.push(router);
    group.slotOfVrid[index] = router.slot;
    return true;
  };
  const everywhere = routers.some(({ addresses }) => addresses.elsewhere.length > 0)
    ? new Map(all.map((link) => [link.name, link]))
    : byName;
  /** To announce what it has on other interfaces: nothing is received there, so it does not matter for which VRID. */
  const joinElsewhere = (router: EngineRouter): void => {
    const { family } = router.config;
    for (const name of router.addresses.elsewhere) {
      const link = everywhere.get(name);
      if (!link?.ethernet || !link.up) continue;
      const key = groupKey(link.index, family, ANNOUNCE);
      const group = groups.get(key) ?? {
        ...{ link, family, use: ANNOUNCE, routers: [] as EngineRouter[] },
        slotOfVrid: emptyRouting(),
      };
      groups.set(key, group);
      group.routers.push(router);
    }
  };
  const places = routers.map((router): Place => {
    const { interface: name, family, addresses, peers, trackInterface = true } = router.config;
    const link = byName.get(name);
    if (!link) return { cause: Cause.InterfaceMissing };
    if (!mayRun(router, link)) return { cause: Cause.RunElsewhere };
    // What comes for raw IP sockets comes by the bridge.
    if (link.isPort === true && !peers) return { cause: Cause.InterfacePort };
    let known = grounds.get(link);
    if (!known) {
      known = {};
      grounds.set(link, known);
    }
    known[family] ??= groundOf(link, family);
    const { cause, sources, own } = known[family];
    // Told to stay over an interface that has lost its carrier; one that an operator has taken down sends nothing.
    const isLeftOut = cause === Cause.InterfaceDown && !trackInterface && link.up;
    if (cause !== undefined && !isLeftOut) return { cause };
    // RFC 3768 §1.5: the owner has the virtual addresses as its real ones.
    const owner = addresses.every((address) => own.has(address));
    const onLink = (): string | undefined => sourceFor(router, sources, owner, virtual.get(name));
    const primary = peers ? sourceForPeers(router, link, host, virtual.get(name), onLink, owner) : onLink();
    if (typeof primary === 'number') return { cause: primary };
    if (primary === undefined) return { cause: family === 4 ? Cause.NoAddress : missingLinkLocal(link) };
    if (router.frames.packetLength(link) > link.mtu) return { cause: Cause.MtuTooSmall };
    if (!peers) {
      join(router, link, GROUP);
      joinElsewhere(router);
      return { link, primary, owner };
    }
    if (!join(router, link, useOf(router, link, primary))) return { cause: Cause.SourceShared };
    join(router, link, ANNOUNCE);
    joinElsewhere(router);
    return { link, primary, owner };
  });
  return { links, places, groups };
}

function groundOf(link: Link, family: AddressFamily): Ground {
  const real = new Set(realAddresses(link, family));
  const all = ownAddresses(link, family);
  const sources = [
    ...all.filter((address) => real.has(address)),
    ...all.filter((address) => !real.has(address)),
  ];
  const ground = { sources, own: real };
  if (!link.ethernet) return { ...ground, cause: Cause.InterfaceUnusable };
  if (!link.up || !link.running) return { ...ground, cause: Cause.InterfaceDown };
  return ground;
}

/** The socket of a router with `peers` that sends from this address. */
function useOf({ config }: EngineRouter, { index }: Link, source: string): Use {
  const scope = isLinkLocal(source) ? index : 0;
  return { kind: 'peers', source, scope, on: config.source === undefined ? index : scope };
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
    for (const { address, interface: on = config.interface } of config.further ?? [])
      if (on === config.interface) here.add(address);
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
