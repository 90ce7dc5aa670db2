/** What a Master has made of a host, as `ip -j addr`, `route` and `rule` tell it, in words that two daemons share. */
import { isLinkLocal } from '../../core/vrrp/address.ts';
import type { Host } from './host.ts';
import type { IpObject } from './snapshot.ts';

/** Lines of text, sorted; what only tells who has made it, or when, is left out. */
export async function kernelState(host: Host): Promise<string[]> {
  const ask = async (sentence: string): Promise<readonly IpObject[]> => {
    const text = await host.ip(`-j ${sentence}`);
    return text.trim() === '' ? [] : (JSON.parse(text) as IpObject[]);
  };
  const [links, four, six, rules4, rules6] = await Promise.all([
    ask('addr'),
    ask('-4 route show table all'),
    ask('-6 route show table all'),
    ask('-4 rule'),
    ask('-6 rule'),
  ]);
  return [
    ...links.flatMap(addressLines),
    ...[...four, ...six].filter(isRoute).map((route) => `route ${shown(route, ROUTE)}`),
    ...[...rules4, ...rules6].map((rule) => `rule ${shown(rule, RULE)}`),
  ].sort();
}

const ROUTE = [
  'type',
  'dst',
  'gateway',
  'dev',
  'table',
  'prefsrc',
  'metric',
  'scope',
  'metrics',
  'nexthops',
  'tos',
  'pref',
  'flags',
];
const RULE = [
  'priority',
  'not',
  'src',
  'srclen',
  'dst',
  'dstlen',
  'iif',
  'oif',
  'fwmark',
  'fwmask',
  'table',
  'action',
];

/** Labels and lifetimes are a daemon's own affair; link-local addresses are the kernel's, or made up of a VRID. */
function addressLines({ ifname, addr_info: info }: IpObject): string[] {
  return (info as readonly IpObject[])
    .filter(({ family, local }) => family === 'inet' || !isLinkLocal(String(local)))
    .map((each) => `address ${String(ifname)} ${shown(each, ['local', 'prefixlen', 'scope'])}`);
}

/** The kernel's own, of its addresses, are in the table `local`. */
function isRoute({ table, dst }: IpObject): boolean {
  return table !== 'local' && !/^(fe80|ff00|multicast)/.test(String(dst));
}

function shown(object: IpObject, keys: readonly string[]): string {
  return keys
    .filter((key) => object[key] !== undefined)
    .map((key) => `${key}=${JSON.stringify(object[key])}`)
    .join(' ');
}
