/** The smallest network that VRRP makes sense in: two routers and a client on one segment. */
import type { Host } from './host.ts';
import type { Lab, Segment } from './lab.ts';
import type { VrouterTable } from './rvrrpd.ts';
import { Wire } from './wire.ts';

/** Two routers and a client, their interfaces named `lan`. */
export interface TwoRouters {
  readonly lan: Segment;
  readonly r1: Host;
  readonly r2: Host;
  readonly client: Host;
  /** Everything flooded on the segment: advertisements and broadcast ARP. */
  readonly wire: Wire;
}

/** Interface addresses, and the address that the routers share. r2's is the higher one. */
export const R1 = '10.0.0.2';
export const R2 = '10.0.0.3';
export const CLIENT = '10.0.0.100';
export const VIP = '10.0.0.1';

/** The same over IPv6: what the interfaces have beside their link-local addresses. */
export const R1_GLOBAL = '2001:db8:0:1::2';
export const R2_GLOBAL = '2001:db8:0:1::3';
export const CLIENT_GLOBAL = '2001:db8:0:1::100';

/** An address that both routers have on `lo`: what is behind them, for a client that asks its gateway. */
export const BEYOND = '203.0.113.1';
export const BEYOND6 = '2001:db8:f::1';

/** MACs of the routers' interfaces. */
export const R1_MAC = '02:00:00:00:00:02';
export const R2_MAC = '02:00:00:00:00:03';

/** The TTL that each router's own packets start with: an echo reply tells whose it is. */
export const R1_TTL = 101;
export const R2_TTL = 102;

/** MAC of the client's interface. */
export const CLIENT_MAC = '02:00:00:00:00:64';

/** What the network is like. */
export interface TwoRoutersOptions {
  /** Whether the hosts have IPv6 too. Default false. */
  readonly ipv6?: boolean;
  /** The client's IPv6 gateway, a link-local address. None if absent. */
  readonly gateway6?: string;
  /** See {@link SegmentOptions}. */
  readonly snooping?: boolean;
}

/** Builds it. */
export async function twoRouters(lab: Lab, options: TwoRoutersOptions = {}): Promise<TwoRouters> {
  const ipv6 = options.ipv6 ?? false;
  const [lan, r1, r2, client] = await Promise.all([
    lab.segment('lan', { snooping: options.snooping ?? false }),
    ...['r1', 'r2', 'client'].map((name) => lab.host(name, { ipv6 })),
  ] as [Promise<Segment>, Promise<Host>, Promise<Host>, Promise<Host>]);
  const plug = async (host: Host, mac: string, address: string, address6: string, ttl?: number) => {
    if (ttl !== undefined) {
      await host.sysctl({ 'net.ipv4.ip_default_ttl': ttl });
      // What an interface has of it, it takes when it is made.
      if (ipv6) await host.sysctl({ 'net.ipv6.conf.default.hop_limit': ttl });
      await host.ip(`addr add ${BEYOND}/32 dev lo`);
      if (ipv6) await host.ip(`addr add ${BEYOND6}/128 dev lo nodad`);
    }
    const port = { interface: 'lan', mac, address: `${address}/24` };
    await lab.plug(host, lan, ipv6 ? { ...port, address6: `${address6}/64` } : port);
  };
  await Promise.all([
    plug(r1, R1_MAC, R1, R1_GLOBAL, R1_TTL),
    plug(r2, R2_MAC, R2, R2_GLOBAL, R2_TTL),
    plug(client, CLIENT_MAC, CLIENT, CLIENT_GLOBAL),
  ]);
  await client.ip(`route add default via ${VIP}`);
  if (options.gateway6) await client.ip(`-6 route add default via ${options.gateway6} dev lan`);
  return { lan, r1, r2, client, wire: await Wire.tap(lab, lan, lan.bridge) };
}

/** A virtual router for each address on the two routers' network, with groups from 1 on; the superior one is Master. */
export function routerForEach(vips: readonly string[], priority: number): VrouterTable[] {
  return vips.map((vip, index) => ({
    group: index + 1,
    interface: 'lan',
    vip,
    priority,
    preemption: true,
    iftype: 'ether',
  }));
}
