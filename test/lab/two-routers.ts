/** The smallest network that VRRP makes sense in: two routers and a client on one segment. */
import type { Host } from './host.ts';
import type { Lab, Segment } from './lab.ts';
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

/** MACs of the routers' interfaces. */
export const R1_MAC = '02:00:00:00:00:02';
export const R2_MAC = '02:00:00:00:00:03';

/** The TTL that each router's own packets start with: an echo reply tells whose it is. */
export const R1_TTL = 101;
export const R2_TTL = 102;

/** Builds it. */
export async function twoRouters(lab: Lab): Promise<TwoRouters> {
  const [lan, r1, r2, client] = await Promise.all([
    lab.segment('lan'),
    lab.host('r1'),
    lab.host('r2'),
    lab.host('client'),
  ]);
  await lab.plug(r1, lan, { interface: 'lan', mac: R1_MAC, address: `${R1}/24` });
  await lab.plug(r2, lan, { interface: 'lan', mac: R2_MAC, address: `${R2}/24` });
  await lab.plug(client, lan, { interface: 'lan', mac: '02:00:00:00:00:64', address: `${CLIENT}/24` });
  await r1.sysctl({ 'net.ipv4.ip_default_ttl': R1_TTL });
  await r2.sysctl({ 'net.ipv4.ip_default_ttl': R2_TTL });
  await client.ip(`route add default via ${VIP}`);
  return { lan, r1, r2, client, wire: await Wire.tap(lab, lan, lan.bridge) };
}
