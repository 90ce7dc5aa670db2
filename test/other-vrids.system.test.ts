import { expect, it } from 'vitest';
import { Flood } from './lab/flood.ts';
import { forge } from './lab/forge.ts';
import type { Host } from './lab/host.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { eventually, sleep } from './lab/wait.ts';

// 200 other virtual routers share the wire, each at 100 advertisements a second: 20,000 packets a second that
// are right in everything, and not ours.

const VRID = 7;
const OTHERS = Array.from({ length: 256 }, (_, vrid) => vrid)
  .filter((vrid) => vrid !== VRID)
  .slice(0, 200);
const EVERY_MS = 10;
const ROUNDS = 300;
const PACKETS = OTHERS.length * ROUNDS;

/** Packets that an interface has received. */
async function received(host: Host): Promise<number> {
  const links = JSON.parse(await host.ip('-j -s link show dev lan')) as {
    stats64: { rx: { packets: number } };
  }[];
  return links[0]!.stats64.rx.packets;
}

/** What the engine of a Master and a Backup counts in a quiet period and under the flood, of the same length. */
async function play(socketFilter: boolean) {
  return withLab(async (lab) => {
    const [lan, r1, r2, others] = await Promise.all([
      lab.segment('lan'),
      ...['r1', 'r2', 'others'].map((name) => lab.host(name)),
    ] as const);
    await lab.plug(r1!, lan, { interface: 'lan', address: '10.0.0.2/24' });
    await lab.plug(r2!, lan, { interface: 'lan', address: '10.0.0.3/24' });
    await lab.plug(others!, lan, { interface: 'lan', address: '10.0.0.100/24' });
    const vrouter = { group: VRID, interface: 'lan', vip: '10.0.0.1', socket_filter: socketFilter };
    const master = Rvrrpd.start(lab, r1!, [{ ...vrouter, priority: 200 }]);
    await master.ready();
    const backup = Rvrrpd.start(lab, r2!, [{ ...vrouter, priority: 100 }]);
    const frames = OTHERS.map((vrid) =>
      forge({ vrid, source: '10.0.0.100', addresses: [`10.0.1.${vrid}`], priority: 254 }),
    );
    const flood = await Flood.prepare(others!, 'lan', frames);
    await eventually(
      'a Master',
      10_000,
      async () => (await master.counters()).routers[0]?.state === 'Master',
    );
    await sleep(2500); // gratuitous ARP is repeated for a while
    const look = async () => ({
      master: await master.counters(),
      backup: await backup.counters(),
      arrived: await received(r1!),
    });

    const start = await look();
    await sleep(ROUNDS * EVERY_MS);
    const between = await look();
    const began = performance.now();
    expect(await flood.send(ROUNDS, EVERY_MS)).toBe(PACKETS);
    const duration = performance.now() - began;
    await sleep(100);
    const end = await look();

    // It was what it claims to be: all of it, at that rate, and it reached the routers.
    expect(duration).toBeLessThan(ROUNDS * EVERY_MS * 1.25);
    expect(end.arrived - between.arrived).toBeGreaterThanOrEqual(PACKETS);
    expect(between.arrived - start.arrived).toBeLessThan(100);
    for (const moment of [start, between, end]) {
      expect(moment.master.routers[0]).toMatchObject({ state: 'Master', counters: { leftMaster: 0 } });
      expect(moment.backup.routers[0]).toMatchObject({ state: 'Backup', counters: { becameMaster: 0 } });
    }
    const advertisements = (moment: typeof start) => Number(moment.backup.routers[0]!.counters.received);
    expect(advertisements(end) - advertisements(between)).toBeGreaterThanOrEqual(2);
    return (['master', 'backup'] as const).map((who) => ({
      daemon: { master, backup }[who],
      quiet: between[who].wakeUps - start[who].wakeUps,
      flooded: end[who].wakeUps - between[who].wakeUps,
      unknown:
        (end[who].strangers.dropped['unknown-vrid'] ?? 0) -
        (between[who].strangers.dropped['unknown-vrid'] ?? 0),
      others: Object.keys(end[who].strangers.dropped),
    }));
  });
}

describeSystem('200 other VRIDs at 100 advertisements a second each', () => {
  it.concurrent('cost no wake-up of the engine', async () => {
    for (const { quiet, flooded, unknown } of await play(true)) {
      expect(quiet).toBeGreaterThanOrEqual(2); // it is counted: the Master's timer, the Backup's packets
      expect(quiet).toBeLessThan(20);
      // One advertisement a second, and the flood takes a bit longer than the quiet period.
      expect(flooded).toBeLessThanOrEqual(quiet + 3);
      expect(unknown).toBe(0);
    }
  });

  it.concurrent('wake it without a filter, are counted as unknown, and change nothing', async () => {
    for (const { daemon, quiet, flooded, unknown, others } of await play(false)) {
      expect(quiet).toBeLessThan(100);
      expect(flooded).toBeGreaterThan(quiet + ROUNDS / 3);
      expect(unknown).toBe(PACKETS);
      expect(others).toContain('unknown-vrid');
      const warnings = daemon.log().filter(({ reason }) => reason === 'unknown-vrid');
      expect(warnings.length).toBeGreaterThan(0);
      expect(warnings.length).toBeLessThan(4); // 60,000 packets, one line every 10 s
    }
  });
});
