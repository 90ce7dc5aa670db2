/**
 * What a schema cannot say: addresses, interface names, and what virtual routers may not share. Works on
 * whatever is right so far, so that one mistake does not hide the next.
 */

import type { AddressFamily } from '../plugin/contracts/index.ts';
import { isListenAddress, virtualAddress } from './address.ts';
import type { ConfigDocument, RawTable } from './document.ts';
import { routerKey } from './identity.ts';
import { type ConfigIssue, type ConfigPath, directiveName } from './issues.ts';
import { interfaceNameFault } from './names.ts';
import { isUserLine, publicPart } from './users.ts';

/** Addresses in one advertisement: its Count field is an octet (RFC 3768 §5.3.5). */
export const MAX_ADDRESSES = 255;

/** A virtual router, as far as its table could be understood. */
export interface RouterFacts {
  readonly path: ConfigPath;
  readonly group?: number;
  readonly interface?: string;
  readonly vifname?: string;
  /** Those that are right, normalised. */
  readonly addresses: readonly {
    readonly address: string;
    readonly family: AddressFamily;
    readonly path: ConfigPath;
  }[];
}

/** Collects issues about a document. */
export class IssueList {
  readonly issues: ConfigIssue[] = [];

  constructor(readonly document: ConfigDocument) {}

  /** @param options.secret the value must not be shown */
  add(
    severity: ConfigIssue['severity'],
    path: ConfigPath,
    message: string,
    options: { readonly secret?: boolean; readonly value?: string } = {},
  ): void {
    const value = options.value ?? (options.secret === true ? undefined : this.document.places.source(path));
    this.issues.push({
      severity,
      position: this.document.places.position(path),
      directive: directiveName(path),
      ...(value === undefined ? {} : { value }),
      message,
    });
  }

  error(path: ConfigPath, message: string): void {
    this.add('error', path, message);
  }

  warn(path: ConfigPath, message: string): void {
    this.add('warning', path, message);
  }

  /** `line 12`, to point from one directive to another. */
  lineOf(path: ConfigPath): string {
    return `line ${this.document.places.position(path).line}`;
  }
}

/**
 * Checks all virtual routers, each alone and against the others.
 * @param tables `[[vrouter]]`, what violates the schema removed
 */
export function checkRouters(tables: readonly RawTable[], list: IssueList): RouterFacts[] {
  const routers = tables.map((table, index) => checkRouter(table, ['vrouter', index], list));
  checkIdentities(routers, list);
  checkSharedAddresses(routers, list);
  checkVifnames(routers, list);
  return routers;
}

function checkRouter(table: RawTable, path: ConfigPath, list: IssueList): RouterFacts {
  const { group, interface: name, vifname, version } = table;
  if (typeof name === 'string') {
    const fault = interfaceNameFault(name);
    if (fault !== undefined) list.error([...path, 'interface'], fault);
    else if (name === 'lo') {
      list.error(
        [...path, 'interface'],
        'is the loopback interface, where nobody hears VRRP: an Ethernet interface',
      );
    }
  }
  if (typeof vifname === 'string') {
    const fault = interfaceNameFault(vifname);
    if (fault !== undefined) list.error([...path, 'vifname'], fault);
  }
  if (version === 3) list.error([...path, 'version'], 'VRRPv3/IPv6 not supported yet: must be 2');
  if (group === 0) {
    list.warn([...path, 'group'], 'RFC 3768 has 1 to 255: routers of other makes refuse group 0');
  }
  checkSecret(table, path, list);
  return {
    path,
    addresses: checkAddresses(table.vip, [...path, 'vip'], list),
    ...(typeof group === 'number' ? { group } : {}),
    ...(typeof name === 'string' ? { interface: name } : {}),
    ...(typeof vifname === 'string' ? { vifname } : {}),
  };
}

function checkSecret(table: RawTable, path: ConfigPath, list: IssueList): void {
  const type = table.auth_type;
  const secret = table.auth_secret;
  if (typeof secret === 'string' && type === undefined && !list.document.places.has([...path, 'auth_type'])) {
    const message = 'is not used: without auth_type, advertisements are not authenticated';
    list.add('warning', [...path, 'auth_secret'], message, { secret: true });
  }
  if (typeof type === 'string' && (secret === undefined || secret === '')) {
    if (secret === undefined && list.document.places.has([...path, 'auth_secret'])) return; // a wrong one: said
    list.warn([...path, 'auth_type'], 'without auth_secret the secret is empty, which everybody knows');
  }
}

function checkAddresses(vip: unknown, path: ConfigPath, list: IssueList): RouterFacts['addresses'] {
  if (vip === undefined) return [];
  const several = Array.isArray(vip);
  const texts: unknown[] = several ? vip : [vip];
  if (texts.length === 0) list.error(path, 'must have at least one address');
  if (texts.length > MAX_ADDRESSES) {
    list.add(
      'error',
      path,
      `has ${texts.length} addresses: an advertisement holds ${MAX_ADDRESSES} at most`,
      {
        value: '[…]',
      },
    );
  }
  const addresses: { address: string; family: AddressFamily; path: ConfigPath }[] = [];
  for (const [index, text] of texts.entries()) {
    if (typeof text !== 'string') continue; // the schema has complained
    const at = several ? [...path, index] : path;
    const verdict = virtualAddress(text);
    if (verdict.fault !== undefined) list.error(at, verdict.fault);
    else if (verdict.family === 6) list.error(at, 'VRRPv3/IPv6 not supported yet: must be an IPv4 address');
    else addresses.push({ address: verdict.address, family: verdict.family, path: at });
  }
  return addresses;
}

/** One virtual router for each interface, group and family. */
function checkIdentities(routers: readonly RouterFacts[], list: IssueList): void {
  const first = new Map<string, RouterFacts>();
  for (const router of routers) {
    if (router.group === undefined || router.interface === undefined) continue;
    const family = router.addresses[0]?.family ?? 4;
    const key = routerKey({ interface: router.interface, vrid: router.group, family });
    const other = first.get(key);
    if (other === undefined) first.set(key, router);
    else {
      const message =
        `is already the group of ${directiveName(other.path)} (${list.lineOf(other.path)}) ` +
        `on ${router.interface}: must be unique on an interface`;
      list.error([...router.path, 'group'], message);
    }
  }
}

/** An address has one virtual router on an interface: two would answer for it with two MACs. */
function checkSharedAddresses(routers: readonly RouterFacts[], list: IssueList): void {
  const first = new Map<string, ConfigPath>();
  for (const router of routers) {
    if (router.interface === undefined) continue;
    for (const { address, path } of router.addresses) {
      const key = `${address} ${router.interface}`;
      const other = first.get(key);
      if (other === undefined) first.set(key, path);
      else {
        const where = `${directiveName(other)} (${list.lineOf(other)})`;
        list.error(path, `is already in ${where} on ${router.interface}: must be unique on an interface`);
      }
    }
  }
}

/** Names of interfaces to be made: one each, and none that VRRP runs on. */
function checkVifnames(routers: readonly RouterFacts[], list: IssueList): void {
  const physical = new Map<string, ConfigPath>();
  for (const router of routers) {
    if (router.interface !== undefined) physical.set(router.interface, [...router.path, 'interface']);
  }
  const first = new Map<string, ConfigPath>();
  for (const { vifname, path: router } of routers) {
    if (vifname === undefined) continue;
    const path = [...router, 'vifname'];
    const parent = physical.get(vifname);
    if (parent !== undefined) {
      const where = `${directiveName(parent)} (${list.lineOf(parent)})`;
      list.error(path, `is the name of ${where}: must be that of an interface to be made`);
    }
    const other = first.get(vifname);
    if (other === undefined) first.set(vifname, path);
    else list.error(path, `is already ${directiveName(other)} (${list.lineOf(other)}): must be unique`);
  }
}

/**
 * Checks `[api]`.
 * @returns the users whose lines are well-formed; the others are ignored with a warning, as the client API
 * must not keep virtual routers from starting
 */
export function checkApi(api: RawTable, list: IssueList): string[] {
  const { host } = api;
  if (typeof host === 'string' && !isListenAddress(host)) {
    list.error(['api', 'host'], 'must be address:port such as 0.0.0.0:7080 or [::]:7080');
  }
  const users: unknown[] = Array.isArray(api.users) ? api.users : [];
  const good: string[] = [];
  for (const [index, line] of users.entries()) {
    if (typeof line !== 'string') continue;
    if (isUserLine(line)) good.push(line);
    else {
      const value = publicPart(line);
      const message =
        'this user is ignored: the line must be {{ALG}}name:level:salt:hash, with a hash of 16 to 256 ' +
        'characters, as rvrrpd-pw prints it';
      list.add('warning', ['api', 'users', index], message, {
        secret: true,
        ...(value === undefined ? {} : { value }),
      });
    }
  }
  return good;
}
