import { expect, it } from 'vitest';
import type { Host } from './lab/host.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterTable } from './lab/rvrrpd.ts';
import { R1, R2, type TwoRouters, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// A Master whose addresses the kernel does not take keeps its Backup from taking over: it has to give up.

const VRID = 7;
const NOT_IN_PLACE = 'its addresses could not be put in place';

interface Stage extends TwoRouters {
  readonly lab: Lab;
}

function play(scenario: (stage: Stage) => Promise<void>): Promise<void> {
  return withLab(async (lab) => scenario({ ...(await twoRouters(lab)), lab }));
}

function macvlan(priority: number): VrouterTable {
  return { group: VRID, interface: 'lan', vip: VIP, priority, iftype: 'macvlan', netdrv: 'libnl' };
}

function gaveUp(daemon: Rvrrpd): number {
  return daemon.log().filter(({ to, cause }) => to === 'Down' && cause === NOT_IN_PLACE).length;
}

/** Somebody takes the name of the virtual interface. */
function takeName(host: Host): Promise<void> {
  return host.ipBatch(['link add standby7 type dummy']);
}

async function holds(host: Host): Promise<boolean> {
  return (await host.ip('-o addr show')).includes(` ${VIP}/`);
}

describeSystem('a Master without its addresses', () => {
  it('lets a Backup take over if they are lost and cannot be put back, and does not preempt it', () =>
    play(async ({ lab, wire, r1, r2 }) => {
      const first = Rvrrpd.start(lab, r1, [macvlan(200)]);
      const second = Rvrrpd.start(lab, r2, [macvlan(100)]);
      await wire.soleMaster(VRID, R1);
      await second.ready();
      const lost = Date.now();
      await r1.ipBatch(['link del standby7', 'link add standby7 type dummy']);
      await wire.soleMaster(VRID, R2);
      const goodbye = await wire.nextAdvert('priority 0', lost, (a) => a.source === R1 && a.priority === 0);
      expect(goodbye.time - lost).toBeGreaterThan(900);
      expect(await holds(r2)).toBe(true);
      expect(gaveUp(first)).toBe(1);
      // It has started again by then, as a Backup that leaves a working Master alone.
      await eventually('another attempt', 15_000, () =>
        first.log().some(({ from, to }) => from === 'Down' && to === 'Backup'),
      );
      await sleep(5000);
      expect(wire.masters(VRID, 4000)).toEqual([R2]);
      // Nobody else is left, and the name is free again.
      await r1.ip('link del standby7');
      await second.stop();
      await wire.soleMaster(VRID, R1);
      expect(await holds(r1)).toBe(true);
    }));

  it('gives up after a take-over that the kernel refuses, again and again if there is nobody else', () =>
    play(async ({ lab, wire, r1, r2 }) => {
      const first = Rvrrpd.start(lab, r1, [macvlan(200)]);
      const second = Rvrrpd.start(lab, r2, [macvlan(100)]);
      await wire.soleMaster(VRID, R1);
      await second.ready();
      await takeName(r2);
      await first.kill();
      await eventually('giving up twice', 40_000, () => gaveUp(second) >= 2);
      expect(second.log().filter(({ to }) => to === 'Master').length).toBeGreaterThanOrEqual(2);
    }));

  it('stays Master while everything is in place, whatever is reloaded or crashes', () =>
    play(async ({ lab, wire, r1 }) => {
      const daemon = Rvrrpd.start(lab, r1, [macvlan(200)]);
      await wire.soleMaster(VRID, R1);
      await daemon.reload();
      await sleep(2500);
      await daemon.kill();
      const again = Rvrrpd.start(lab, r1, [macvlan(200)]);
      await wire.soleMaster(VRID, R1);
      await sleep(2500);
      expect(gaveUp(daemon) + gaveUp(again)).toBe(0);
    }));
});

describeSystem('the virtual interface of a Master', () => {
  for (const netdrv of ['libnl', 'ioctl']) {
    it(`gets its MAC address back (${netdrv})`, () =>
      play(async ({ lab, wire, r1 }) => {
        const daemon = Rvrrpd.start(lab, r1, [{ ...macvlan(200), netdrv }]);
        await wire.soleMaster(VRID, R1);
        const ours = () => r1.ip('-o link show standby7');
        await eventually('the virtual interface', 5000, async () =>
          (await ours()).includes('00:00:5e:00:01:07'),
        );
        await sleep(500);
        await r1.ip('link set standby7 address 02:00:00:00:00:99');
        await eventually('the MAC address', 10_000, async () => (await ours()).includes('00:00:5e:00:01:07'));
        await r1.ip(`addr del ${VIP}/32 dev standby7`);
        await eventually('the address', 10_000, () => holds(r1));
        await daemon.stop();
        expect(await r1.ip('-o link show')).not.toContain('standby7');
      }));
  }

  it('is known after a crash if the interface is itself a macvlan', () =>
    play(async ({ lab, r1 }) => {
      await r1.ipBatch([
        'link add link lan name inner address 02:00:00:00:00:77 type macvlan mode bridge',
        'link set inner up',
        'addr add 10.9.9.1/24 dev inner',
      ]);
      const table = [{ ...macvlan(200), interface: 'inner', vip: '10.9.9.100' }];
      const inPlace = async () => (await r1.ip('-o addr show standby7')).includes('10.9.9.100/');
      const daemon = Rvrrpd.start(lab, r1, table);
      await eventually('the address', 15_000, inPlace);
      await daemon.kill();
      const again = Rvrrpd.start(lab, r1, table);
      await again.ready();
      await eventually('a second Master', 15_000, () => again.log().some(({ to }) => to === 'Master'));
      await eventually('the address', 10_000, inPlace);
      await sleep(2000);
      expect(gaveUp(again)).toBe(0);
      await again.stop();
      expect(await r1.ip('-o link show')).not.toContain('standby7');
    }));
});
