/** A host's network state as the kernel tells it, in a form that two moments can be compared in. */
import { familyOf } from './addresses.ts';
import type { Host } from './host.ts';
import { unchanging } from './wait.ts';

/** A JSON object of `ip -j`. */
export type IpObject = Readonly<Record<string, unknown>>;

/** Everything that rvrrpd may touch. */
export interface Snapshot {
  /** `ip -j addr`: links and their addresses. */
  readonly addr: readonly IpObject[];
  /** `ip -j -d link`. */
  readonly link: readonly IpObject[];
  /** `ip -j route show table all`, the kernel's own entries included. */
  readonly route: readonly IpObject[];
  /** `ip -j rule`, of both families. */
  readonly rule: readonly IpObject[];
  /** Settings of each interface and of `all`, by path below /proc/sys/net. */
  readonly sysctl: Readonly<Record<string, string>>;
}

/** The settings that are compared: all that decide who answers ARP, what is let in, and which addresses are made up. */
const SYSCTLS = {
  ipv4: [
    'accept_local',
    'arp_accept',
    'arp_announce',
    'arp_filter',
    'arp_ignore',
    'arp_notify',
    'forwarding',
    'proxy_arp',
    'rp_filter',
    'send_redirects',
  ],
  ipv6: [
    'accept_dad',
    'accept_ra',
    'addr_gen_mode',
    'autoconf',
    'dad_transmits',
    'disable_ipv6',
    'forwarding',
    'keep_addr_on_down',
    'proxy_ndp',
  ],
};

function parse(json: string): IpObject[] {
  return json.trim() === '' ? [] : (JSON.parse(json) as IpObject[]);
}

function sorted(objects: readonly IpObject[]): IpObject[] {
  return [...objects].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** Takes a snapshot. */
export async function snapshot(host: Host): Promise<Snapshot> {
  const patterns = Object.entries(SYSCTLS).flatMap(([family, names]) =>
    names.map((name) => `${family}/conf/*/${name}`),
  );
  const [addr, link, route, rules4, rules6, sysctl] = await Promise.all([
    host.ip('-j addr'),
    host.ip('-j -d link'),
    host.ip('-j route show table all'),
    host.ip('-j -4 rule'),
    host.ip('-j -6 rule'),
    host.run('sh', '-c', `cd /proc/sys/net && grep -H . ${patterns.join(' ')}`),
  ]);
  return {
    addr: parse(addr).map((entry) => ({
      ...entry,
      addr_info: sorted((entry.addr_info as IpObject[] | undefined) ?? []),
    })),
    link: parse(link),
    route: sorted(parse(route)),
    rule: [...parse(rules4), ...parse(rules6)],
    sysctl: Object.fromEntries(
      sysctl
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.lastIndexOf(':')), line.slice(line.lastIndexOf(':') + 1)]),
    ),
  };
}

/** ms in which nothing changes where nothing is under way. */
const SETTLED = 400;

/**
 * A snapshot of a host whose daemon runs, once nothing changes any more: an engine is Master, and a reload has its verdict,
 * before the actuator has done its part.
 * @throws Error if that goes on for half a minute
 */
export function settledSnapshot(host: Host): Promise<Snapshot> {
  return unchanging(`${host.name} to come to rest`, SETTLED, () => snapshot(host));
}

/** The multicast groups that its interfaces are members of: `ip -j maddr`. A daemon that runs is in some more. */
export async function memberships(host: Host): Promise<IpObject[]> {
  return parse(await host.ip('-j maddr')).map((entry) => ({
    ...entry,
    maddr: sorted((entry.maddr as IpObject[] | undefined) ?? []),
  }));
}

/** Name of the interface that holds an address, `undefined` if none does. */
export async function holder(host: Host, address: string): Promise<string | undefined> {
  for (const link of parse(await host.ip(`-j -${familyOf(address)} addr`))) {
    const addresses = (link.addr_info as { local?: string }[] | undefined) ?? [];
    if (addresses.some(({ local }) => local === address)) return link.ifname as string;
  }
  return undefined;
}

/** MAC of an interface, lower case. @throws Error if there is no such interface */
export async function macOf(host: Host, name: string): Promise<string> {
  return parse(await host.ip(`-j link show dev ${name}`))[0]?.address as string;
}
