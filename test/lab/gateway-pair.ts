/** Two routers between a LAN and an uplink: who goes through them needs both sides on the same one. */
import type { Host } from './host.ts';
import type { Lab, Segment } from './lab.ts';

/** Two routers with the interfaces `lan` and `wan`, a client on the LAN and a server behind the uplink. */
export interface GatewayPair {
  readonly lan: Segment;
  readonly wan: Segment;
  readonly r1: Host;
  readonly r2: Host;
  readonly client: Host;
  readonly server: Host;
}

/** The addresses that the routers share, and the server's. */
export const LAN_VIP = '10.0.0.1';
export const WAN_VIP = '192.0.2.1';
export const SERVER = '192.0.2.100';

/** Builds it. r2 has the higher address on the LAN, r1 on the uplink. */
export async function gatewayPair(lab: Lab): Promise<GatewayPair> {
  const [lan, wan] = await Promise.all([lab.segment('lan'), lab.segment('wan')]);
  const [r1, r2, client, server] = (await Promise.all([
    ...['r1', 'r2'].map((name) => lab.host(name, { ipv6: true })),
    ...['client', 'server'].map((name) => lab.host(name)),
  ])) as [Host, Host, Host, Host];
  await Promise.all([
    lab.plug(r1, lan, { interface: 'lan', mac: '02:00:00:00:01:01', address: '10.0.0.2/24' }),
    lab.plug(r1, wan, { interface: 'wan', mac: '02:00:00:00:02:01', address: '192.0.2.3/24' }),
    lab.plug(r2, lan, { interface: 'lan', mac: '02:00:00:00:01:02', address: '10.0.0.3/24' }),
    lab.plug(r2, wan, { interface: 'wan', mac: '02:00:00:00:02:02', address: '192.0.2.2/24' }),
    lab.plug(client, lan, { interface: 'lan', address: '10.0.0.100/24' }),
    lab.plug(server, wan, { interface: 'wan', address: `${SERVER}/24` }),
  ]);
  await client.ip(`route add default via ${LAN_VIP}`);
  await server.ip(`route add default via ${WAN_VIP}`);
  return { lan, wan, r1, r2, client, server };
}
