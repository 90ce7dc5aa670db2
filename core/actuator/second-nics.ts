/**
 * Interfaces of this host that answer for virtual addresses that are not theirs: with a second one in the same
 * network, Linux answers ARP requests for any of its addresses on both, each with its own MAC address
 * (`arp_ignore`, `arp_announce` in ip-sysctl). They are the operator's, so this only advises.
 */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { Link, LinkAddress } from '../plugin/contracts/index.ts';
import { addressNumber } from '../vrrp/subnet.ts';

/** Values of `arp_ignore` that keep an interface from answering for another one's address. */
const IGNORES: ReadonlySet<number> = new Set([1, 2, 8]);
/** The value of `arp_announce` that keeps an interface from asking in the name of another one's address. */
const ANNOUNCES_OWN = 2;

/** Reads `net/ipv4/conf/INTERFACE/SETTING`; undefined if it cannot be read. */
export type ReadSetting = (name: string, setting: 'arp_ignore' | 'arp_announce') => string | undefined;

/**
 * One sentence for each interface that should leave the virtual addresses of another one alone, and does not.
 * @param links of the namespace, what is ours left out
 */
export function adviseSecondNics(
  routers: readonly Pick<VirtualRouterConfig, 'interface' | 'family'>[],
  links: ReadonlyMap<string, Link>,
  read: ReadSetting,
): string[] {
  const homes = new Set(routers.filter(({ family }) => family === 4).map(({ interface: name }) => name));
  const advice: string[] = [];
  for (const home of homes) {
    const link = links.get(home);
    if (!link) continue;
    for (const other of links.values()) {
      if (other.index === link.index || !other.up || !shareNetwork(link, other)) continue;
      const missing = missingSettings(other.name, read);
      if (missing.length === 0) continue;
      advice.push(
        `${other.name} has an address of the same network as ${home}: if both are in one LAN, this host answers ARP ` +
          `requests for the virtual addresses of ${home} with the MAC address of ${other.name} too, and hosts may ` +
          `go on using it after a failover; set ${missing.join(' and ')} (sysctl) to keep it from doing so`,
      );
    }
  }
  return advice;
}

/** What would have to be set. The kernel takes the higher one of `all` and the interface's. */
function missingSettings(name: string, read: ReadSetting): string[] {
  const value = (setting: 'arp_ignore' | 'arp_announce'): number =>
    Math.max(Number(read('all', setting) ?? 0), Number(read(name, setting) ?? 0));
  const missing: string[] = [];
  // A dot in the name is written as a slash there (sysctl.d(5)).
  const path = `net.ipv4.conf.${name.replaceAll('.', '/')}`;
  if (!IGNORES.has(value('arp_ignore'))) missing.push(`${path}.arp_ignore = 1`);
  if (value('arp_announce') < ANNOUNCES_OWN) missing.push(`${path}.arp_announce = 2`);
  return missing;
}

/** Whether two links have addresses of one network. Host addresses (/32) are in none. */
function shareNetwork(a: Link, b: Link): boolean {
  return networks(a).some((one) => networks(b).some((other) => overlap(one, other)));
}

function networks({ addresses }: Link): LinkAddress[] {
  return addresses.filter(
    ({ family, prefixLength }) => family === 4 && prefixLength > 0 && prefixLength < 32,
  );
}

function overlap(a: LinkAddress, b: LinkAddress): boolean {
  const size = 2 ** (32 - Math.min(a.prefixLength, b.prefixLength));
  return Math.floor(addressNumber(a.address) / size) === Math.floor(addressNumber(b.address) / size);
}
