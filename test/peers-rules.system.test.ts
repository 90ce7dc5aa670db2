import { expect, it } from 'vitest';
import { linkLocalOf } from './lab/addresses.ts';
import { cadence } from './lab/cadence.ts';
import { virtualLinkLocal } from './lab/flavour.ts';
import { type ForgedAdvert, forge } from './lab/forge.ts';
import { Injector } from './lab/injector.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { PEER_MACS, type PeerNetwork, peerNetwork } from './lab/peer-network.ts';
import { GAP, INTERVAL, verdict } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { type LogLine, Rvrrpd, type VrouterTable, writeConfiguration } from './lab/rvrrpd.ts';
import { holder, settledSnapshot, snapshot } from './lab/snapshot.ts';
import { writePlugins } from './lab/third-party.ts';
import { R1, R1_GLOBAL, R2, R2_GLOBAL } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// What a router with `peers` obeys, sends and tells; what becomes of it at a reload.

const VRID = 7;
const VIP = '10.9.0.1';

const table = (peers: readonly string[], more: Partial<VrouterTable> = {}): VrouterTable => ({
  ...{ group: VRID, interface: 'lan', vip: VIP, peers, preemption: true, netdrv: 'libnl' },
  ...more,
});

/** A forged packet to a host's own MAC and address. */
const toHost = (mac: string, advert: ForgedAdvert): Buffer => {
  const frame = forge(advert);
  Buffer.from(mac.replaceAll(':', ''), 'hex').copy(frame, 0);
  return frame;
};

const messages = (lines: readonly LogLine[], text: RegExp): string[] =>
  lines.flatMap(({ msg = '' }) => (text.test(msg) ? [msg] : []));

const play =
  (body: (network: PeerNetwork & { readonly lab: Lab }) => Promise<void>, family: 4 | 6 = 4) =>
  (): Promise<void> =>
    withLab(async (lab) => body({ lab, ...(await peerNetwork(lab, family, false)) }));

describeSystem('a router with peers', () => {
  for (const family of [4, 6] as const) {
    it.concurrent(
      `IPv${family}: it obeys them alone; others are counted, and those of other groups wake nobody`,
      play(async ({ lab, r1, r2, other, a1, a2, foreign }) => {
        const addresses = family === 4 ? [VIP] : [virtualLinkLocal(VRID), '2001:db8:9::1'];
        const six = family === 4 ? {} : ({ version: 3, vip: addresses } as const);
        const master = Rvrrpd.start(lab, r1, [table([a2], { ...six, priority: 200 })]);
        const backup = Rvrrpd.start(lab, r2, [table([a1], { ...six, priority: 100 })]);
        const stateOf = async (daemon: Rvrrpd) => (await daemon.counters()).routers[0]!;
        await eventually('a Master', 15_000, async () => (await stateOf(master)).state === 'Master');
        const injector = await Injector.start(other, 'lan');
        const forged = { source: foreign, destination: a2, addresses, sourceMac: '02:00:00:00:00:64' };
        const mine = toHost(PEER_MACS[1], { ...forged, vrid: VRID, priority: 255 });
        await injector.send(...Array.from({ length: 5 }, () => mine));
        await eventually('five strangers', 5000, async () => {
          const { dropped } = (await stateOf(backup)).counters;
          return dropped.peer === 5;
        });
        expect(messages(backup.log(), /peer: it is none of its peers/)).toHaveLength(1);
        // Any number of them wakes it no more often.
        const few = await backup.counters();
        for (let round = 0; round < 20; round++)
          await injector.send(...Array.from({ length: 100 }, () => mine));
        const many = await backup.counters();
        expect(many.wakeUps - few.wakeUps).toBeLessThan(100);
        await eventually('more strangers', 5000, async () => {
          const { dropped } = (await stateOf(backup)).counters;
          return dropped.peer !== undefined && dropped.peer > 50;
        });
        // To the group nobody listens here.
        await injector.send(forge({ vrid: VRID, source: a1, addresses, priority: 250 }));

        const quiet = await backup.counters();
        const others = [...Array(200).keys()].map((at) =>
          toHost(PEER_MACS[1], { ...forged, vrid: at + 20, priority: 255 }),
        );
        for (let round = 0; round < 5; round++) await injector.send(...others);
        const loud = await backup.counters();
        expect(loud.strangers.dropped).toEqual(quiet.strangers.dropped);
        // The Master's advertisements, and what else a few seconds bring.
        expect(loud.wakeUps - quiet.wakeUps).toBeLessThan(100);
        const { becameMaster } = quiet.routers[0]!.counters;
        expect(loud.routers[0]).toMatchObject({ state: 'Backup', counters: { becameMaster } });
        expect((await stateOf(master)).counters).toMatchObject({ leftMaster: 0 });
      }, family),
    );
  }

  it.concurrent(
    'tells a peer without route once, and once when it is there; the others hear it at its cadence',
    play(async ({ lab, r1, r2, a1, a2, wire }) => {
      const [gone, behind] = ['192.0.2.77', '10.0.0.200'];
      const master = Rvrrpd.start(lab, r1, [table([gone, a2, behind], { priority: 200 })]);
      Rvrrpd.start(lab, r2, [table([a1], { priority: 100 })]);
      await wire.soleMaster(VRID, a1);
      const told = (peer: string, text: string): string[] =>
        messages(master.log(), new RegExp(`peer ${peer.replaceAll('.', '\\.')} ${text}`));
      await eventually('both are told', 20_000, () =>
        [gone, behind].every((peer) => told(peer, 'cannot be reached').length > 0),
      );
      const since = Date.now();
      await sleep(6000);
      expect(told(gone, 'cannot be reached: ENETUNREACH')).toHaveLength(1);
      expect(told(behind, 'cannot be reached: EHOSTUNREACH')).toHaveLength(1);
      expect(told(a2, 'cannot')).toEqual([]);
      const { counters } = (await master.counters()).routers[0]!;
      expect(counters.sendErrors).toBeGreaterThan(5);
      const adverts = wire.adverts(VRID, since);
      expect(cadence(adverts, (source) => source === a1).greatest).toBeLessThan(GAP * INTERVAL);
      // Somebody takes the packets from now on.
      await r2.ip(`route add blackhole ${gone}/32`);
      await r1.ip(`route add ${gone}/32 via ${a2}`);
      await eventually('it is there again', 30_000, () => told(gone, 'can be reached again').length === 1);
      expect(told(gone, 'cannot be reached')).toHaveLength(1);
    }),
    90_000,
  );

  it.concurrent(
    'over IPv6 link-local addresses',
    play(async ({ lab, r1, r2, wire }) => {
      const [one, two] = PEER_MACS.map(linkLocalOf) as [string, string];
      const six = { version: 3, vip: [virtualLinkLocal(VRID), '2001:db8:9::1'] } as const;
      const first = Rvrrpd.start(lab, r1, [table([two], { ...six, priority: 200 })]);
      await wire.soleMaster(VRID, one);
      const second = Rvrrpd.start(lab, r2, [table([one], { ...six, priority: 100, source: two })]);
      await second.ready();
      const since = Date.now();
      await sleep(4000);
      expect(new Set(wire.adverts(VRID, since).map(({ source }) => source))).toEqual(new Set([one]));
      await first.stop();
      await wire.soleMaster(VRID, two);
      expect(wire.adverts(VRID).filter(({ checksum }) => checksum === 'wrong')).toEqual([]);
    }, 6),
  );

  it.concurrent(
    'of both families, on an interface with the virtual MAC address: advertisements come from its own',
    play(async ({ lab, r1, r2, wire }) => {
      const both = { version: 3, iftype: 'macvlan', vip: ['10.0.0.1', '2001:db8:0:1::1'] } as const;
      const [one, two] = [
        [R1, R1_GLOBAL],
        [R2, R2_GLOBAL],
      ] as const;
      const first = Rvrrpd.start(lab, r1, [table(two, { ...both, priority: 200 })]);
      for (const source of one) await wire.soleMaster(VRID, source);
      const second = Rvrrpd.start(lab, r2, [table(one, { ...both, priority: 100 })]);
      await second.ready();
      expect(await holder(r1, '10.0.0.1')).toBe('standby7');
      expect(await holder(r1, '2001:db8:0:1::1')).toBe('standby7-6');
      const since = Date.now();
      await sleep(4000);
      const adverts = wire.adverts(VRID, since);
      expect(new Set(adverts.map(({ source }) => source))).toEqual(new Set(one));
      expect(new Set(adverts.map(({ sourceMac }) => sourceMac))).toEqual(new Set([PEER_MACS[0]]));
      await first.stop();
      for (const source of two) await wire.soleMaster(VRID, source);
      expect(await holder(r2, '2001:db8:0:1::1')).toBe('standby7-6');
    }, 6),
    90_000,
  );

  it.concurrent(
    'waits for its source',
    play(async ({ lab, r1, a2, wire }) => {
      const source = '10.7.7.7';
      const daemon = Rvrrpd.start(lab, r1, [table([a2], { source, priority: 200 })]);
      await daemon.ready();
      const state = async () => (await daemon.counters()).routers[0]!.state;
      expect(await state()).toBe('Down');
      expect(messages(daemon.log(), /Down: this host does not have the address of source/)).toHaveLength(1);
      await r1.ip(`addr add ${source}/32 dev lo`);
      await wire.soleMaster(VRID, source);
      await r1.ip(`addr del ${source}/32 dev lo`);
      await eventually('Down', 5000, async () => (await state()) === 'Down');
      await r1.ip(`addr add ${source}/32 dev lo`);
      await wire.soleMaster(VRID, source);
    }),
  );

  it.concurrent(
    'its own address as a peer is refused before anything runs, with the line',
    play(async ({ lab, r1, a1, a2 }) => {
      const file = writeConfiguration(lab, r1, [table([a2, a1])]);
      const daemon = Rvrrpd.startWith(r1, file);
      const exit = await eventually('the end of rvrrpd', 15_000, () => daemon.running.exit);
      expect(exit.code).not.toBe(0);
      expect(daemon.running.output).toMatch(
        new RegExp(
          `rvrrpd-r1\\.toml:\\d+: .*peer ${a1.replaceAll('.', '\\.')} is an address of this host, on lan`,
        ),
      );
    }),
  );

  it.concurrent(
    'at a reload, with another version of its plugin: Master, cadence and sockets stay',
    play(async ({ lab, r1, r2, a1, a2, wire }) => {
      const plugin = (version: string): string =>
        writePlugins(lab, {
          ...{ name: 'rvrrpd-plugin-auth-seven', version, manifest: { kind: 'auth', names: ['seven'] } },
          code: `// ${version}
            const fill = (packet, end) => packet.fill(7, end, end + 8);
            export default { kind: 'auth', create: (context) => (context.log('info', 'this is ${version}'), {
              authType: 77,
              sign: (packet, start, end) => fill(packet, end),
              verify: (packet, start, end) => packet.subarray(end, end + 8).every((octet) => octet === 7),
            }) };`,
        });
      const auth = { auth_type: 'seven', auth_secret: 'x' };
      const write = (peers: readonly string[], version: string) =>
        writeConfiguration(lab, r1, [table(peers, { ...auth, priority: 200 })], { tables: plugin(version) });
      const master = Rvrrpd.startWith(r1, write([a2], '1.0.0'));
      await wire.soleMaster(VRID, a1);
      const backup = Rvrrpd.startWith(
        r2,
        writeConfiguration(lab, r2, [table([a1], { ...auth, priority: 100 })], { tables: plugin('1.0.0') }),
      );
      await backup.ready();
      await sleep(INTERVAL);
      const [before, since] = [await settledSnapshot(r1), Date.now()];
      const raw = async () =>
        (await r1.run('ss', '-Hanwe'))
          .trim()
          .split('\n')
          .map((line) => /ino:\d+/.exec(line)?.[0]);
      const sockets = await raw();
      expect(sockets).toHaveLength(2); // for its peers, and for strangers
      for (const [version, peers] of [
        ['1.1.0', [a2]],
        ['1.2.0', [a2, '10.0.0.100']],
        ['1.3.0', [a2]],
      ] as const) {
        write(peers, version);
        const lines = await master.reload();
        expect(verdict(lines)).toBe('reloaded: 1 Master');
        expect(lines.some(({ msg }) => msg?.includes(`this is ${version}`))).toBe(true);
        await sleep(1500);
      }
      expect(await raw()).toEqual(sockets);
      expect(await snapshot(r1)).toEqual(before);
      const adverts = wire.adverts(VRID, since);
      expect(adverts.filter(({ priority, source }) => priority !== 200 || source !== a1)).toEqual([]);
      expect(cadence(adverts, (source) => source === a1).greatest).toBeLessThan(GAP * INTERVAL);
      // To peers and back: the same router, other sockets.
      for (const peers of [undefined, [a2]]) {
        const { peers: _, ...multicast } = table([a2], { priority: 200 });
        writeConfiguration(lab, r1, [peers ? table(peers, { priority: 200 }) : multicast]);
        expect(verdict(await master.reload())).toBe('reloaded: 1 Master');
      }
    }),
    90_000,
  );
});
