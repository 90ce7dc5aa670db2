/** What virtual routers may share, and what not. */
import type { AddressFamily } from '../plugin/contracts/index.ts';
import { isLinkLocal } from '../vrrp/address.ts';
import type { RouterFacts } from './facts.ts';
import { routerKey } from './identity.ts';
import type { IssueList } from './issue-list.ts';
import type { ConfigPath } from './issues.ts';
import { vifnameOf } from './names.ts';
import type { TableAddress } from './table-addresses.ts';

/** Checks tables against each other. */
export function checkSharing(routers: readonly RouterFacts[], list: IssueList): void {
  checkIdentities(routers, list);
  checkAddresses(routers, list);
  checkFurther(routers, list);
  checkVifnames(routers, list);
  checkSources(routers, list);
}

/** Whether two tables are one group on one interface in both versions: they answer with the same virtual MAC. */
function isPair(one: RouterFacts, other: RouterFacts): boolean {
  const same = one.group !== undefined && one.group === other.group && one.interface === other.interface;
  return same && one.version !== undefined && other.version !== undefined && one.version !== other.version;
}

/** Whether one of them cannot be, which {@link checkIdentities} tells: what is made up from their group is the same. */
function isTwice(one: RouterFacts, other: RouterFacts): boolean {
  return one.group === other.group && (one.version ?? 2) === (other.version ?? 2);
}

/** One virtual router for each interface, group, family and version. */
function checkIdentities(routers: readonly RouterFacts[], list: IssueList): void {
  const first = new Map<string, RouterFacts>();
  for (const router of routers) {
    const { group, interface: on, version = 2 } = router;
    if (group === undefined || on === undefined) continue;
    let said = false;
    for (const family of router.families) {
      const key = routerKey({ interface: on, vrid: group, family, version });
      const other = first.get(key);
      if (other === undefined) first.set(key, router);
      else if (!said) {
        said = true; // once for a table of both families
        const message =
          `is already the group of ${list.whereIs(other.path)} ` + `on ${on}: must be unique on an interface`;
        list.error([...router.path, 'group'], message);
      }
    }
  }
}

/** An address has one virtual router on an interface: two would answer for it with two MACs. */
function checkAddresses(routers: readonly RouterFacts[], list: IssueList): void {
  const holders = new Map<string, { readonly router: RouterFacts; readonly held: TableAddress }[]>();
  for (const router of routers) {
    if (router.interface === undefined) continue;
    for (const held of router.addresses) {
      const key = `${held.address} ${router.interface}`;
      const others = holders.get(key) ?? [];
      const other = others.find((each) => !isPair(each.router, router));
      const twin = others[0];
      if (other !== undefined) {
        if (held.made === true && other.held.made === true && isTwice(other.router, router)) continue;
        list.error(held.path, sharedFault(held, other.held, router.interface, list));
      } else if (twin !== undefined && lengthOf(twin.held) !== lengthOf(held)) {
        const where = list.whereIs(twin.held.path);
        list.error(
          held.path,
          `must have the same prefix length as in ${where}: both versions share the address`,
        );
      } else holders.set(key, [...others, { router, held }]);
    }
  }
}

/** Several may have one of them, the virtual address of another too, if they want it alike. */
function checkFurther(routers: readonly RouterFacts[], list: IssueList): void {
  const first = new Map<string, { readonly what: string; readonly path: ConfigPath }>();
  for (const { interface: on = '', addresses } of routers) {
    for (const held of addresses)
      first.set(`${held.address} ${on}`, { what: `/${lengthOf(held)}`, path: held.path });
  }
  for (const { interface: home = '', further } of routers) {
    for (const { held, path } of further) {
      const { address, interface: on = home, prefixLength, scope } = held;
      const what = `/${prefixLength}${scope === undefined ? '' : ` scope ${scope}`}`;
      const other = first.get(`${address} ${on}`);
      if (other === undefined) first.set(`${address} ${on}`, { what, path: [...path, 'address'] });
      else if (other.what !== what) {
        const where = list.whereIs(other.path);
        list.error(
          [...path, 'address'],
          `is also in ${where}, with ${other.what}: must be the same on ${on}, prefix length and scope`,
        );
      }
    }
  }
}

/** The prefix length of an address: one of its own where none is written. */
function lengthOf({ family, prefixLength = family === 4 ? 32 : 128 }: TableAddress): number {
  return prefixLength;
}

function sharedFault(held: TableAddress, other: TableAddress, on: string, list: IssueList): string {
  const where = list.whereIs(other.path);
  if (held.made === true) {
    return `must have a link-local address: ${held.address}, which is made up from the group, is already in ${where} on ${on}`;
  }
  return `is already in ${where} on ${on}: must be unique on an interface`;
}

/**
 * What arrives for a source is told apart by group, family and version: on two interfaces, such a group needs two
 * sources.
 */
function checkSources(routers: readonly RouterFacts[], list: IssueList): void {
  const first = new Map<string, RouterFacts>();
  for (const router of routers) {
    const { group, interface: on, source, version = 2 } = router;
    if (group === undefined || on === undefined || source === undefined || isLinkLocal(source.address))
      continue;
    const key = `${group} ${version} ${source.address}`;
    const other = first.get(key);
    if (other?.source === undefined || other.interface === on) first.set(key, router);
    else {
      const where = `${list.whereIs(other.source.path)} for group ${group} on ${other.interface}`;
      list.error(source.path, `is already ${where}: the same group on two interfaces needs two sources`);
    }
  }
}

/** Names of interfaces to be made: one each, and none that VRRP runs on. Both versions of a group share one. */
function checkVifnames(routers: readonly RouterFacts[], list: IssueList): void {
  const physical = new Map<string, ConfigPath>();
  for (const router of routers) {
    if (router.interface !== undefined) physical.set(router.interface, [...router.path, 'interface']);
  }
  const first = new Map<string, { readonly router: RouterFacts; readonly family: AddressFamily }>();
  for (const router of routers) {
    if (router.vifname === undefined) continue;
    const path = [...router.path, 'vifname'];
    for (const family of router.families) {
      const name = vifnameOf(router, family);
      const called = name === router.vifname ? '' : ` (IPv6's is called ${name})`;
      const parent = physical.get(name);
      if (parent !== undefined) {
        const where = list.whereIs(parent);
        list.error(path, `is the name of ${where}${called}: must be that of an interface to be made`);
      }
      const other = first.get(name);
      if (other === undefined) first.set(name, { router, family });
      else if (other.family !== family || !isPair(other.router, router)) {
        const at = [...other.router.path, 'vifname'];
        list.error(path, `is already ${list.whereIs(at)}${called}: must be unique`);
      }
    }
  }
}
