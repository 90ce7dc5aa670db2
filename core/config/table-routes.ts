/**
 * `[[vrouter.route]]` and `[[vrouter.rule]]`: what a Master installs beside its addresses. Their tables become kernel
 * resources; what is wrong with them is told. Pure.
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import type { AddressFamily, RouteHop } from '../plugin/contracts/index.ts';
import type { RawTable } from './document.ts';
import type { IssueList } from './issue-list.ts';
import type { ConfigPath } from './issues.ts';
import type { ExtraResource } from './model.ts';
import { interfaceNameFault } from './names.ts';

const MAIN_TABLE = 254;
const ANY: Readonly<Record<AddressFamily, string>> = { 4: '0.0.0.0', 6: '::' };
const PREFIX = 'must be a network such as 192.0.2.0/24 or 2001:db8::/32, an address, or "default"';

/** Told about what is wrong, at a directive of the entry. */
type Complain = (directive: string, message: string) => void;

/** An address with its prefix length. */
interface Prefix {
  readonly family: AddressFamily;
  readonly address: string;
  readonly length: number;
}

/**
 * Understands the entries of a `[[vrouter]]`, those that are right.
 * @param table what violates the schema removed
 */
export function checkExtras(table: RawTable, path: ConfigPath, list: IssueList): ExtraResource[] {
  const found: ExtraResource[] = [];
  for (const [kind, read] of [
    ['route', readRoute],
    ['rule', readRule],
  ] as const) {
    const entries: unknown = table[kind];
    if (!Array.isArray(entries)) continue;
    for (const [index, entry] of entries.entries()) {
      if (typeof entry !== 'object' || entry === null) continue;
      const at = [...path, kind, index];
      let isRight = true;
      const resource = read(entry as RawTable, (directive, message) => {
        isRight = false;
        list.error([...at, ...(directive === '' ? [] : [directive])], message);
      });
      if (resource && isRight) found.push(resource);
    }
  }
  return found;
}

function readRoute(entry: RawTable, complain: Complain): ExtraResource | undefined {
  const { to, type = 'unicast', table = MAIN_TABLE, scope, metric, mtu } = entry;
  if (typeof to !== 'string') return undefined; // the schema has told
  const hops = readHops(entry, complain);
  const source = readHost(entry.source, 'source', complain);
  const prefix = readPrefix(to, hops[0]?.family ?? source?.family ?? 4);
  if (prefix === undefined) {
    complain('to', PREFIX);
    return undefined;
  }
  const { family, address: destination, length: prefixLength } = prefix;
  if (hops.some((hop) => hop.family !== family)) complain('via', `must be of IPv${family}, as to is`);
  if (source !== undefined && source.family !== family)
    complain('source', `must be of IPv${family}, as to is`);
  const via = viaOf(entry, hops);
  const isUnicast = type === 'unicast';
  if (isUnicast && via.length === 0 && entry.via === undefined)
    complain('', 'must have via or interface: where the route leads');
  if (!isUnicast && via.length > 0) complain('type', `must not be "${String(type)}" with via or interface`);
  return {
    ...{ kind: 'table-route', family, destination, prefixLength, via },
    type: type as 'unicast',
    table: table as number,
    ...(source === undefined ? {} : { source: source.address }),
    ...(scope === undefined ? {} : { scope: scope as 'link' }),
    ...(metric === undefined ? {} : { metric: metric as number }),
    ...(mtu === undefined ? {} : { mtu: mtu as number }),
  };
}

function readRule(entry: RawTable, complain: Complain): ExtraResource | undefined {
  const { priority, type = 'lookup', table, iif, oif, fwmark } = entry;
  if (typeof priority !== 'number') return undefined; // the schema has told
  const ends = (['from', 'to'] as const).map((name) => {
    const text = entry[name];
    if (typeof text !== 'string') return undefined;
    const prefix = readPrefix(text, undefined);
    if (prefix === undefined)
      complain(name, 'must be a network such as 192.0.2.0/24 or 2001:db8::/32, or an address');
    return prefix;
  });
  const [from, to] = ends;
  const given = entry.family === 6 ? 6 : entry.family === 4 ? 4 : undefined;
  const family = given ?? from?.family ?? to?.family ?? 4;
  for (const [index, name] of (['from', 'to'] as const).entries()) {
    const end = ends[index];
    if (end !== undefined && end.family !== family)
      complain(name, `must be of IPv${family}, as the rest of the rule is`);
  }
  for (const name of ['iif', 'oif'] as const) checkInterface(entry[name], name, complain);
  if (type === 'lookup' && table === undefined)
    complain('table', 'is missing: the table that the rule looks in');
  if (type !== 'lookup' && table !== undefined)
    complain('table', `is for type "lookup", not for "${String(type)}"`);
  return {
    ...{ kind: 'rule', family, priority },
    type: type as 'lookup',
    ...(from === undefined ? {} : { from: `${from.address}/${from.length}` }),
    ...(to === undefined ? {} : { to: `${to.address}/${to.length}` }),
    ...(typeof iif === 'string' ? { iif } : {}),
    ...(typeof oif === 'string' ? { oif } : {}),
    ...(typeof fwmark === 'number' ? { fwmark } : {}),
    ...(table === undefined ? {} : { table: table as number }),
  };
}

/** A gateway, with the interface that stands behind it, `fe80::1%eth1`. */
interface Gateway {
  readonly family: AddressFamily;
  readonly address: string;
  readonly interface?: string;
}

function readHops(entry: RawTable, complain: Complain): Gateway[] {
  const all: readonly unknown[] = Array.isArray(entry.via) ? entry.via : [entry.via];
  checkInterface(entry.interface, 'interface', complain);
  return all.flatMap((text) => {
    if (typeof text !== 'string') return [];
    const [address = '', on] = text.split('%', 2);
    const host = readHost(address, 'via', complain);
    if (on !== undefined) checkInterface(on, 'via', complain);
    return host === undefined ? [] : [{ ...host, ...(on === undefined ? {} : { interface: on }) }];
  });
}

function viaOf({ interface: on }: RawTable, hops: readonly Gateway[]): RouteHop[] {
  const common = typeof on === 'string' ? { interface: on } : {};
  if (hops.length === 0) return typeof on === 'string' ? [common] : [];
  return hops.map(({ address, interface: own }) => ({
    ...common,
    gateway: address,
    ...(own === undefined ? {} : { interface: own }),
  }));
}

function checkInterface(name: unknown, directive: string, complain: Complain): void {
  const fault = typeof name === 'string' ? interfaceNameFault(name) : undefined;
  if (fault !== undefined) complain(directive, fault);
}

function readHost(
  text: unknown,
  directive: string,
  complain: Complain,
): Omit<Gateway, 'interface'> | undefined {
  if (typeof text !== 'string') return undefined;
  const family = familyOf(text);
  if (family !== undefined) return { family, address: spelled(text, family) };
  complain(directive, 'must be an IPv4 or IPv6 address');
  return undefined;
}

/** @param otherwise the family of `default`; undefined: there is no such thing */
function readPrefix(text: string, otherwise: AddressFamily | undefined): Prefix | undefined {
  if (text === 'default') return otherwise && { family: otherwise, address: ANY[otherwise], length: 0 };
  const [address = '', length, ...rest] = text.split('/');
  const family = familyOf(address);
  if (family === undefined || rest.length > 0) return undefined;
  const longest = family === 4 ? 32 : 128;
  const bits = length === undefined ? longest : /^\d{1,3}$/.test(length) ? Number(length) : longest + 1;
  return bits > longest ? undefined : { family, address: spelled(address, family), length: bits };
}

function familyOf(address: string): AddressFamily | undefined {
  return isIPv4(address) ? 4 : isIPv6(address) && !address.includes('%') ? 6 : undefined;
}

/** One spelling for each: the kernel's (RFC 5952). */
function spelled(address: string, family: AddressFamily): string {
  return family === 4 ? address : new SocketAddress({ address, family: 'ipv6' }).address;
}
