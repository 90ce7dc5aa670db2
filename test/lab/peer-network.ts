/** Two routers that speak to each other by unicast: on one link, or on two with a router in between. */
import type { Host } from './host.ts';
import type { Lab } from './lab.ts';
import { R1, R1_GLOBAL, R2, R2_GLOBAL, twoRouters } from './two-routers.ts';
import { Wire } from './wire.ts';

/** The network, the routers' interfaces named `lan`. */
export interface PeerNetwork {
  readonly r1: Host;
  readonly r2: Host;
  /** Somebody else, who can reach both. */
  readonly other: Host;
  /** Addresses of the routers and of the other one, of the family asked for. */
  readonly a1: string;
  readonly a2: string;
  readonly foreign: string;
  /** What r2 receives and sends. */
  readonly wire: Wire;
}

/** MACs of the routers' interfaces. */
export const PEER_MACS = ['02:00:00:00:00:02', '02:00:00:00:00:03'] as const;

/** Builds it. @param routed whether there is a router in between */
export async function peerNetwork(lab: Lab, family: 4 | 6, routed: boolean): Promise<PeerNetwork> {
  return routed ? apart(lab, family) : together(lab, family);
}

async function together(lab: Lab, family: 4 | 6): Promise<PeerNetwork> {
  const { r1, r2, client } = await twoRouters(lab, { ipv6: family === 6 });
  const [a1, a2] = family === 4 ? [R1, R2] : [R1_GLOBAL, R2_GLOBAL];
  const foreign = family === 4 ? '10.0.0.100' : '2001:db8:0:1::100';
  return { ...{ r1, r2, other: client, a1, a2, foreign }, wire: await Wire.tap(lab, r2, 'lan') };
}

async function apart(lab: Lab, family: 4 | 6): Promise<PeerNetwork> {
  const ipv6 = family === 6;
  const [r1, between, r2] = await Promise.all(
    ['r1', 'between', 'r2'].map((name) => lab.host(name, { ipv6 })),
  );
  const address = (net: number, host: string): { readonly address: string; readonly address6?: string } => ({
    address: `10.${net}.0.${Number.parseInt(host, 16)}/24`,
    ...(ipv6 ? { address6: `2001:db8:${net}::${host}/64` } : {}),
  });
  for (const [net, host] of [
    [1, r1!],
    [2, r2!],
  ] as const) {
    await lab.cable(host, { interface: 'lan', mac: PEER_MACS[net - 1]!, ...address(net, '2') }, between!, {
      interface: `to${net}`,
      ...address(net, 'fe'),
    });
    await host.ip(`route add default via 10.${net}.0.254`);
    if (ipv6) await host.ip(`-6 route add default via 2001:db8:${net}::fe`);
  }
  const [a1, a2, foreign] =
    family === 4
      ? ['10.1.0.2', '10.2.0.2', '10.2.0.254']
      : ['2001:db8:1::2', '2001:db8:2::2', '2001:db8:2::fe'];
  return {
    ...{ r1: r1!, r2: r2!, other: between!, a1: a1!, a2: a2!, foreign: foreign! },
    wire: await Wire.tap(lab, r2!, 'lan'),
  };
}
