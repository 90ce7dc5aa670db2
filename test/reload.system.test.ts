import { expect, it } from 'vitest';
import { cadence } from './lab/cadence.ts';
import { FLAVOURS, V3_IPV6, virtualLinkLocal } from './lab/flavour.ts';
import { Keepalived } from './lab/keepalived.ts';
import {
  allMaster,
  backups,
  descriptors,
  descriptorsAtMost,
  expectUndisturbed,
  GAP,
  INTERVAL,
  instance,
  MASTER_DOWN_INTERVAL,
  play,
  router,
  SECRET,
  TOLERANCE,
  verdict,
  vip,
} from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterTable, writeConfiguration } from './lab/rvrrpd.ts';
import { settledSnapshot, snapshot } from './lab/snapshot.ts';
import { ofEachSort } from './lab/sorts.ts';
import { sleep } from './lab/wait.ts';

// A Master stays Master and keeps its cadence, whatever is reloaded.

describeSystem('reload', () => {
  it.concurrent(
    'ten times: nobody changes state, every advertisement is on time',
    play(async ({ lab, r1, r2, wire }) => {
      const sorted = ofEachSort(20);
      const vrids = sorted.map(({ vrid }) => vrid);
      const daemon = Rvrrpd.start(
        lab,
        r1,
        sorted.map(({ vrid, flavour }) => router(vrid, {}, flavour)),
      );
      await allMaster(wire, vrids);
      const peer = backups(lab, r2, sorted);
      await peer.running.waitForOutput(/Entering BACKUP STATE/);
      const before = await settledSnapshot(r1);
      await daemon.reload();
      const open = await descriptors(daemon);
      const begin = Date.now();
      for (let round = 0; round < 10; round++) {
        expect(verdict(await daemon.reload())).toBe(`reloaded: ${vrids.length} Master`);
        await sleep(330);
      }
      await sleep(INTERVAL);
      expectUndisturbed(wire, begin - 1500, vrids);
      expect(peer.running.output).not.toMatch(/Entering MASTER STATE/);
      expect(await snapshot(r1)).toEqual(before);
      await descriptorsAtMost(daemon, open);
      const complaints = daemon.log().filter(({ level }) => level === 'error' || level === 'warn');
      // Advice about the configuration, at the start and at each reload.
      expect(complaints.filter(({ msg }) => !msg?.includes('use the interface lan itself'))).toEqual([]);
    }, V3_IPV6),
  );

  for (const flavour of FLAVOURS) {
    it.concurrent(
      `${flavour.name}: changes apply in place, and routers without one see nothing of it`,
      play(async ({ lab, r1, r2, wire }) => {
        const { version, family } = flavour;
        const address = (number: number) => vip(number, flavour);
        const on = (group: number, more: Partial<VrouterTable> = {}) => router(group, more, flavour);
        const plain = version === 2 ? { auth_type: 'rfc2338-simple', auth_secret: SECRET } : {};
        const another = version === 2 ? { ...plain, auth_secret: 'another' } : { preemption: false };
        const sha256 = version === 2 ? { ...plain, auth_type: 'p0-t8-sha256' } : { rfc3768: false };
        const before = [
          on(1),
          on(2),
          on(3),
          on(4, plain),
          on(5, plain),
          on(6, { vip: [address(61)] }),
          on(7, { vip: [address(71), address(72)] }),
          on(8, { vip: address(81) }),
          on(9, { preemption: false }),
          on(10),
        ];
        const after = [
          on(1),
          on(2, { priority: 150 }),
          on(3, { timers: { advert: 2 } }),
          on(4, another),
          on(5, sha256),
          on(6, { vip: [address(61), address(62)] }),
          on(7, { vip: [address(71)] }),
          on(8, { vip: address(82) }),
          on(9, { preemption: true }),
          on(11),
        ];
        const lower = (routers: readonly VrouterTable[]): VrouterTable[] =>
          routers.map((each) => ({ ...each, priority: 100, ...(each.group === 9 && { priority: 250 }) }));
        const route = (nh: string) =>
          `[[protocols.static]]\nroute = "192.0.2.0"\nmask = "255.255.255.0"\nnh = "${nh}"\n`;
        const one = Rvrrpd.start(lab, r1, before, { tables: route('10.0.0.100') });
        await allMaster(wire, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        const two = Rvrrpd.start(lab, r2, lower(before));
        await two.ready();
        await sleep(1500);
        const monitor = r1.start('ip', ['monitor', 'address', 'link']);
        await sleep(200);

        const begin = Date.now();
        writeConfiguration(lab, r1, after, { tables: route('10.0.0.3'), debug: 5 });
        writeConfiguration(lab, r2, lower(after), { debug: 5 });
        const [here, there] = await Promise.all([one.reload(), two.reload()]);
        const done = Date.now();
        expect(verdict(here)).toBe('reloaded: 9 Master, 1 Backup');
        expect(verdict(there)).toBe('reloaded: 10 Backup');
        await wire.soleMaster(11, flavour.r1);
        await sleep(MASTER_DOWN_INTERVAL + TOLERANCE); // whoever was no longer understood would have been replaced

        const adverts = (vrid: number) => wire.adverts(vrid, done);
        /** Whether the kernel has said a word of an address. */
        const told = (which: string) => monitor.stdout.includes(` ${which}/`);
        const linkLocals = (...vrids: number[]) => (family === 4 ? [] : vrids.map(virtualLinkLocal));
        // Not touched: not a single different octet, and no word of it from the kernel.
        expectUndisturbed(wire, begin - 1500, [1]);
        const [protocolAt, vridAt] = family === 4 ? [9, 21] : [6, 41];
        const frames = wire
          .frames()
          .filter(({ payload }) => payload[protocolAt] === 112 && payload[vridAt] === 1);
        expect(frames.length).toBeGreaterThan(3);
        expect(new Set(frames.map(({ payload }) => payload.toString('hex'))).size).toBe(1);
        const untouched = [...[1, 2, 3, 4, 5].map(address), ...linkLocals(1, 2, 3, 4, 5, 6, 7, 8)];
        expect(untouched.filter(told)).toEqual([]);
        // In place: Master all the time, and understood by the other side.
        for (const vrid of [2, 4, 5, 6, 7, 8]) expectUndisturbed(wire, begin - 1500, [vrid]);
        expect(adverts(2).every(({ priority }) => priority === 150)).toBe(true);
        expect(adverts(5).every(({ authType }) => authType === (version === 2 ? 250 : 0))).toBe(true);
        expect(adverts(3).every(({ source, interval }) => source === flavour.r1 && interval === 2)).toBe(
          true,
        );
        expect(cadence(adverts(3), () => true).smallest).toBeGreaterThan(1.9 * INTERVAL);
        expect(cadence(adverts(3), () => true).greatest).toBeLessThan(2 * GAP * INTERVAL);
        expect(adverts(6)[0]?.addresses).toEqual([...linkLocals(6), address(61), address(62)]);
        const held = await r1.ip('-o addr show dev lan');
        const there11 = [...[1, 2, 3, 4, 5, 61, 62, 71, 82, 11].map(address), ...linkLocals(1, 8, 11)];
        for (const each of there11) expect(held).toContain(` ${each}/`);
        for (const each of [...[72, 81, 10].map(address), ...linkLocals(10)])
          expect(held).not.toContain(` ${each}/`);
        expect([61, 71].map(address).filter(told)).toEqual([]); // those that stay were not put up anew
        expect(wire.announcements(address(62), begin).length).toBeGreaterThan(0);
        expect(wire.announcements(address(82), begin).length).toBeGreaterThan(0);
        // Its series of five announcements goes on where it was, it does not begin anew.
        expect(wire.announcements(address(1)).length).toBeLessThanOrEqual(5);
        // The removed one says good-bye, the new one begins as Backup.
        const last = wire.adverts(10, begin).findLast(({ source }) => source === flavour.r1);
        expect(last?.priority).toBe(0);
        const first = wire.adverts(11)[0]!;
        expect(first.time - begin).toBeGreaterThan(3000);
        // With preemption the higher priority on r2 takes over.
        const [latest] = wire.adverts(9, begin + 2 * INTERVAL).slice(-1);
        expect(latest).toMatchObject({ source: flavour.r2, priority: 250 });
        expect((await r1.ip('route show 192.0.2.0/24')).trim()).toMatch(/^192\.0\.2\.0\/24 via 10\.0\.0\.3 /);
        expect(two.log().some(({ msg }) => msg?.match(/group 1\b.*: advertisement from/))).toBe(true);
      }, flavour),
      240_000,
    );
  }

  it.concurrent(
    'a Backup, over and over: it stays Backup, and still takes over in time',
    play(async ({ lab, r1, r2, wire }) => {
      const sorted = ofEachSort(3);
      const own = new Set(FLAVOURS.map((flavour) => flavour.r2));
      const master = Keepalived.start(
        lab,
        r1,
        sorted.map(({ vrid, flavour }) => instance(vrid, flavour, { priority: 200 })),
      );
      await allMaster(
        wire,
        sorted.map(({ vrid }) => vrid),
      );
      const daemon = Rvrrpd.start(
        lab,
        r2,
        sorted.map(({ vrid, flavour }) => router(vrid, { priority: 100 }, flavour)),
      );
      await daemon.ready();
      for (let round = 0; round < 40; round++) {
        expect(verdict(await daemon.reload())).toBe(`reloaded: ${sorted.length} Backup`);
      }
      expect(wire.adverts().filter(({ source }) => own.has(source))).toEqual([]);

      // It dies while the next engine is being prepared, or takes over: each time is another moment.
      const reload = daemon.reload();
      await sleep(30 + Math.random() * 100);
      const killed = await master.kill();
      await reload;
      for (let round = 0; round < 5; round++) await daemon.reload(); // nor does reloading put it off
      for (const { vrid, flavour } of sorted) {
        await wire.soleMaster(vrid, flavour.r2);
        const adverts = wire.adverts(vrid);
        const last = adverts.filter(({ source }) => source === flavour.r1).at(-1)!;
        const first = adverts.find(({ source, time }) => source === flavour.r2 && time > killed)!;
        expect(first.time - last.time).toBeGreaterThan(MASTER_DOWN_INTERVAL - 1);
        expect(first.time - last.time).toBeLessThan(MASTER_DOWN_INTERVAL + TOLERANCE);
      }
    }, V3_IPV6),
    240_000,
  );
});
