import { expect, it } from 'vitest';
import { FLAVOURS, type Flavour, V2 } from './lab/flavour.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterTable } from './lab/rvrrpd.ts';
import { holder, macOf, memberships, snapshot } from './lab/snapshot.ts';
import { R1_MAC, twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';
import type { Wire } from './lab/wire.ts';

// What a Master does to the kernel, and that nothing of it is left afterwards.

/** Virtual routers, and by number their addresses; r1's own is the last one. */
const [VRID, SECOND_VRID] = [7, 8];
const [FIRST, SECOND, OWN] = [1, 9, 2];

interface Case {
  readonly name: string;
  readonly vrouters: readonly VrouterTable[];
  /** The interface that holds each address while Master, and that interface's MAC. */
  readonly holders: Readonly<Record<string, readonly [name: string, mac: string]>>;
  /** MAC of `lan` while Master. */
  readonly lanMac: string;
}

/** Advertisement interval in seconds: version 3 need not take its time. */
function intervalOf({ version }: Flavour): number {
  return version === 2 ? 1 : 0.25;
}

/** A `[[vrouter]]` with that interval. */
function table(
  flavour: Flavour,
  vrid: number,
  number: number,
  more: Partial<VrouterTable> = {},
): VrouterTable {
  const timers = flavour.version === 2 ? {} : { timers: { advert: intervalOf(flavour) } };
  return flavour.router(vrid, [number], { priority: 100, ...timers, ...more });
}

function casesOf(flavour: Flavour): Case[] {
  const { virtualMac, vips } = flavour;
  const held = (addresses: readonly string[], name: string, mac: string) =>
    Object.fromEntries(addresses.map((address) => [address, [name, mac] as const]));
  const [first, second] = [vips(VRID, FIRST), vips(SECOND_VRID, SECOND)];
  const own = [...(flavour.family === 6 ? [flavour.r1] : []), flavour.address(OWN)];
  const [mac, secondMac] = [virtualMac(VRID), virtualMac(SECOND_VRID)];
  const usual = flavour.family === 4 ? `standby${VRID}` : `standby${VRID}-6`;
  return [
    {
      name: 'ether, the only router of its interface',
      vrouters: [table(flavour, VRID, FIRST, { iftype: 'ether' })],
      holders: held(first, 'lan', mac),
      lanMac: mac,
    },
    {
      name: 'ether, two routers on one interface',
      vrouters: [
        table(flavour, VRID, FIRST, { iftype: 'ether' }),
        table(flavour, SECOND_VRID, SECOND, { iftype: 'ether' }),
      ],
      holders: held([...first, ...second], 'lan', R1_MAC),
      lanMac: R1_MAC,
    },
    {
      name: 'macvlan',
      vrouters: [
        table(flavour, VRID, FIRST, { iftype: 'macvlan' }),
        table(flavour, SECOND_VRID, SECOND, { iftype: 'macvlan', vifname: 'vrrp0' }),
      ],
      holders: { ...held(first, usual, mac), ...held(second, 'vrrp0', secondMac) },
      lanMac: R1_MAC,
    },
    {
      name: 'the address owner',
      vrouters: [table(flavour, VRID, OWN, { vip: own.length === 1 ? own[0]! : own, iftype: 'ether' })],
      holders: held(own, 'lan', mac),
      lanMac: mac,
    },
  ];
}

/** That all sorts hear every signal is in signals.system.test.ts. */
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** What a host may have been told before rvrrpd starts: an address, routes, a strict reverse-path filter. */
const PREPARATIONS = {
  4: ['addr add 192.0.2.1/24 dev lan', 'route add 198.51.100.0/24 via 10.0.0.100'],
  6: ['addr add 2001:db8:7::1/64 dev lan nodad', 'route add 2001:db8:8::/64 via 2001:db8:0:1::100'],
};

/** Waits until r1 alone advertises these VRIDs. */
async function soleMaster(flavour: Flavour, wire: Wire, vrouters: readonly VrouterTable[]): Promise<void> {
  for (const { group } of vrouters)
    await wire.soleMaster(group, flavour.r1, 15_000, 2300 * intervalOf(flavour));
}

describeSystem('shutdown', () => {
  for (const flavour of FLAVOURS) {
    for (const { name, vrouters, holders, lanMac } of casesOf(flavour)) {
      for (const signal of flavour === V2 ? SIGNALS : SIGNALS.slice(0, 1)) {
        it.concurrent(`${flavour.name}, ${name}: ${signal} leaves the kernel as it was found, within a second`, () =>
          withLab(async (lab) => {
            const { r1, client, wire } = await twoRouters(lab, flavour.network(VRID));
            const families = flavour.family === 4 ? ([4] as const) : ([4, 6] as const);
            for (const sentence of families.flatMap((family) => PREPARATIONS[family])) await r1.ip(sentence);
            await r1.sysctl({ 'net.ipv4.conf.all.rp_filter': 1, 'net.ipv4.conf.lan.rp_filter': 1 });
            const [before, groups] = [await snapshot(r1), await memberships(r1)];
            const daemon = Rvrrpd.start(lab, r1, vrouters);
            await soleMaster(flavour, wire, vrouters);
            for (const [address, [interfaceName, mac]] of Object.entries(holders)) {
              await eventually(
                `${address} on ${interfaceName}`,
                3000,
                async () => (await holder(r1, address)) === interfaceName,
              );
              expect(await macOf(r1, interfaceName)).toBe(mac);
              // The client's own ARP or neighbour discovery finds it, and gets an answer from it.
              await client.ip('neigh flush all');
              const target = address.startsWith('fe80:') ? `${address}%lan` : address;
              expect(await client.run('ping', '-n', '-c1', '-W2', target)).toContain('1 received');
              expect(await client.neighbour(target)).toBe(mac);
            }
            expect(await macOf(r1, 'lan')).toBe(lanMac);

            const asked = Date.now();
            const exit = await daemon.stop(signal);
            expect(Date.now() - asked).toBeLessThan(5000);
            expect(exit).toEqual({ code: 0, signal: null });
            expect(await snapshot(r1)).toEqual(before);
            expect(await memberships(r1)).toEqual(groups);
            for (const { group } of vrouters) {
              await eventually('the good-bye', 1000, () => wire.adverts(group, asked).at(-1)?.priority === 0);
              expect(wire.adverts(group).filter(({ priority }) => priority === 0)).toHaveLength(1);
            }
          }));
      }

      it.concurrent(`${flavour.name}, ${name}: what SIGKILL left behind is taken over and taken back`, () =>
        withLab(async (lab) => {
          const { r1, wire } = await twoRouters(lab, flavour.network(VRID));
          const [before, groups] = [await snapshot(r1), await memberships(r1)];
          const killed = Rvrrpd.start(lab, r1, vrouters);
          await soleMaster(flavour, wire, vrouters);
          for (const address of Object.keys(holders)) {
            await eventually(`${address}`, 3000, async () => (await holder(r1, address)) !== undefined);
          }
          await killed.kill();
          const since = Date.now();
          const again = Rvrrpd.start(lab, r1, vrouters);
          for (const { group } of vrouters)
            await wire.nextAdvert('the Master again', since + 500, ({ vrid }) => vrid === group);
          await soleMaster(flavour, wire, vrouters);
          for (const [address, [interfaceName, mac]] of Object.entries(holders)) {
            expect(await holder(r1, address)).toBe(interfaceName);
            expect(await macOf(r1, interfaceName)).toBe(mac);
          }
          await again.stop();
          expect(await snapshot(r1)).toEqual(before);
          expect(await memberships(r1)).toEqual(groups);
        }));
    }

    it.concurrent(`${flavour.name}, many Masters: each has said good-bye before the first of them gives anything back`, () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab, flavour.network(VRID));
        const COUNT = 150;
        /** Addresses from here on are nobody's. */
        const BASE = 100;
        const before = await snapshot(r1);
        const vrouters = Array.from({ length: COUNT }, (_, index) =>
          flavour.router(index + 1, [BASE + index + 1], {
            priority: 100,
            iftype: 'macvlan',
            netdrv: 'libnl',
          }),
        );
        const addresses = vrouters.map(({ vip }) => ` ${vip as string}/`);
        const daemon = Rvrrpd.start(lab, r1, vrouters);
        await eventually('all addresses', 20_000, async () => {
          const held = await r1.ip('-o addr');
          return addresses.every((address) => held.includes(address));
        });
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

    it.concurrent(`${flavour.name}: a Backup that is stopped says nothing and changes nothing`, () =>
      withLab(async (lab) => {
        const { r1, r2, wire } = await twoRouters(lab, flavour.network(VRID));
        const master = [table(flavour, VRID, FIRST, { priority: 200 })];
        Rvrrpd.start(lab, r1, master);
        await soleMaster(flavour, wire, master);
        const [before, groups] = [await snapshot(r2), await memberships(r2)];
        const backup = Rvrrpd.start(lab, r2, [table(flavour, VRID, FIRST)]);
        await eventually(
          'a Backup',
          5000,
          async () => (await backup.counters()).routers[0]?.state === 'Backup',
        );
        expect(await snapshot(r2)).toEqual(before);
        await backup.stop();
        expect(await snapshot(r2)).toEqual(before);
        expect(await memberships(r2)).toEqual(groups);
        expect(wire.adverts(VRID).filter(({ source }) => source !== flavour.r1)).toEqual([]);
      }));
  }
});
