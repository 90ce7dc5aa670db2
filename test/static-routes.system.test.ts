import { expect, it } from 'vitest';
import type { Host } from './lab/host.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeConcurrent } from './lab/requirements.ts';
import { Rvrrpd, type VrouterDirectives } from './lab/rvrrpd.ts';
import { holder, type IpObject, snapshot } from './lab/snapshot.ts';
import { twoRouters, VIP } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// `[[protocols.static]]`: routes of whoever is Master, next hops on the lan. A daemon has them once, however many of
// its virtual routers are Master.

const VRID = 7;
const OTHER_VRID = 8;
const OTHER_VIP = '10.0.0.9';
const UPLINK = '10.0.0.254';

/** The network drivers of the guide, and the MTU of the second route: by ioctl the kernel takes none. */
const DRIVERS: readonly (readonly [netdrv: string, mtu: number | undefined])[] = [
  ['libnl', 1400],
  ['ioctl', undefined],
];

function tables(mtu: number | undefined): string {
  return `[protocols]
[[protocols.static]]
route = "0.0.0.0"
mask = "0.0.0.0"
nh = "${UPLINK}"

[[protocols.static]]
route = "192.0.2.0"
mask = "255.255.255.0"
nh = "10.0.0.253"
metric = 100
${mtu === undefined ? '' : `mtu = ${mtu}`}
`;
}

/** Those routes as `ip -j route` shows them. */
function ours(mtu: number | undefined): IpObject[] {
  const metrics = mtu === undefined ? {} : { metrics: [{ mtu }] };
  return [
    { dst: 'default', gateway: UPLINK, dev: 'lan' },
    { dst: '192.0.2.0/24', gateway: '10.0.0.253', dev: 'lan', metric: 100, ...metrics },
  ];
}

const vrouter = { group: VRID, interface: 'lan', vip: VIP, preemption: true };

/** The routes with a gateway, without what the kernel adds to each. */
async function routes(host: Host): Promise<IpObject[]> {
  const all = JSON.parse((await host.ip('-j -4 route')) || '[]') as IpObject[];
  return all
    .filter(({ gateway }) => gateway !== undefined)
    .map(({ flags: _, protocol: __, ...route }) => route)
    .sort((a, b) => (String(a.dst) < String(b.dst) ? 1 : -1));
}

async function routesBecome(host: Host, expected: readonly IpObject[]): Promise<void> {
  await eventually(`the routes of ${host.name}`, 5000, async () => {
    expect(await routes(host)).toEqual(expected);
    return true;
  });
}

async function takes(host: Host, address: string): Promise<void> {
  await eventually(`${address} on ${host.name}`, 10_000, () => holder(host, address));
}

async function gives(host: Host, address: string): Promise<void> {
  await eventually(`${address} off ${host.name}`, 10_000, async () => !(await holder(host, address)));
}

for (const [netdrv, mtu] of DRIVERS) {
  const all = ours(mtu);
  /** Starts the daemon of a host. */
  const start = (lab: Lab, host: Host, priority: number, routers: VrouterDirectives[] = [vrouter]) =>
    Rvrrpd.start(
      lab,
      host,
      routers.map((router) => ({ ...router, netdrv, priority })),
      { tables: tables(mtu) },
    );

  describeConcurrent(`static routes by ${netdrv}`, () => {
    it.concurrent('are the Master’s, with metric and MTU, and go with it', () =>
      withLab(async (lab) => {
        const { r1, r2 } = await twoRouters(lab);
        const before = await Promise.all([snapshot(r1), snapshot(r2)]);
        const second = start(lab, r2, 100);
        await takes(r2, VIP);
        await routesBecome(r2, all);
        const first = start(lab, r1, 200);
        await first.ready();
        expect(await routes(r1)).toEqual([]); // a Backup has none
        await takes(r1, VIP);
        await routesBecome(r1, all);
        await routesBecome(r2, []);
        await first.stop();
        expect(await snapshot(r1)).toEqual(before[0]);
        await takes(r2, VIP);
        await routesBecome(r2, all);
        await second.stop();
        expect(await snapshot(r2)).toEqual(before[1]);
      }));

    it.concurrent('are there once, as long as one of several virtual routers is Master', () =>
      withLab(async (lab) => {
        const { r1, r2 } = await twoRouters(lab);
        const before = await snapshot(r1);
        const other = { ...vrouter, group: OTHER_VRID, vip: OTHER_VIP };
        const daemon = start(lab, r1, 100, [vrouter, other]);
        await takes(r1, VIP);
        await takes(r1, OTHER_VIP);
        await routesBecome(r1, all);
        const events = r1.start('ip', ['-4', 'monitor', 'route']);
        await sleep(300);
        // A router of higher priority takes one of the addresses, then both.
        let rival = start(lab, r2, 200);
        await takes(r2, VIP);
        await gives(r1, VIP);
        expect(await routes(r1)).toEqual(all);
        await rival.stop();
        await takes(r1, VIP);
        // Nothing was done to them meanwhile: neither taken away and put back, nor installed twice.
        expect(events.output).not.toContain('192.0.2.0/24');
        rival = start(lab, r2, 200, [vrouter, other]);
        await routesBecome(r2, all);
        await gives(r1, VIP);
        await gives(r1, OTHER_VIP);
        await routesBecome(r1, []);
        await events.waitForOutput(/^Deleted 192\.0\.2\.0\/24/m);
        expect(events.output.match(/192\.0\.2\.0\/24/g)).toHaveLength(1);
        await daemon.stop();
        expect(await snapshot(r1)).toEqual(before);
      }));

    it.concurrent('that were there before are left as they were', () =>
      withLab(async (lab) => {
        const { r1, r2 } = await twoRouters(lab);
        // The uplink exactly as ours, and another route in the place of the second one.
        await r1.ip(`route add default via ${UPLINK} dev lan`);
        await r1.ip('route add 192.0.2.0/24 via 10.0.0.252 dev lan metric 100');
        const before = await snapshot(r1);
        const theirs = await routes(r1);
        const daemon = start(lab, r1, 100);
        await takes(r1, VIP);
        await sleep(500);
        expect(await routes(r1)).toEqual(theirs);
        const rival = start(lab, r2, 200);
        await takes(r2, VIP);
        await gives(r1, VIP);
        expect(await routes(r1)).toEqual(theirs);
        await rival.stop();
        await takes(r1, VIP);
        expect(await routes(r1)).toEqual(theirs);
        await daemon.stop();
        expect(await snapshot(r1)).toEqual(before);
      }));

    it.concurrent('that somebody removes come back', () =>
      withLab(async (lab) => {
        const { r1 } = await twoRouters(lab);
        const before = await snapshot(r1);
        const daemon = start(lab, r1, 100);
        await takes(r1, VIP);
        await routesBecome(r1, all);
        const events = r1.start('ip', ['-4', 'monitor', 'route']);
        await sleep(300);
        await r1.ip('route del 192.0.2.0/24');
        await r1.ip('route del default');
        await eventually('both deletions', 2000, () => events.output.match(/^Deleted/gm)?.length === 2);
        await routesBecome(r1, all);
        await daemon.stop();
        expect(await snapshot(r1)).toEqual(before);
      }));
  });
}
