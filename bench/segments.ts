/** Two routers and a client on any number of switched links, with VRRPv3 routers of either family on each. */
import { spawn } from 'node:child_process';
import type { Host } from '../test/lab/host.ts';
import { Keepalived } from '../test/lab/keepalived.ts';
import type { Lab } from '../test/lab/lab.ts';
import { Rvrrpd, type RvrrpdOptions, type VrouterTable, writeConfiguration } from '../test/lab/rvrrpd.ts';
import type { Implementation } from '../test/lab/speaker.ts';
import { eventually } from '../test/lab/wait.ts';
import { Wire } from '../test/lab/wire.ts';
import type { Daemon } from './network.ts';

/** How large, and of what kind. */
export interface Shape {
  readonly links: number;
  /** Virtual routers on each link, VRIDs 1 to this. */
  readonly vrids: number;
  readonly family: 4 | 6;
  /** Advertisement interval in seconds, hundredths allowed. */
  readonly interval: number;
  /** Default `ether`: addresses on the interfaces themselves. `macvlan`: each virtual router's on one with its MAC. */
  readonly iftype?: 'ether' | 'macvlan';
}

/** A virtual router of the network. */
export interface Place {
  readonly interface: string;
  readonly link: number;
  readonly vrid: number;
  /** In IPv6 the link-local one is first. Each as the kernel writes it. */
  readonly vips: readonly string[];
  /** The last of them, which can be reached without a zone. */
  readonly vip: string;
}

/** r1 has priority 200 everywhere, r2 100. The client has an address on every link. */
export interface Segments {
  readonly shape: Shape;
  readonly places: readonly Place[];
  readonly r1: Host;
  readonly r2: Host;
  readonly client: Host;
}

/** RFC 9568 §6.1 for the Backup's priority 100, in ms. */
export function masterDownInterval({ interval }: Shape): number {
  return (3 + (256 - 100) / 256) * interval * 1000;
}

/** What r1's and r2's own addresses end in, in either family. */
export const SUFFIX = { r1: '1', r2: '2' } as const;
/** MAC of a host's interface on a link: 1 is r1, 2 is r2, 16 the client. */
export function macOn(link: number, host: 1 | 2 | 16): string {
  const octet = (value: number): string => value.toString(16).padStart(2, '0');
  return `02:00:00:00:${octet(link)}:${octet(host)}`;
}

/** Builds it. */
export async function segments(lab: Lab, shape: Shape): Promise<Segments> {
  const { links, vrids, family } = shape;
  const ipv6 = family === 6;
  const [r1, r2, client] = await Promise.all([
    lab.host('r1', { ipv6 }),
    lab.host('r2', { ipv6 }),
    lab.host('client', { ipv6 }),
  ]);
  for (let link = 0; link < links; link++) {
    const segment = await lab.segment(`s${link}`);
    const hosts = [
      [r1, 1],
      [r2, 2],
      [client, 16],
    ] as const;
    for (const [host, number] of hosts) {
      const port = { interface: `e${link}`, mac: macOn(link, number) };
      const addresses = ipv6
        ? { address6: `2001:db8:${link + 1}:ffff::${number.toString(16)}/48` }
        : { address: `10.${link}.0.${number}/16` };
      await lab.plug(host, segment, { ...port, ...addresses });
    }
  }
  const places = Array.from({ length: links * vrids }, (_, index) => {
    const link = Math.floor(index / vrids);
    const vrid = (index % vrids) + 1;
    const vip = ipv6 ? `2001:db8:${link + 1}::${vrid.toString(16)}` : `10.${link}.1.${vrid}`;
    const linkLocal = `fe80::${(link + 1).toString(16)}:${vrid.toString(16)}`;
    return { interface: `e${link}`, link, vrid, vip, vips: ipv6 ? [linkLocal, vip] : [vip] };
  });
  return { shape, places, r1, r2, client };
}

/** Name of the interface that has the virtual MAC of a place, where there are such. */
function virtualInterface({ link, vrid }: Place): string {
  return `v${link}-${vrid}`;
}

/** The `[[vrouter]]` tables of a host; `iftype` default: the shape's. */
export function tables({ places, shape }: Segments, host: Host, iftype?: string): VrouterTable[] {
  return places.map((place) => ({
    ...{ group: place.vrid, interface: place.interface, vip: place.vips, version: 3 },
    ...{ timers: { advert: shape.interval }, priority: host.name === 'r1' ? 200 : 100, preemption: true },
    ...{ iftype: iftype ?? shape.iftype ?? 'ether', netdrv: 'libnl' },
    ...(shape.iftype === 'macvlan' && { vifname: virtualInterface(place) }),
  }));
}

/** Starts a daemon with all of a host's virtual routers. */
export function startOn(
  implementation: Implementation,
  lab: Lab,
  net: Segments,
  host: Host,
  options: RvrrpdOptions = { output: 'discard' },
): Daemon {
  if (implementation === 'keepalived') {
    const instances = net.places.map((place) => ({
      ...{ interface: place.interface, vrid: place.vrid, vips: place.vips, version: 3 as const },
      ...{ interval: net.shape.interval, priority: host.name === 'r1' ? 200 : 100 },
      ...(net.shape.iftype === 'macvlan' && { vmac: virtualInterface(place) }),
    }));
    // What it recommends itself at every start: it may then ask for the real-time priority that it needs.
    const globals = '  max_auto_priority 99\n';
    return Keepalived.start(lab, host, instances, { output: 'discard', detail: false, globals });
  }
  const daemon = Rvrrpd.startWith(host, writeConfiguration(lab, host, tables(net, host), options), options);
  return Object.assign(daemon, { pids: async () => [await daemon.pid()] });
}

/** How many virtual addresses a host's kernel holds, link-local ones not counted. */
export async function heldBy({ places, shape }: Segments, host: Host): Promise<number> {
  const held = await host.ip(`-o -${shape.family} addr`);
  const all = new Set([...held.matchAll(/inet6? ([^/ ]+)/g)].map(([, address]) => address!));
  return places.filter(({ vip }) => all.has(vip)).length;
}

/** Waits until a host holds all virtual addresses and the other one none. */
export async function holdsAll(net: Segments, host: Host, other?: Host, deadlineMs = 120_000): Promise<void> {
  await eventually(`all addresses on ${host.name}`, deadlineMs, async () => {
    if ((await heldBy(net, host)) !== net.places.length) return false;
    return other === undefined || (await heldBy(net, other)) === 0;
  });
}

/**
 * Makes ready to switch a host off: all its interfaces go down within a millisecond or two, in the order given.
 * Without it the kernel of a host whose daemon was killed goes on answering for the daemon's addresses.
 * @returns does it
 */
export function switchOff(host: Host, interfaces: readonly string[]): () => void {
  // It waits for its first line, already in the namespace.
  const child = spawn('ip', ['-n', host.namespace, '-batch', '-'], { stdio: ['pipe', 'ignore', 'inherit'] });
  const lines = interfaces.map((name) => `link set ${name} down\n`).join('');
  return () => child.stdin?.end(lines);
}

/** Captures what would be a transition while r1 is Master: anything from r2, and good-byes. IPv4 alone. */
export function transitions(lab: Lab, { shape, client }: Segments): Promise<Wire> {
  const fromR2 = Array.from({ length: shape.links }, (_, link) => `src host 10.${link}.0.2`).join(' or ');
  return Wire.tap(lab, client, 'any', { filter: `vrrp and (${fromR2} or ip[22] = 0)` });
}
