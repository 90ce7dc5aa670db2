import { expect, it } from 'vitest';
import { V2, V3 } from './lab/flavour.ts';
import { withLab } from './lab/lab.ts';
import { GAP, INTERVAL, verdict } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterTable, writeConfiguration } from './lab/rvrrpd.ts';
import { settledSnapshot, snapshot } from './lab/snapshot.ts';
import { twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// A reload that changes nothing but the version of a router keeps it: a group is brought to VRRPv3 without a transition.

const VRID = 7;

describeSystem('a reload that changes the version', () => {
  for (const iftype of ['macvlan', 'ether']) {
    it.concurrent(`${iftype}: the Master stays, keeps its cadence, and says no good-bye`, () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab);
        const of = (flavour: typeof V2): VrouterTable =>
          flavour.router(VRID, [1], { priority: 200, iftype, netdrv: 'libnl' });
        const daemon = Rvrrpd.start(lab, r1, [of(V2)]);
        await wire.soleMaster(VRID, V2.r1);
        await sleep(INTERVAL);
        const [before, since] = [await settledSnapshot(r1), Date.now()];
        const versions = [V3, V2, V3];
        for (const flavour of versions) {
          writeConfiguration(lab, r1, [of(flavour)]);
          expect(verdict(await daemon.reload())).toBe('reloaded: 1 Master');
          await eventually(`advertisements of version ${flavour.version}`, 10_000, () => {
            const [last, one] = wire.adverts(VRID, since).reverse();
            return last?.version === flavour.version && one?.version === flavour.version;
          });
        }
        expect(await snapshot(r1)).toEqual(before);
        const adverts = wire.adverts(VRID, since);
        expect(adverts.filter(({ priority }) => priority !== 200)).toEqual([]);
        expect(new Set(adverts.map(({ version }) => version))).toEqual(new Set([2, 3]));
        const gaps = adverts.slice(1).map(({ time }, index) => time - adverts[index]!.time);
        expect(Math.max(...gaps)).toBeLessThan(GAP * INTERVAL);
        const transitions = daemon.log().filter(({ msg }) => / -> (Backup|Init|Down)/.test(msg ?? ''));
        expect(transitions.map(({ msg }) => msg)).toEqual([
          expect.stringMatching(/Init -> Backup/) as string,
        ]);
      }));
  }
});
