import { expect, it } from 'vitest';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterDirectives } from './lab/rvrrpd.ts';
import { holder, macOf, snapshot } from './lab/snapshot.ts';
import { R1, R1_MAC, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// What a Master does to the kernel, and that nothing of it is left afterwards.

const SECOND_VIP = '10.0.0.9';

interface Case {
  readonly name: string;
  readonly vrouters: readonly VrouterDirectives[];
  /** The interface that holds each address while Master, and that interface's MAC. */
  readonly holders: Readonly<Record<string, readonly [name: string, mac: string]>>;
  /** MAC of `lan` while Master. */
  readonly lanMac: string;
}

const on = { interface: 'lan', priority: 100 };

const CASES: readonly Case[] = [
  {
    name: 'ether, the only router of its interface',
    vrouters: [{ ...on, group: 7, vip: VIP, iftype: 'ether' }],
    holders: { [VIP]: ['lan', '00:00:5e:00:01:07'] },
    lanMac: '00:00:5e:00:01:07',
  },
  {
    name: 'ether, two routers on one interface',
    vrouters: [
      { ...on, group: 7, vip: VIP, iftype: 'ether' },
      { ...on, group: 8, vip: SECOND_VIP, iftype: 'ether' },
    ],
    holders: { [VIP]: ['lan', R1_MAC], [SECOND_VIP]: ['lan', R1_MAC] },
    lanMac: R1_MAC,
  },
  {
    name: 'macvlan',
    vrouters: [
      { ...on, group: 7, vip: VIP, iftype: 'macvlan' },
      { ...on, group: 8, vip: SECOND_VIP, iftype: 'macvlan', vifname: 'vrrp0' },
    ],
    holders: { [VIP]: ['standby7', '00:00:5e:00:01:07'], [SECOND_VIP]: ['vrrp0', '00:00:5e:00:01:08'] },
    lanMac: R1_MAC,
  },
  {
    name: 'the address owner',
    vrouters: [{ ...on, group: 7, vip: R1, iftype: 'ether' }],
    holders: { [R1]: ['lan', '00:00:5e:00:01:07'] },
    lanMac: '00:00:5e:00:01:07',
  },
];

/** What a host may have been told before rvrrpd starts: an address, routes, a strict reverse-path filter. */
const PREPARATIONS = ['addr add 192.0.2.1/24 dev lan', 'route add 198.51.100.0/24 via 10.0.0.100'];

describeSystem('shutdown', () => {
  for (const { name, vrouters, holders, lanMac } of CASES) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      it.concurrent(`${name}: ${signal} leaves the kernel as it was found, within a second`, () =>
        withLab(async (lab) => {
          const { r1, client, wire } = await twoRouters(lab);
          for (const sentence of PREPARATIONS) await r1.ip(sentence);
          await r1.sysctl({ 'net.ipv4.conf.all.rp_filter': 1, 'net.ipv4.conf.lan.rp_filter': 1 });
          const before = await snapshot(r1);
          const daemon = Rvrrpd.start(lab, r1, vrouters);
          for (const { group } of vrouters) await wire.soleMaster(group, R1);
          for (const [address, [interfaceName, mac]] of Object.entries(holders)) {
            await eventually(
              `${address} on ${interfaceName}`,
              3000,
              async () => (await holder(r1, address)) === interfaceName,
            );
            expect(await macOf(r1, interfaceName)).toBe(mac);
            // The client's own ARP finds it, and gets an answer from it.
            await client.ip('neigh flush all');
            expect(await client.run('ping', '-n', '-c1', '-W2', address)).toContain('1 received');
            expect(await client.ip(`neigh show ${address}`)).toContain(mac);
          }
          expect(await macOf(r1, 'lan')).toBe(lanMac);

          const asked = Date.now();
          const exit = await daemon.stop(signal);
          expect(Date.now() - asked).toBeLessThan(1000);
          expect(exit).toEqual({ code: 0, signal: null });
          expect(await snapshot(r1)).toEqual(before);
          for (const { group } of vrouters) {
            await eventually('the good-bye', 1000, () => wire.adverts(group, asked).at(-1)?.priority === 0);
            expect(wire.adverts(group).filter(({ priority }) => priority === 0)).toHaveLength(1);
          }
        }));
    }

    it.concurrent(`${name}: what SIGKILL left behind is taken over and taken back`, () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab);
        const before = await snapshot(r1);
        const killed = Rvrrpd.start(lab, r1, vrouters);
        for (const { group } of vrouters) await wire.soleMaster(group, R1);
        for (const address of Object.keys(holders)) {
          await eventually(`${address}`, 3000, async () => (await holder(r1, address)) !== undefined);
        }
        await killed.kill();
        const since = Date.now();
        const again = Rvrrpd.start(lab, r1, vrouters);
        for (const { group } of vrouters) {
          await wire.nextAdvert('the Master again', since + 500, ({ vrid }) => vrid === group);
          await wire.soleMaster(group, R1);
        }
        for (const [address, [interfaceName, mac]] of Object.entries(holders)) {
          expect(await holder(r1, address)).toBe(interfaceName);
          expect(await macOf(r1, interfaceName)).toBe(mac);
        }
        await again.stop();
        expect(await snapshot(r1)).toEqual(before);
      }));
  }

  it.concurrent('many Masters: each has said good-bye before the first of them gives anything back', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab);
      const COUNT = 150;
      const before = await snapshot(r1);
      const vrouters = Array.from({ length: COUNT }, (_, index) => ({
        ...{ ...on, group: index + 1, vip: `10.0.1.${index + 1}`, iftype: 'macvlan', netdrv: 'libnl' },
      }));
      const daemon = Rvrrpd.start(lab, r1, vrouters);
      await eventually(
        'all addresses',
        20_000,
        async () => ((await r1.ip('-4 -o addr')).match(/inet 10\.0\.1\./g) ?? []).length === COUNT,
      );
      // What the kernel tells, with its time in local time: what is taken back first, settings apart.
      const monitor = r1.start('ip', ['-ts', '-o', 'monitor', 'link', 'address']);
      await eventually('the monitor', 10_000, async () => {
        await r1.ip('addr add 192.0.2.77/32 dev lan');
        await r1.ip('addr del 192.0.2.77/32 dev lan');
        return /Deleted .*192\.0\.2\.77/.test(monitor.output);
      });
      const seen = monitor.output.length;

      const asked = Date.now();
      const exit = await daemon.stop();
      expect(exit).toEqual({ code: 0, signal: null });
      await eventually('the end of the last one', 5000, () =>
        new RegExp(`Deleted .*standby${COUNT}`).test(monitor.output.slice(seen)),
      );
      const times = [...monitor.output.slice(seen).matchAll(/^\[(\S+)\].*Deleted .*standby/gm)].map(
        ([, time]) => Date.parse(time!),
      );
      const goodBye = () => wire.adverts(undefined, asked).filter(({ priority }) => priority === 0);
      await eventually('all good-byes', 5000, () => goodBye().length >= COUNT);
      expect(new Set(goodBye().map(({ vrid }) => vrid)).size).toBe(COUNT);
      expect(Math.floor(Math.max(...goodBye().map(({ time }) => time)))).toBeLessThanOrEqual(
        Math.min(...times),
      );
      expect(await snapshot(r1)).toEqual(before);
    }));

  it.concurrent('a Backup that is stopped says nothing and changes nothing', () =>
    withLab(async (lab) => {
      const { r1, r2, wire } = await twoRouters(lab);
      Rvrrpd.start(lab, r1, [{ ...on, group: 7, vip: VIP, priority: 200 }]);
      await wire.soleMaster(7, R1);
      const before = await snapshot(r2);
      const backup = Rvrrpd.start(lab, r2, [{ ...on, group: 7, vip: VIP }]);
      await eventually(
        'a Backup',
        5000,
        async () => (await backup.counters()).routers[0]?.state === 'Backup',
      );
      expect(await snapshot(r2)).toEqual(before);
      await backup.stop();
      expect(await snapshot(r2)).toEqual(before);
      expect(wire.adverts(7).filter(({ source }) => source !== R1)).toEqual([]);
    }));
});
