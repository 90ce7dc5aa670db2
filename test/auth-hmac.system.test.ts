import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { cadence } from './lab/cadence.ts';
import { FLAVOURS, V2, V3 } from './lab/flavour.ts';
import { hmac, installVersion, KEY_1, KEY_2, keyNumbers, recording } from './lab/hmac.ts';
import { Injector } from './lab/injector.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { GAP, INTERVAL, verdict } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterTable, writeConfiguration } from './lab/rvrrpd.ts';
import { springFile, throwsWhen, writeAuthPlugin } from './lab/trap.ts';
import { twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';
import { Wire } from './lab/wire.ts';

// Advertisements with an HMAC trailer, between real daemons on a real network, and what attackers do with recordings.

const VRID = 51;

/** What a router has dropped for its authentication, by reason. */
async function refused(daemon: Rvrrpd, group = VRID): Promise<Readonly<Record<string, number>>> {
  const { routers } = await daemon.counters();
  return routers.find((router) => router.group === group)!.counters.dropped;
}

async function received(daemon: Rvrrpd, group = VRID): Promise<number> {
  const { routers } = await daemon.counters();
  return Number(routers.find((router) => router.group === group)!.counters.received);
}

describeSystem('HMAC trailers', () => {
  for (const flavour of FLAVOURS) {
    it.concurrent(`${flavour.name}: two routers understand each other, a stranger is nobody`, () =>
      withLab(async (lab) => {
        const { r1, r2, client, wire } = await twoRouters(lab, flavour.network(VRID));
        const of = (priority: number): VrouterTable => flavour.router(VRID, [1], { priority, ...hmac() });
        const master = Rvrrpd.start(lab, r1, [of(200)]);
        await wire.soleMaster(VRID, flavour.r1);
        const backup = Rvrrpd.start(lab, r2, [of(100)]);
        await backup.ready(30_000);
        const injector = await Injector.start(client, 'lan');
        const since = Date.now();
        await sleep(3 * INTERVAL);
        const frames = recording(wire, VRID, flavour.r1, since);
        expect(new Set(keyNumbers(frames))).toEqual(new Set([1]));
        expect(wire.adverts(VRID, since).every(({ source }) => source === flavour.r1)).toBe(true);
        // Forged: a higher priority, without a trailer and with one of before.
        const without = Buffer.from(frames[0]!);
        const message = flavour.family === 4 ? 34 : 54;
        without[message + 2] = 250;
        await injector.send(...frames, without);
        await eventually('each of them to be refused', 20_000, async () => {
          const dropped = await refused(backup);
          // On a busy machine some are too old by then.
          expect((dropped['auth-replayed'] ?? 0) + (dropped['auth-stale'] ?? 0)).toBe(frames.length);
          expect(await refused(master)).toMatchObject({ 'own-source': frames.length });
          expect((dropped['auth-failed'] ?? 0) + (dropped.checksum ?? 0)).toBe(1);
          return true;
        });
        await master.stop();
        await wire.soleMaster(VRID, flavour.r2);
        const reasons = Object.keys(await refused(backup)).sort();
        expect(
          reasons.filter((reason) => !/^(auth-replayed|auth-stale|auth-failed|checksum)$/.test(reason)),
        ).toEqual([]);
      }));
  }

  it.concurrent('keepalived’s own frames are genuine to a daemon, once each', () =>
    withLab(async (lab) => {
      const { r1, client } = await twoRouters(lab, { ipv6: true });
      const keys = {
        1: KEY_1,
        7: `hex:${Array.from({ length: 32 }, (_, i) => (0xa0 + i).toString(16)).join('')}`,
      };
      // They are old by now: whoever looks at the order alone takes them.
      const auth = hmac({ keys, active_key: 1, anti_replay: 'monotonic', mode: 'receive-only' });
      const common = { interface: 'lan', iftype: 'ether', priority: 100, ...auth };
      const daemon = Rvrrpd.start(lab, r1, [
        { group: 51, vip: '192.0.2.100', ...common },
        { group: 52, vip: ['192.0.2.101', '192.0.2.102'], version: 3, timers: { advert: 0.5 }, ...common },
        { group: 53, vip: ['fe80::5:3', '2001:db8::53'], version: 3, timers: { advert: 0.1 }, ...common },
      ]);
      await daemon.ready(30_000);
      const injector = await Injector.start(client, 'lan');
      const ipv4 = (message: string): Buffer => frameOf('c6336401', message);
      const frames = [
        ipv4(
          '2133c80100015465c00002640000000000000000010100006b080f6122350000ae6dae05d515c68007d41d4406b8a031',
        ),
        ipv4('3134c80200327702c0000265c0000266010700006b080f5f863500009fe4d08ba7c5a6582d2779b8880d56ce'),
        frameOf(
          'fe8000000000000000000000fe000001'.replace('0000fe000001', '00fffe000001'),
          '31359602000a6814fe80000000000000000000000005000320010db8000000000000000000000053010100006b080f5e419b0000f60a14d9f4a383f5133ce07f9314df78',
        ),
      ];
      await injector.send(...frames);
      await sleep(200);
      await injector.send(...frames);
      await eventually('replays', 10_000, async () => (await refused(daemon, 53))['auth-replayed'] === 1);
      for (const group of [51, 52, 53]) {
        expect(await refused(daemon, group)).toEqual({ 'auth-replayed': 1 });
        expect(await received(daemon, group)).toBe(1);
      }
      await daemon.stop();
    }));

  for (const flavour of FLAVOURS) {
    for (const cast of ['multicast', 'unicast'] as const) {
      it.concurrent(
        `${flavour.name}, ${cast}: migration and rotation of keys by reloads, one router after the other: no transition, nothing rejected`,
        () =>
          withLab(async (lab) => {
            const { r1, r2 } = await twoRouters(lab, flavour.network(VRID));
            // A switch takes packets for a peer to that one alone.
            const wire = await Wire.tap(lab, r2, 'lan');
            const peers = { r1: [flavour.r2], r2: [flavour.r1] };
            const of = (who: 'r1' | 'r2', auth: Partial<VrouterTable>): VrouterTable =>
              flavour.router(VRID, [1], {
                ...{ priority: who === 'r1' ? 200 : 100, preemption: true, iftype: 'ether', ...auth },
                ...(cast === 'unicast' ? { peers: peers[who] } : {}),
              });
            const master = Rvrrpd.start(lab, r1, [of('r1', {})]);
            await wire.soleMaster(VRID, flavour.r1);
            const backup = Rvrrpd.start(lab, r2, [of('r2', {})]);
            await backup.ready(30_000);
            await sleep(INTERVAL);
            const since = Date.now();
            const both = { 1: KEY_1, 2: KEY_2 };
            const steps: readonly Partial<VrouterTable>[] = [
              hmac({ mode: 'receive-only' }),
              hmac({ mode: 'permissive' }),
              hmac(),
              hmac({ keys: both, active_key: 1 }),
              hmac({ keys: both, active_key: 2 }),
              hmac({ keys: { 2: KEY_2 } }),
            ];
            for (const step of steps) {
              // In turn, either one first.
              for (const [daemon, host, who] of [
                [backup, r2, 'r2'],
                [master, r1, 'r1'],
              ] as const) {
                writeConfiguration(lab, host, [of(who, step)]);
                expect(verdict(await daemon.reload())).toMatch(/^reloaded: 1 (Master|Backup)$/);
                await sleep(1.2 * INTERVAL);
              }
            }
            const adverts = wire.adverts(VRID, since);
            expect(adverts.filter(({ source, priority }) => source !== flavour.r1 || priority === 0)).toEqual(
              [],
            );
            expect(cadence(adverts, (source) => source === flavour.r1).greatest).toBeLessThan(GAP * INTERVAL);
            const keys = new Set(keyNumbers(recording(wire, VRID, flavour.r1, since)));
            expect(keys).toEqual(new Set([undefined, 1, 2]));
            expect(await refused(backup)).toEqual({});
            expect(await refused(master)).toEqual({});
          }),
        240_000,
      );
    }
  }

  it.concurrent(
    'recorded packets: none is accepted twice, at once, after a reload, a crash of the engine, a restart, a kill',
    () =>
      withLab(async (lab) => {
        const { r1, r2, client, wire } = await twoRouters(lab);
        const auth = hmac({ time_window: 300 });
        const of = (priority: number): VrouterTable =>
          V2.router(VRID, [1], { priority, preemption: true, iftype: 'ether', ...auth });
        const trap = path.join(lab.folder, 'rvrrpd-plugin-trap');
        writeAuthPlugin(trap, { onLoad: throwsWhen(springFile(lab)) });
        const other = V2.router(9, [9], { auth_type: 'trap', auth_secret: 'x', iftype: 'ether' });
        const options = { tables: '[plugins]\n"./rvrrpd-plugin-trap" = "*"\n' };
        const master = Rvrrpd.start(lab, r1, [of(200)]);
        await wire.soleMaster(VRID, V2.r1);
        let backup = Rvrrpd.start(lab, r2, [of(100), other], options);
        await backup.ready(30_000);
        await eventually('some of its packets', 20_000, () => recording(wire, VRID, V2.r1).length >= 6);
        await master.stop(); // says good-bye: the Backup takes over
        await wire.soleMaster(VRID, V2.r2);
        const frames = recording(wire, VRID, V2.r1);
        const injector = await Injector.start(client, 'lan');
        let replayed = (await refused(backup))['auth-replayed'] ?? 0;
        const accepted = await received(backup);
        /** Replays everything: all is refused, and the router stays Master. */
        const replay = async (counted: boolean): Promise<void> => {
          const begin = Date.now();
          await injector.send(...frames);
          replayed = (counted ? replayed : 0) + frames.length;
          await eventually('all of them to be refused', 20_000, async () => {
            return ((await refused(backup))['auth-replayed'] ?? 0) === replayed;
          });
          expect(await received(backup)).toBe(counted ? accepted : 0);
          await sleep(INTERVAL);
          const adverts = wire.adverts(VRID, begin).filter(({ source }) => source === V2.r2);
          expect(adverts.every(({ priority }) => priority === 100)).toBe(true);
        };
        await replay(true);
        expect(verdict(await backup.reload())).toMatch(/^reloaded: 2 Master$/);
        await replay(true);
        writeFileSync(springFile(lab), '');
        await backup.running.waitForOutput(/replaced: 2 Master/, 30_000);
        await replay(true);
        // With its authentication switched off meanwhile, and on again.
        writeConfiguration(lab, r2, [other], options);
        expect(verdict(await backup.reload())).toMatch(/^reloaded: /);
        writeConfiguration(lab, r2, [of(100), other], options);
        expect(verdict(await backup.reload())).toMatch(/^reloaded: /);
        await eventually('its counters to begin anew', 20_000, async () => (await received(backup)) === 0);
        await replay(false);
        for (const how of ['stop', 'kill'] as const) {
          await backup[how]();
          backup = Rvrrpd.start(lab, r2, [of(100), other], options);
          await backup.ready(30_000);
          await replay(false);
          await wire.soleMaster(VRID, V2.r2);
        }
        // Who is genuine is heard: the other router comes back.
        Rvrrpd.start(lab, r1, [of(200)]);
        await wire.soleMaster(VRID, V2.r1);
      }),
    150_000,
  );

  it.concurrent(
    'reloads, another version of the plugin each time: no transition, nothing rejected',
    () =>
      withLab(async (lab: Lab) => {
        const { r1, r2, wire } = await twoRouters(lab);
        const of = (priority: number): VrouterTable =>
          V3.router(VRID, [1], { priority, preemption: true, iftype: 'ether', ...hmac() });
        const configure = (version: string): string =>
          writeConfiguration(lab, r1, [of(200)], { tables: installVersion(lab, version) });
        const master = Rvrrpd.startWith(r1, configure('1.0.1'));
        await wire.soleMaster(VRID, V3.r1);
        const backup = Rvrrpd.start(lab, r2, [of(100)]);
        await backup.ready(30_000);
        await sleep(INTERVAL);
        const since = Date.now();
        for (let reload = 0; reload < 8; reload++) {
          configure(`1.1.${reload}`);
          expect(verdict(await master.reload())).toBe('reloaded: 1 Master');
        }
        await sleep(INTERVAL);
        const adverts = wire.adverts(VRID, since);
        expect(adverts.filter(({ source, priority }) => source !== V3.r1 || priority === 0)).toEqual([]);
        expect(cadence(adverts, (source) => source === V3.r1).greatest).toBeLessThan(GAP * INTERVAL);
        expect(await refused(backup)).toEqual({});
        // What the trailers say goes up all the time.
        const numbers = recording(wire, VRID, V3.r1, since).map((frame) =>
          frame.readBigUInt64BE(14 + frame.readUInt16BE(16) - 24),
        );
        expect([...numbers].sort((a, b) => (a < b ? -1 : 1))).toEqual(numbers);
        expect(new Set(numbers).size).toBe(numbers.length);
      }),
    90_000,
  );

  it.concurrent('what is wrong with a key is told with its line, and nothing starts', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab);
      const key = path.join(lab.folder, 'key');
      writeFileSync(key, 'too short', { mode: 0o644 });
      const file = writeConfiguration(lab, r1, [V2.router(VRID, [1], hmac({ keys: { 3: `file:${key}` } }))]);
      const daemon = Rvrrpd.startWith(r1, file);
      expect(await daemon.running.exited).toMatchObject({ code: 1 });
      expect(daemon.running.output).toMatch(
        new RegExp(`${file}:\\d+: vrouter\\.auth\\.keys\\.3: ${key} must have 32 to 64 octets, and has 9`),
      );
      expect(daemon.running.output).toContain(`${key} can be read by everybody on this machine`);
      expect(daemon.running.output).not.toContain('too short');
    }));
});

/** A frame around a VRRP message, from this source. */
function frameOf(source: string, message: string): Buffer {
  const payload = Buffer.from(message, 'hex');
  const from = Buffer.from(source, 'hex');
  if (from.length === 16) {
    const header = Buffer.from('6c000000000070ff', 'hex');
    header.writeUInt16BE(payload.length, 4);
    const to = Buffer.from('ff020000000000000000000000000012', 'hex');
    return Buffer.concat([
      Buffer.from('333300000012020000000063 86dd'.replace(' ', ''), 'hex'),
      header,
      from,
      to,
      payload,
    ]);
  }
  const header = Buffer.from('45c0000000000000ff700000', 'hex');
  header.writeUInt16BE(20 + payload.length, 2);
  const packet = Buffer.concat([header, from, Buffer.from('e0000012', 'hex')]);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += packet.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  packet.writeUInt16BE(~sum & 0xffff, 10);
  return Buffer.concat([Buffer.from('01005e0000120200000000630800', 'hex'), packet, payload]);
}
