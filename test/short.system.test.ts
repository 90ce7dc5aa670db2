import { expect, it } from 'vitest';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { snapshot } from './lab/snapshot.ts';
import { ALL_FAMILIES, allSortsMaster, oneOfEachSort, SORTS } from './lab/sorts.ts';
import { twoRouters } from './lab/two-routers.ts';

// A whole life in a few seconds, for every Node.js that rvrrpd is to run on (scripts/test-node.sh).

describeSystem('a short life', () => {
  for (const netdrv of ['libnl', 'ioctl'] as const) {
    it.concurrent(`with ${netdrv}: start, reload, crash, take-over, return, end`, () =>
      withLab(async (lab) => {
        const { r1, r2, wire } = await twoRouters(lab, ALL_FAMILIES);
        const before = [await snapshot(r1), await snapshot(r2)];
        const sorts = SORTS.filter(({ flavour }) => netdrv === 'libnl' || flavour.family === 4);
        const iftype = netdrv === 'libnl' ? { iftype: 'macvlan' } : {};
        const routers = (priority: number) =>
          oneOfEachSort({ priority, netdrv, preemption: true, ...iftype }).slice(0, sorts.length);
        const first = Rvrrpd.start(lab, r1, routers(200));
        if (sorts.length === SORTS.length) await allSortsMaster(wire);
        else for (const { vrid, flavour } of sorts) await wire.soleMaster(vrid, flavour.r1);
        const backup = Rvrrpd.start(lab, r2, routers(100));
        await backup.ready();
        expect((await first.reload()).at(-1)?.msg).toMatch(/^reloaded: /);
        await first.kill();
        for (const { vrid, flavour } of sorts) await wire.soleMaster(vrid, flavour.r2, 20_000);
        const second = Rvrrpd.start(lab, r1, routers(200));
        for (const { vrid, flavour } of sorts) await wire.soleMaster(vrid, flavour.r1, 20_000);
        for (const daemon of [second, backup]) {
          expect(await daemon.stop('SIGTERM', 10_000)).toEqual({ code: 0, signal: null });
        }
        expect([await snapshot(r1), await snapshot(r2)]).toEqual(before);
      }));
  }
});
