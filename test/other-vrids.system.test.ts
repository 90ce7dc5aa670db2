import { expect, it } from 'vitest';
import { FLAVOURS } from './lab/flavour.ts';
import { Flood } from './lab/flood.ts';
import { forge } from './lab/forge.ts';
import type { Host } from './lab/host.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { type Counters, Rvrrpd } from './lab/rvrrpd.ts';
import { oneOfEachSort, SORTS } from './lab/sorts.ts';
import {
  CLIENT,
  CLIENT_GLOBAL,
  CLIENT_MAC,
  R1,
  R1_GLOBAL,
  R1_MAC,
  R2,
  R2_GLOBAL,
  R2_MAC,
} from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// 201 other virtual routers share the wire, each at 100 advertisements a second: 20,000 packets a second that
// are right in everything, and not ours. A third each is of VRRPv2 and of VRRPv3 over IPv4 and IPv6, and so are ours.

/** Not even the VRIDs that are ours in the other family. */
const OTHERS = FLAVOURS.flatMap((flavour) => {
  const ours = SORTS.filter((sorted) => sorted.flavour.family === flavour.family).map(({ vrid }) => vrid);
  return Array.from({ length: 256 }, (_, vrid) => ({ vrid, flavour }))
    .filter(({ vrid }) => !ours.includes(vrid))
    .slice(0, 67);
});
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
      ...['r1', 'r2', 'others'].map((name) => lab.host(name, { ipv6: true })),
    ] as const);
    const plug = (host: Host, mac: string, address: string, address6: string) =>
      lab.plug(host, lan, {
        ...{ interface: 'lan', mac, address: `${address}/24`, address6: `${address6}/64` },
      });
    await plug(r1!, R1_MAC, R1, R1_GLOBAL);
    await plug(r2!, R2_MAC, R2, R2_GLOBAL);
    await plug(others!, CLIENT_MAC, CLIENT, CLIENT_GLOBAL);
    const routers = (priority: number) => oneOfEachSort({ priority, socket_filter: socketFilter });
    const master = Rvrrpd.start(lab, r1!, routers(200));
    await master.ready();
    const backup = Rvrrpd.start(lab, r2!, routers(100));
    const frames = OTHERS.map(({ vrid, flavour }) => forge(flavour.advert(vrid, [200], { priority: 254 })));
    const flood = await Flood.prepare(others!, 'lan', frames);
    await eventually('Masters', 10_000, async () =>
      (await master.counters()).routers.every(({ state }) => state === 'Master'),
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

    // It was what it claims to be: all of it, at about that rate, and it reached the routers.
    expect(duration).toBeLessThan(ROUNDS * EVERY_MS * 3);
    expect(end.arrived - between.arrived).toBeGreaterThanOrEqual(PACKETS);
    expect(between.arrived - start.arrived).toBeLessThan(100);
    for (const moment of [start, between, end]) {
      const each = (state: string, counters: object) => SORTS.map(() => ({ state, counters }));
      expect(moment.master.routers).toMatchObject(each('Master', { leftMaster: 0 }));
      expect(moment.backup.routers).toMatchObject(each('Backup', { becameMaster: 0 }));
    }
    const advertisements = ({ routers }: Counters, index: number) =>
      Number(routers[index]!.counters.received);
    for (const index of SORTS.keys()) {
      const more = advertisements(end.backup, index) - advertisements(between.backup, index);
      expect(more).toBeGreaterThanOrEqual(2);
    }
    return (['master', 'backup'] as const).map((who) => ({
      daemon: { master, backup }[who],
      times: Math.max(1, duration / (ROUNDS * EVERY_MS)),
      quiet: between[who].wakeUps - start[who].wakeUps,
      flooded: end[who].wakeUps - between[who].wakeUps,
      unknown:
        (end[who].strangers.dropped['unknown-vrid'] ?? 0) -
        (between[who].strangers.dropped['unknown-vrid'] ?? 0),
      others: Object.keys(end[who].strangers.dropped),
    }));
  });
}

describeSystem('201 other virtual routers at 100 advertisements a second each', () => {
  it.concurrent('cost no wake-up of the engine', async () => {
    for (const { times, quiet, flooded, unknown } of await play(true)) {
      expect(quiet).toBeGreaterThanOrEqual(2); // it is counted: the Master's timer, the Backup's packets
      expect(quiet).toBeLessThan(20);
      // One advertisement a second, and the flood takes a bit longer than the quiet period.
      expect(flooded).toBeLessThanOrEqual(quiet * times + 3 * SORTS.length);
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
