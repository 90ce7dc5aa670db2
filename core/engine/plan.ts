/** Where each virtual router can run on the links as they are. Pure, so that it can be made ahead of its time. */
import type { AddressFamily, Link } from '../plugin/contracts/index.ts';
import { Cause } from '../threads/event-ring.ts';
import { EngineRouter } from './router.ts';

/** Where a router can run, or why it cannot (see {@link Cause}). */
export type Place =
  | { readonly link: Link; readonly primary: string; readonly owner: boolean }
  | { readonly cause: number };

/** The routers that share a packet socket. */
export interface Group {
  readonly link: Link;
  readonly family: AddressFamily;
  readonly routers: EngineRouter[];
  /** Slot of each VRID, −1 if it is not configured here. */
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
  readonly primary: string;
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
  const places = routers.map((router): Place => {
    const { interface: name, family, addresses, vrid } = router.config;
    const link = byName.get(name);
    if (!link) return { cause: Cause.InterfaceMissing };
    if (!mayRun(router, link)) return { cause: Cause.RunElsewhere };
    let known = grounds.get(link);
    if (!known) {
      known = {};
      grounds.set(link, known);
    }
    known[family] ??= groundOf(link, family);
    const { key, cause, primary, own } = known[family];
    if (cause !== undefined) return { cause };
    let group = groups.get(key);
    if (!group) {
      group = { link, family, routers: [], slotOfVrid: new Int32Array(256).fill(-1) };
      groups.set(key, group);
    }
    group.routers.push(router);
    group.slotOfVrid[vrid] = router.slot;
    // RFC 3768 §1.5: the owner has the virtual addresses as its real ones.
    return { link, primary, owner: addresses.every((address) => own.has(address)) };
  });
  return { links, places, groups };
}

function groundOf(link: Link, family: AddressFamily): Ground {
  const real = new Set(realAddresses(link, family));
  const all = EngineRouter.ownAddresses(link, family);
  const primary = all.find((address) => real.has(address)) ?? all[0];
  const ground = {
    key: groupKey(link.index, family),
    primary: primary ?? '',
    own: real,
  };
  if (!link.ethernet) return { ...ground, cause: Cause.InterfaceUnusable };
  if (!link.up || !link.running) return { ...ground, cause: Cause.InterfaceDown };
  return primary === undefined ? { ...ground, cause: Cause.NoAddress } : ground;
}

/**
 * The addresses of a link that are its own, in the sense of RFC 3768 §1.5: those with their network's prefix
 * length. One with a prefix of its own beside a network is what a Master puts there, this daemon's or another's:
 * whoever was killed as Master and forgot it is not its owner. Where an interface has nothing else, such are its
 * own.
 */
export function realAddresses({ addresses }: Link, family: AddressFamily): string[] {
  const host = family === 4 ? 32 : 128;
  const ofFamily = addresses.filter((address) => address.family === family);
  const inNetworks = ofFamily.filter(({ prefixLength }) => prefixLength < host);
  const hasNetwork = inNetworks.some(({ address }) => !address.startsWith('fe80:'));
  return (hasNetwork ? inNetworks : ofFamily).map(({ address }) => address);
}
