/** The demo's network: a client, two routers, and a host on the far side of them. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Host } from '../test/lab/host.ts';
import type { Lab, Segment } from '../test/lab/lab.ts';
import { Ping } from '../test/lab/ping.ts';
import { Rvrrpd } from '../test/lab/rvrrpd.ts';
import { holder } from '../test/lab/snapshot.ts';
import { eventually } from '../test/lab/wait.ts';
import { Wire } from '../test/lab/wire.ts';

/** The address that clients use as their gateway, and the one that the far side uses for the way back. */
export const GATEWAY = '10.0.0.1';
export const WAY_BACK = '198.51.100.1';
/** The host on the far side. */
export const SERVER = '198.51.100.10';

/** VRIDs of the two virtual routers: the last octet of their MACs. */
export const LAN_VRID = 10;
export const UPLINK_VRID = 20;

/** A router: a host with a leg in both segments, and the daemon that runs there. */
export interface Router {
  readonly host: Host;
  /** Its own addresses on the LAN and on the uplink. */
  readonly lanAddress: string;
  readonly uplinkAddress: string;
  priority: number;
  daemon: Rvrrpd | undefined;
}

/** Everything. */
export interface Stage {
  readonly lan: Segment;
  readonly uplink: Segment;
  readonly client: Host;
  readonly routers: readonly [Router, Router];
  readonly lanWire: Wire;
  readonly uplinkWire: Wire;
}

/** Builds it; no daemon runs yet. */
export async function buildStage(lab: Lab): Promise<Stage> {
  const [lan, uplink, client, server] = [
    await lab.segment('lan'),
    await lab.segment('uplink'),
    await lab.host('client'),
    await lab.host('server'),
  ];
  await lab.plug(client, lan, { interface: 'eth0', address: '10.0.0.100/24' });
  await client.ip(`route add default via ${GATEWAY}`);
  await lab.plug(server, uplink, { interface: 'eth0', address: `${SERVER}/24` });
  await server.ip(`route add default via ${WAY_BACK}`);
  const router = async (name: string, last: number, priority: number): Promise<Router> => {
    const host = await lab.host(name);
    const lanAddress = `10.0.0.${last}`;
    const uplinkAddress = `198.51.100.${last}`;
    await lab.plug(host, lan, {
      interface: 'lan',
      mac: `02:00:00:00:00:0${last}`,
      address: `${lanAddress}/24`,
    });
    await lab.plug(host, uplink, {
      ...{ interface: 'uplink', mac: `02:00:00:00:01:0${last}`, address: `${uplinkAddress}/24` },
    });
    return { host, lanAddress, uplinkAddress, priority, daemon: undefined };
  };
  const routers = [await router('r1', 2, 200), await router('r2', 3, 100)] as const;
  return {
    ...{ lan, uplink, client, routers },
    lanWire: await Wire.tap(lab, lan, lan.bridge),
    uplinkWire: await Wire.tap(lab, uplink, uplink.bridge),
  };
}

/** The configuration of both routers: what differs is in tables of the hosts. */
function configurationFile(lab: Lab): string {
  return path.join(lab.folder, 'rvrrpd.toml');
}

/** Writes it, a virtual router for each side. */
function writeConfiguration(lab: Lab, routers: readonly Router[]): void {
  const table = (group: number, on: string, vip: string): string =>
    `[[vrouter]]\ngroup = ${group}\ninterface = "${on}"\nvip = "${vip}"\npreemption = true\niftype = "macvlan"\n`;
  const hosts = routers.map(({ host, priority }) => `[host.${host.name}]\npriority = ${priority}\n`);
  const all = [table(LAN_VRID, 'lan', GATEWAY), table(UPLINK_VRID, 'uplink', WAY_BACK), ...hosts];
  writeFileSync(configurationFile(lab), all.join('\n'));
}

/** Starts the daemon of a router. */
export function startRouter(lab: Lab, { routers }: Stage, router: Router): void {
  writeConfiguration(lab, routers);
  const { host } = router;
  router.daemon = Rvrrpd.startWith(host, configurationFile(lab), { hostname: host.name });
}

/** Gives a running router another priority: writes the configuration file, then `kill -HUP`. */
export async function reloadRouter(
  lab: Lab,
  { routers }: Stage,
  router: Router,
  priority: number,
): Promise<void> {
  router.priority = priority;
  writeConfiguration(lab, routers);
  router.daemon?.running.signal('SIGHUP');
  await router.daemon?.running.waitForOutput(/"reloaded: /, 10_000);
}

/** Waits until this router alone advertises both virtual routers. */
export async function becomesMaster(stage: Stage, router: Router): Promise<void> {
  await Promise.all([
    stage.lanWire.soleMaster(LAN_VRID, router.lanAddress, 20_000, 1900),
    stage.uplinkWire.soleMaster(UPLINK_VRID, router.uplinkAddress, 20_000, 1900),
  ]);
}

/** One line about a router: what its daemon says of itself, and what its kernel holds. */
export async function describeRouter(router: Router): Promise<string> {
  const { daemon, host } = router;
  const alive = daemon !== undefined && daemon.running.exit === undefined;
  const state = alive
    ? (await daemon.counters()).routers.map((one) => one.state).join(', ')
    : 'no daemon runs';
  const where = await holder(host, GATEWAY);
  const address = where === undefined ? `does not have ${GATEWAY}` : `has ${GATEWAY} on ${where}`;
  return `${host.name}, priority ${router.priority}: ${state.padEnd(16)} its kernel ${address}`;
}

/** Starts a client that pings the far side through the virtual address. */
export async function startPing(stage: Stage): Promise<Ping> {
  const ping = Ping.start(stage.client, SERVER, 10);
  await eventually('an answer from the far side', 10_000, () => ping.replies().length > 0);
  return ping;
}

/** When this router first advertised the LAN's virtual router after `since`, both in ms since the epoch. */
export function firstAdvert(stage: Stage, router: Router, since: number): number {
  const advert = stage.lanWire.adverts(LAN_VRID, since).find(({ source }) => source === router.lanAddress);
  if (!advert) throw new Error(`${router.host.name} did not take over`);
  return advert.time;
}
