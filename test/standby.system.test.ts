import { expect, it } from 'vitest';
import type { StandbyOutcome } from '../core/supervisor/standby.ts';
import type { DaemonStatus, RouterReport } from '../core/supervisor/status.ts';
import type { Host } from './lab/host.ts';
import { invoke } from './lab/invocation.ts';
import { withLab } from './lab/lab.ts';
import { Ping } from './lab/ping.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterTable, writeConfiguration } from './lab/rvrrpd.ts';
import { ALL_FAMILIES, allSortsMaster, oneOfEachSort, SORTS } from './lab/sorts.ts';
import { R1, R2, R2_TTL, routerForEach, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

/** The usual virtual router. */
const LAN7: VrouterTable = { group: 7, interface: 'lan', vip: VIP, preemption: true };

/** A client may be without an answer for so long while the role moves: what a busy machine takes, not a down interval. */
const SHORT_GAP = 3000;

async function routersOf(host: Host, file: string): Promise<readonly RouterReport[]> {
  const { code, stdout, stderr } = await invoke(host, ['status', '-c', file, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return (JSON.parse(stdout) as DaemonStatus).routers;
}

async function routerOf(host: Host, file: string): Promise<RouterReport> {
  return (await routersOf(host, file))[0]!;
}

describeSystem('stand-by', () => {
  it.concurrent('of a Master with a Backup: over reload, SIGKILL and restart, until it is resumed', () =>
    withLab(async (lab) => {
      const { r1, r2, client, wire } = await twoRouters(lab);
      const first = writeConfiguration(lab, r1, [{ ...LAN7, priority: 200 }]);
      const second = writeConfiguration(lab, r2, [{ ...LAN7, priority: 100 }]);
      let daemon = Rvrrpd.startWith(r1, first);
      await wire.soleMaster(7, R1);
      // A Backup that has never advertised: it is known by what it reports to the network.
      const other = Rvrrpd.startWith(r2, second);
      await other.ready();
      const ping = Ping.start(client, VIP);
      await eventually('an answer', 10_000, () => ping.replies().length > 0);

      const asked = Date.now();
      const done = await invoke(r1, ['standby', '--for', '2h', '-c', first, 'lan/7']);
      expect(done).toEqual({
        ...{ code: 0, stderr: '' },
        stdout: '1 virtual router in stand-by, 1 of them Master until now\n',
      });
      await wire.soleMaster(7, R2);
      await eventually('answers of r2', 5000, () => ping.replies(asked).some(({ ttl }) => ttl === R2_TTL));
      expect(ping.longestGap(asked).lengthMs).toBeLessThan(SHORT_GAP);
      await ping.stop();

      const expectStandby = async (): Promise<void> => {
        const { state, standby } = await routerOf(r1, first);
        expect([state, standby?.nobodyIsMaster]).toEqual(['Backup', false]);
        expect(standby!.left).toBeGreaterThan(7000);
        expect(standby!.left).toBeLessThanOrEqual(7200);
      };
      await expectStandby();
      expect((await invoke(r1, ['status', '-c', first])).stdout).toMatch(
        / Backup .* 1 h 59 min left +10\.0\.0\.1$/m,
      );
      await daemon.reload();
      await expectStandby();
      await daemon.kill();
      daemon = Rvrrpd.startWith(r1, first);
      await daemon.ready();
      await expectStandby();
      await daemon.stop();
      daemon = Rvrrpd.startWith(r1, first);
      await daemon.ready();
      await expectStandby();

      // The Master leaves: nobody is Master, and the log says so; this router was told to stand by.
      await other.stop();
      await eventually('the word that nobody is Master', 20_000, async () => {
        const { state, standby } = await routerOf(r1, first);
        return state === 'Backup' && standby?.nobodyIsMaster;
      });
      expect(daemon.log().map(({ msg }) => msg)).toContain(
        'lan group 7: nobody is Master, and this router stands by: rvrrpd resume lets it take over',
      );
      expect(await invoke(r1, ['resume', '-c', first])).toMatchObject({
        code: 0,
        stdout: '1 virtual router resumed\n',
      });
      await wire.soleMaster(7, R1);
      expect((await routerOf(r1, first)).standby).toBeUndefined();
      await daemon.stop();
    }));

  it.concurrent('is refused where nobody has been heard of; with --force it goes, and ends by itself', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab);
      const file = writeConfiguration(lab, r1, [LAN7]);
      const daemon = Rvrrpd.startWith(r1, file);
      await wire.soleMaster(7, R1);
      const refused = await invoke(r1, ['standby', '-c', file]);
      expect(refused).toEqual({
        ...{ code: 1, stdout: '' },
        stderr:
          'rvrrpd: no other router of lan/7 has been heard of: nobody may be there to take over; with force (--force) ' +
          'it is done all the same\n',
      });
      const json = await invoke(r1, ['standby', '-c', file, '--json']);
      expect([json.code, JSON.parse(json.stdout)]).toMatchObject([1, { ok: false, code: 'no-backup' }]);
      expect(wire.adverts(7).every(({ priority }) => priority === 100)).toBe(true);
      expect(await invoke(r1, ['standby', 'lan/8', '-c', file])).toMatchObject({ code: 1 });
      expect(await invoke(r1, ['resume', '-c', file])).toMatchObject({
        ...{ code: 0, stderr: 'rvrrpd: warning: none of them stood by\n' },
      });

      const forced = await invoke(r1, ['standby', '--force', '--for', '8s', '-c', file, '--json']);
      const { ok, routers, stuck } = JSON.parse(forced.stdout) as StandbyOutcome;
      expect([forced.code, ok, routers, stuck]).toEqual([0, true, ['lan/7'], ['lan/7']]);
      expect(wire.adverts(7).at(-1)!.priority).toBe(0);
      const left = Date.now();
      expect((await routerOf(r1, file)).standby).toBeDefined();
      await eventually('it to be Master again', 20_000, async () => {
        const { state, standby } = await routerOf(r1, file);
        return state === 'Master' && standby === undefined;
      });
      expect(wire.adverts(7, left)[0]!.priority).toBe(100);
      await daemon.stop();
    }));

  it.concurrent('evacuates forty routers at a rate, and stops where nobody takes over', () =>
    withLab(async (lab) => {
      const { r1, r2, client, wire } = await twoRouters(lab);
      const vips = Array.from({ length: 40 }, (_, index) => `10.0.0.${150 + index}`);
      const first = writeConfiguration(lab, r1, routerForEach(vips, 200));
      const second = writeConfiguration(lab, r2, routerForEach(vips, 100));
      const other = Rvrrpd.startWith(r2, second);
      await other.ready();
      const daemon = Rvrrpd.startWith(r1, first);
      await Promise.all(vips.map((_, index) => wire.soleMaster(index + 1, R1, 30_000)));

      const pings = [0, 20].map((index) => Ping.start(client, vips[index]!));
      await eventually('answers', 10_000, () => pings.every((ping) => ping.replies().length > 0));
      const asked = Date.now();
      const done = await invoke(r1, ['standby', '--rate', '20', '-c', first, '--json'], {}, 30_000);
      const outcome = JSON.parse(done.stdout) as StandbyOutcome;
      expect([done.code, outcome.moved.length, outcome.stuck, outcome.left]).toEqual([0, 40, [], []]);
      const byes = wire
        .adverts(undefined, asked)
        .filter(({ source, priority }) => source === R1 && priority === 0);
      expect(byes).toHaveLength(40);
      expect(byes.at(-1)!.time - byes[0]!.time).toBeGreaterThan(1800);
      await Promise.all(vips.map((_, index) => wire.soleMaster(index + 1, R2, 15_000)));
      for (const ping of pings) {
        expect(ping.longestGap(asked).lengthMs).toBeLessThan(SHORT_GAP);
        await ping.stop();
      }

      // And back: all of r1 preempts. Then one of them has nobody to take over.
      expect((await invoke(r1, ['resume', '-c', first])).stdout).toBe('40 virtual routers resumed\n');
      await Promise.all(vips.map((_, index) => wire.soleMaster(index + 1, R1, 30_000)));
      writeConfiguration(
        lab,
        r2,
        routerForEach(vips, 100).filter(({ group }) => group !== 10),
      );
      await other.reload();
      const again = Date.now();
      const stopped = await invoke(r1, ['standby', '--rate', '5', '-c', first, '--json'], {}, 30_000);
      const { ok, moved, stuck, left, error } = JSON.parse(stopped.stdout) as StandbyOutcome;
      expect([stopped.code, ok, stuck]).toEqual([1, false, ['lan/10']]);
      expect(error).toMatch(/^nobody took over lan\/10: Master again; lan\/\d+, .* left as before$/);
      expect(moved).toEqual(expect.arrayContaining(['lan/1', 'lan/9']));
      expect(left).toContain('lan/40');
      await wire.soleMaster(10, R1);
      const routers = await routersOf(r1, first);
      expect(routers.filter(({ standby }) => standby).map(({ group }) => `lan/${group}`)).toEqual(moved);
      expect(wire.adverts(40, again).every(({ priority }) => priority === 200)).toBe(true);
      await daemon.stop();
      await other.stop();
    }));

  it.concurrent('of a group: all of it moves, with one of its routers too, and is one again when it is resumed', () =>
    withLab(async (lab) => {
      const { r1, r2, wire } = await twoRouters(lab);
      const tables = '[[sync]]\nname = "gw"\nrouters = [ "lan/7", "lan/8" ]\n';
      const vrouters = (priority: number): VrouterTable[] =>
        [7, 8].map((group) => ({ ...LAN7, group, vip: `10.0.0.${group + 3}`, priority }));
      const first = writeConfiguration(lab, r1, vrouters(200), { tables });
      const second = writeConfiguration(lab, r2, vrouters(100), { tables });
      const daemon = Rvrrpd.startWith(r1, first);
      const both = (source: string): Promise<unknown> =>
        Promise.all([wire.soleMaster(7, source, 20_000), wire.soleMaster(8, source, 20_000)]);
      await both(R1);
      const other = Rvrrpd.startWith(r2, second);
      await other.ready();
      expect((await invoke(r1, ['standby', 'gw', '-c', first])).code).toBe(0);
      await both(R2);
      expect((await invoke(r1, ['resume', 'sync:gw', '-c', first])).stdout).toBe(
        '2 virtual routers resumed\n',
      );
      await both(R1);
      // One that does not claim the role keeps the others from it.
      expect((await invoke(r1, ['standby', 'lan/7', '-c', first])).code).toBe(0);
      await both(R2);
      await other.stop();
      await eventually('the word that nobody is Master', 20_000, async () => {
        const [seven, eight] = await routersOf(r1, first);
        return seven!.standby?.nobodyIsMaster && eight!.state === 'Backup';
      });
      await invoke(r1, ['resume', '-c', first]);
      await both(R1);
      await daemon.stop();
    }));

  it.concurrent('of each version and family; a fail-over on the command line', () =>
    withLab(async (lab) => {
      const { r1, r2, wire } = await twoRouters(lab, ALL_FAMILIES);
      const first = writeConfiguration(lab, r1, oneOfEachSort({ priority: 200, preemption: true }));
      const second = writeConfiguration(lab, r2, oneOfEachSort({ priority: 100, preemption: true }));
      const daemon = Rvrrpd.startWith(r1, first);
      await allSortsMaster(wire);
      const other = Rvrrpd.startWith(r2, second);
      await other.ready();
      const moved = async (side: 'r1' | 'r2'): Promise<void> => {
        for (const { vrid, flavour } of SORTS) await wire.soleMaster(vrid, flavour[side]);
      };
      expect(await invoke(r1, ['standby', 'all', '-c', first])).toEqual({
        ...{ code: 0, stderr: '' },
        stdout: '3 virtual routers in stand-by, 3 of them Master until now\n',
      });
      await moved('r2');
      expect((await invoke(r1, ['resume', 'lan', '-c', first])).stdout).toBe('3 virtual routers resumed\n');
      await moved('r1');
      expect(await invoke(r1, ['failover', 'lan', '-c', first])).toEqual({
        ...{ code: 0, stdout: '3 virtual routers failed over\n', stderr: '' },
      });
      await moved('r2');
      expect(await invoke(r1, ['failover', 'lan/1', '-c', first])).toEqual({
        ...{ code: 1, stdout: '', stderr: 'rvrrpd: lan/1: not Master\n' },
      });
      // It is Master again once nobody else is: the next fail-over finds nobody, and is taken back.
      await other.stop();
      await moved('r1');
      const alone = await invoke(r1, ['failover', 'all', '-c', first]);
      expect(alone).toMatchObject({ code: 1, stdout: '0 virtual routers failed over\n' });
      expect(alone.stderr).toMatch(/^rvrrpd: nobody took over lan\/1, lan\/2, lan\/3: Master again\n$/);
      await moved('r1');
      await daemon.stop();
    }));
});
