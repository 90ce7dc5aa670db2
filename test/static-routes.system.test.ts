import { expect, it } from 'vitest';
import type { Host } from './lab/host.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterDirectives } from './lab/rvrrpd.ts';
import { holder, type IpObject, snapshot } from './lab/snapshot.ts';
import { R1, R2, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// `[[protocols.static]]`: routes of whoever is Master, next hops on the lan. A daemon has them once, however many of
// its virtual routers are Master.

const VRID = 7;
const OTHER_VRID = 8;
const UPLINK = '10.0.0.254';

const TABLES = `[protocols]
[[protocols.static]]
route = "0.0.0.0"
mask = "0.0.0.0"
nh = "${UPLINK}"

[[protocols.static]]
route = "192.0.2.0"
mask = "255.255.255.0"
nh = "10.0.0.253"
metric = 100
mtu = 1400
`;

/** The routes above as `ip -j route` shows them. */
const DEFAULT: IpObject = { dst: 'default', gateway: UPLINK, dev: 'lan' };
const PREFIX: IpObject = {
  ...{ dst: '192.0.2.0/24', gateway: '10.0.0.253', dev: 'lan', metric: 100 },
  metrics: [{ mtu: 1400 }],
};

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

describeSystem('static routes', () => {
  it.concurrent('are the Master’s, with metric and MTU, and go with it', () =>
    withLab(async (lab) => {
      const { r1, r2, wire } = await twoRouters(lab);
      const before = await Promise.all([snapshot(r1), snapshot(r2)]);
      const start = (host: Host, priority: number) =>
        Rvrrpd.start(lab, host, [{ ...vrouter, priority }], { tables: TABLES });
      const second = start(r2, 100);
      await wire.soleMaster(VRID, R2);
      await routesBecome(r2, [DEFAULT, PREFIX]);
      const first = start(r1, 200);
      await first.ready();
      expect(await routes(r1)).toEqual([]); // a Backup has none
      await wire.soleMaster(VRID, R1);
      await routesBecome(r1, [DEFAULT, PREFIX]);
      await routesBecome(r2, []);
      await first.stop();
      expect(await snapshot(r1)).toEqual(before[0]);
      await wire.soleMaster(VRID, R2);
      await routesBecome(r2, [DEFAULT, PREFIX]);
      await second.stop();
      expect(await snapshot(r2)).toEqual(before[1]);
    }));

  it.concurrent('are there once, as long as one of several virtual routers is Master', () =>
    withLab(async (lab) => {
      const { r1, r2, wire } = await twoRouters(lab);
      const before = await snapshot(r1);
      const other = { ...vrouter, group: OTHER_VRID, vip: '10.0.0.9' };
      // A Master of both; then a router of higher priority takes one, then the other.
      const daemon = Rvrrpd.start(lab, r1, [vrouter, other], { tables: TABLES });
      await wire.soleMaster(VRID, R1);
      await wire.soleMaster(OTHER_VRID, R1);
      await routesBecome(r1, [DEFAULT, PREFIX]);
      const events = await r1.start('ip', ['-4', 'monitor', 'route']);
      await sleep(200);
      const rival = (routers: VrouterDirectives[]) =>
        Rvrrpd.start(
          lab,
          r2,
          routers.map((router) => ({ ...router, priority: 200 })),
        );
      let taker = rival([vrouter]);
      await wire.soleMaster(VRID, R2);
      await eventually('the address to go', 2000, async () => !(await holder(r1, VIP)));
      expect(await routes(r1)).toEqual([DEFAULT, PREFIX]);
      await taker.stop();
      await wire.soleMaster(VRID, R1);
      // Nothing was done to them: neither taken away and put back, nor installed twice.
      expect(events.output).not.toContain('192.0.2.0/24');
      taker = rival([vrouter, other]);
      await wire.soleMaster(VRID, R2);
      await wire.soleMaster(OTHER_VRID, R2);
      await routesBecome(r1, []);
      expect(events.output.match(/^Deleted 192\.0\.2\.0\/24/gm)).toHaveLength(1);
      await daemon.stop();
      expect(await snapshot(r1)).toEqual(before);
    }));

  it.concurrent('that were there before are left as they were', () =>
    withLab(async (lab) => {
      const { r1, r2, wire } = await twoRouters(lab);
      // Exactly ours, and another one in the place of ours.
      await r1.ip(`route add default via ${UPLINK} dev lan`);
      await r1.ip('route add 192.0.2.0/24 via 10.0.0.252 dev lan metric 100');
      const before = await snapshot(r1);
      const theirs = await routes(r1);
      const daemon = Rvrrpd.start(lab, r1, [vrouter], { tables: TABLES });
      await wire.soleMaster(VRID, R1);
      await eventually('the address', 2000, () => holder(r1, VIP));
      await sleep(1000);
      expect(await routes(r1)).toEqual(theirs);
      const taker = Rvrrpd.start(lab, r2, [{ ...vrouter, priority: 200 }]);
      await wire.soleMaster(VRID, R2);
      await eventually('the address to go', 2000, async () => !(await holder(r1, VIP)));
      expect(await routes(r1)).toEqual(theirs);
      await taker.stop();
      await wire.soleMaster(VRID, R1);
      await daemon.stop();
      expect(await snapshot(r1)).toEqual(before);
    }));

  it.concurrent('that somebody removes come back', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab);
      const before = await snapshot(r1);
      const daemon = Rvrrpd.start(lab, r1, [vrouter], { tables: TABLES });
      await wire.soleMaster(VRID, R1);
      await routesBecome(r1, [DEFAULT, PREFIX]);
      await r1.ip('route del 192.0.2.0/24');
      await r1.ip('route del default');
      expect(await routes(r1)).not.toEqual([DEFAULT, PREFIX]);
      await routesBecome(r1, [DEFAULT, PREFIX]);
      await daemon.stop();
      expect(await snapshot(r1)).toEqual(before);
    }));
});
