/** `virtual_routes` and `virtual_rules`: `[[vrouter.route]]` and `[[vrouter.rule]]`. Syntax as of ip-route(8), ip-rule(8). */
import { isIP } from 'node:net';
import { tableNumbers } from './routing-tables.ts';
import type { Statement } from './statements.ts';
import type { TomlValue } from './toml.ts';

/** An entry of our table, and what had to be left out of it; or why there is none. */
export type Translated =
  | { readonly entries: Readonly<Record<string, TomlValue>>; readonly lost: readonly string[] }
  | { readonly why: string };

const TYPES: readonly string[] = ['unicast', 'blackhole', 'unreachable', 'prohibit', 'throw'];
/** What does not change where packets go: it is left out, with a comment. Each has a value, but for those in FLAGS. */
const LESS: readonly string[] = [
  ...[
    'protocol',
    'proto',
    'hoplimit',
    'advmss',
    'rtt',
    'rttvar',
    'reordering',
    'window',
    'cwnd',
    'ssthresh',
    'rto_min',
  ],
  ...[
    'initcwnd',
    'initrwnd',
    'features',
    'quickack',
    'congctl',
    'realms',
    'pref',
    'fastopen_no_cookie',
    'track_group',
  ],
];
const FLAGS: readonly string[] = ['no_track', 'onlink', 'append', 'inet', 'inet6', 'all'];
const SCOPES: Readonly<Record<string, string>> = { '0': 'global', '253': 'link', '254': 'host' };

/**
 * Translates a route.
 * @param family of the virtual router: that of `default`
 */
export function translateRoute({ words }: Statement, family: 4 | 6): Translated {
  const lost: string[] = [];
  const via: string[] = [];
  const entries: Record<string, TomlValue> = {};
  let hop: string | undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const value = words[at + 1];
    if (TYPES.includes(word)) {
      if (word !== 'unicast') entries.type = word;
    } else if (word === 'to' || (entries.to === undefined && isPrefix(word))) {
      const text = word === 'to' ? value : word;
      if (word === 'to') at++;
      if (text === undefined || !isPrefix(text)) return { why: `"${text ?? ''}" is no network` };
      entries.to = networkOf(text);
    } else if (word === 'via' || word === 'gw' || word === 'or') {
      const next = words[at + 1];
      const isFamily = next === 'inet' || next === 'inet6';
      const address = isFamily ? words[at + 2] : next;
      at += isFamily ? 2 : 1;
      if (address === undefined || isIP(address) === 0) return { why: `"${address ?? ''}" is no gateway` };
      via.push(address);
      hop = address;
    } else if (word === 'nexthop') hop = undefined;
    else if (word === 'dev' && value !== undefined) {
      at++;
      if (words.includes('nexthop')) {
        if (hop === undefined) return { why: 'a nexthop without a gateway is not possible' };
        via[via.length - 1] = `${hop}%${value}`;
      } else entries.interface = value;
    } else if (word === 'weight' && value !== undefined) {
      at++;
      if (value !== '1') lost.push(`weight ${value}: gateways share alike`);
    } else if ((word === 'src' || word === 'source') && value !== undefined) {
      at++;
      if (isIP(value) === 0) return { why: `"${value}" is no address` };
      entries.source = value;
    } else if (word === 'table' && value !== undefined) {
      at++;
      const table = tableNumber(value);
      if (table === undefined) return { why: noTable(value) };
      if (table !== 254) entries.table = table;
    } else if (['metric', 'priority', 'preference'].includes(word) && /^\d+$/.test(value ?? '')) {
      at++;
      entries.metric = Number(value);
    } else if (word === 'scope' && value !== undefined) {
      at++;
      const scope = SCOPES[value] ?? value;
      if (Object.values(SCOPES).includes(scope)) entries.scope = scope;
      else lost.push(`scope ${value}: is global, link or host`);
    } else if (word === 'mtu' && value !== undefined) {
      const isLocked = value === 'lock';
      const number = isLocked ? words[at + 2] : value;
      at += isLocked ? 2 : 1;
      if (isLocked) lost.push('mtu lock: path MTU discovery may lower it');
      if (/^\d+$/.test(number ?? '') && Number(number) >= 68 && Number(number) <= 65_535)
        entries.mtu = Number(number);
      else lost.push(`mtu ${number}: is 68 to 65535`);
    } else if (FLAGS.includes(word)) {
      if (word === 'no_track') lost.push('no_track: a route that somebody removes is put back');
      else if (word === 'onlink') return { why: 'onlink: a gateway must be reachable' };
      else if (word === 'append') lost.push('append: routes are told apart by their metric');
    } else if (LESS.includes(word) && value !== undefined) {
      const isLocked = value === 'lock';
      lost.push(`${word} ${isLocked ? `lock ${words[at + 2]}` : value}: cannot be set`);
      at += isLocked || value === 'ecn' ? (isLocked ? 2 : 1) : 1;
    } else if (entries.to === undefined && /^[0-9a-fA-F:]+[.:]/.test(word))
      return { why: `"${word}" is no network` };
    else return { why: `${word}: a route of [[vrouter.route]] has no such thing` };
  }
  if (families(entries.to, entries.source, via).size > 1)
    return { why: 'its addresses are of both IPv4 and IPv6, and keepalived does not install it either' };
  if (entries.to === undefined) return { why: 'it leads nowhere: there is no network in it' };
  const isIPv6 = [entries.source, ...via].some((each) => typeof each === 'string' && each.includes(':'));
  if (
    entries.to === 'default' &&
    via.length === 0 &&
    entries.source === undefined &&
    (family === 6 || isIPv6)
  )
    entries.to = '::/0';
  if (via.length > 0) entries.via = via.length === 1 ? via[0]! : via;
  const isUnicast = entries.type === undefined;
  if (isUnicast && via.length === 0 && entries.interface === undefined)
    return { why: 'it has neither a gateway nor a device, and keepalived does not install it either' };
  if (!isUnicast && entries.interface !== undefined) {
    delete entries.interface;
    lost.push(`dev: ${String(entries.type)} leads to no device`);
  }
  // keepalived's have the scope global, the kernel's word for a route on the link is link.
  if (isUnicast && via.length === 0 && entries.scope === undefined && !String(entries.to).includes(':'))
    entries.scope = 'global';
  return { entries: ordered(entries, ROUTE_ORDER), lost };
}

const ROUTE_ORDER = ['type', 'to', 'via', 'interface', 'source', 'table', 'metric', 'mtu', 'scope'] as const;
const RULE_ORDER = ['type', 'priority', 'from', 'to', 'iif', 'oif', 'fwmark', 'family', 'table'] as const;

/**
 * Translates a rule.
 * @param preference what it has if it says none
 * @param family of the virtual router
 */
export function translateRule({ words }: Statement, preference: number): Translated {
  const lost: string[] = [];
  const entries: Record<string, TomlValue> = { priority: preference };
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const value = words[at + 1];
    if (word === 'inet6' || word === 'inet') {
      if (word === 'inet6') entries.family = 6;
      continue;
    }
    if (word === 'no_track') {
      lost.push('no_track: a rule that somebody removes is put back');
      continue;
    }
    if (['blackhole', 'unreachable', 'prohibit'].includes(word)) {
      entries.type = word;
      continue;
    }
    if (value === undefined) return { why: `${word}: must have a value, or is unknown` };
    at++;
    if (word === 'from' || word === 'to') {
      if (['all', 'any', 'default', '0.0.0.0/0', '::/0'].includes(value)) {
        if (value === '::/0') entries.family = 6;
        continue;
      }
      if (!isPrefix(value)) return { why: `"${value}" is no network` };
      entries[word] = networkOf(value);
    } else if (word === 'iif' || word === 'dev') entries.iif = value;
    else if (word === 'oif') entries.oif = value;
    else if (word === 'fwmark') {
      const mark = Number(value);
      if (!Number.isInteger(mark) || mark < 0 || mark > 0xffff_ffff)
        return { why: `fwmark ${value}: a mark is a number, without a mask` };
      entries.fwmark = mark;
    } else if (['table', 'lookup'].includes(word)) {
      const table = tableNumber(value);
      if (table === undefined) return { why: noTable(value) };
      entries.table = table;
    } else if (['preference', 'priority', 'pref', 'order'].includes(word)) {
      if (!/^\d+$/.test(value) || Number(value) < 1)
        return { why: `${word} ${value}: must be 1 to 4294967295` };
      entries.priority = Number(value);
    } else if (word === 'protocol') lost.push(`protocol ${value}: cannot be set`);
    else if (word === 'track_group') lost.push('track_group: is for static rules');
    else return { why: `${word}: a rule of [[vrouter.rule]] has no such condition` };
  }
  if (entries.type === undefined && entries.table === undefined) return { why: 'it has no table to look in' };
  if (entries.type !== undefined && entries.table !== undefined)
    return { why: 'it has a table and an action' };
  return { entries: ordered(entries, RULE_ORDER), lost };
}

/** Of which family a rule is. */
export function familyOfRule({ words }: Statement): 4 | 6 {
  return words.some((word) => word === 'inet6' || isIP(word.split('/')[0]!) === 6) ? 6 : 4;
}

/** Whether a rule says which number it has. */
export function hasPreference({ words }: Statement): boolean {
  return words.some((word) => ['preference', 'priority', 'pref', 'order'].includes(word));
}

function ordered(
  entries: Readonly<Record<string, TomlValue>>,
  order: readonly string[],
): Record<string, TomlValue> {
  return Object.fromEntries(
    order.flatMap((key) => (entries[key] === undefined ? [] : [[key, entries[key]]])),
  );
}

function isPrefix(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  if (text === 'default') return true;
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128));
}

function families(...texts: readonly (TomlValue | undefined)[]): ReadonlySet<number> {
  const words = texts.flat().filter((text) => typeof text === 'string');
  return new Set(words.map((text) => isIP(text.split(/[/%]/)[0]!)).filter((family) => family !== 0));
}

/** The default route has a name. */
function networkOf(text: string): string {
  return text === '0.0.0.0/0' ? 'default' : text;
}

function tableNumber(text: string): number | undefined {
  if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) {
    const number = Number(text);
    return number >= 1 && number <= 0xffff_ffff ? number : undefined;
  }
  return tableNumbers()[text];
}

function noTable(text: string): string {
  return `table ${text}: is no number, and rt_tables of this host has no such name`;
}
