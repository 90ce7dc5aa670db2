import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Host } from './lab/host.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { holder, macOf, snapshot } from './lab/snapshot.ts';
import { R1, R1_MAC, R2, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// What a Master put into the kernel is never taken for the interface's own, whatever becomes of names and journals.

const VIRTUAL_MAC = '00:00:5e:00:01:07';
const VRID = 7;
const KINDS = [
  { iftype: 'ether', netdrv: 'ioctl' },
  { iftype: 'ether', netdrv: 'libnl' },
  { iftype: 'macvlan', netdrv: 'libnl' },
] as const;

const router = (kind: (typeof KINDS)[number], priority: number) =>
  ({ ...kind, group: VRID, interface: 'lan', vip: VIP, priority, preemption: true }) as const;

const rename = async (host: Host, from: string, to: string): Promise<void> => {
  await host.ip(`link set ${from} down`);
  await host.ip(`link set ${from} name ${to}`);
  await host.ip(`link set ${to} up`);
};

const inPlace = (host: Host): Promise<unknown> =>
  eventually('the VIP', 10_000, async () => (await holder(host, VIP)) !== undefined);

describeSystem('ownership', () => {
  for (const kind of KINDS) {
    const name = `${kind.iftype} with ${kind.netdrv}`;

    it.concurrent(`${name}: an interface renamed while Master, and back, owns nothing`, () =>
      withLab(async (lab) => {
        const { r1, r2, wire } = await twoRouters(lab);
        const before = await snapshot(r1);
        const daemon = Rvrrpd.start(lab, r1, [router(kind, 200)]);
        Rvrrpd.start(lab, r2, [router(kind, 100)]);
        await wire.soleMaster(VRID, R1);
        await inPlace(r1);
        await rename(r1, 'lan', 'other');
        await wire.soleMaster(VRID, R2);
        await eventually('the VIP gone', 10_000, async () => (await holder(r1, VIP)) === undefined);
        expect(await macOf(r1, 'other')).toBe(R1_MAC);
        const back = Date.now();
        await rename(r1, 'other', 'lan');
        await wire.soleMaster(VRID, R1);
        const priorities = wire.adverts(VRID, back).filter(({ source }) => source === R1);
        expect(new Set(priorities.map(({ priority }) => priority))).toEqual(new Set([200]));
        await daemon.stop();
        expect(await snapshot(r1)).toEqual(before);
      }));

    it.concurrent(`${name}: a killed Master's successor without its journal owns nothing`, () =>
      withLab(async (lab) => {
        const { r1, r2, wire } = await twoRouters(lab);
        const before = await snapshot(r1);
        const daemon = Rvrrpd.start(lab, r1, [router(kind, 200)]);
        await wire.soleMaster(VRID, R1);
        await inPlace(r1);
        await daemon.kill();
        Rvrrpd.start(lab, r2, [router(kind, 150)]);
        await wire.soleMaster(VRID, R2);
        // The same file under another name: another instance, whose journal is another one.
        const file = writeConfiguration(lab, r1, [router(kind, 100)]);
        const renamed = path.join(lab.folder, 'renamed.toml');
        await r1.run('mv', file, renamed);
        const start = Date.now();
        const next = Rvrrpd.startWith(r1, renamed);
        await next.ready();
        await eventually('the VIP gone', 10_000, async () => (await holder(r1, VIP)) === undefined);
        await wire.soleMaster(VRID, R2);
        expect(wire.adverts(VRID, start).filter(({ source }) => source === R1)).toEqual([]);
        const mac = await macOf(r1, 'lan');
        if (mac === VIRTUAL_MAC) {
          const log = next.log().map(({ msg }) => msg);
          expect(log.join('\n')).toMatch(/lan has the MAC address .* give it back by hand/);
          await r1.ip(`link set lan address ${R1_MAC}`);
        }
        await next.stop();
        const after = await snapshot(r1);
        if (kind.iftype === 'ether') expect(after).toEqual(before);
        rmSync(renamed);
      }));
  }
});
