import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { type Flavour, OF_EACH_FAMILY } from './lab/flavour.ts';
import type { Host } from './lab/host.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterTable, writeConfiguration } from './lab/rvrrpd.ts';
import { holder, macOf, type Snapshot, snapshot } from './lab/snapshot.ts';
import { R1_MAC, type TwoRouters, twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';
import type { Wire } from './lab/wire.ts';

// What a Master put into the kernel is never taken for the interface's own, whatever becomes of names and journals.

const VRID = 7;
const NUMBER = 1;
const KINDS = [
  { iftype: 'ether', netdrv: 'ioctl' },
  { iftype: 'ether', netdrv: 'libnl' },
  { iftype: 'macvlan', netdrv: 'libnl' },
] as const;
type Kind = (typeof KINDS)[number];

const rename = async (host: Host, from: string, to: string): Promise<void> => {
  await host.ip(`link set ${from} down`);
  await host.ip(`link set ${from} name ${to}`);
  await host.ip(`link set ${to} up`);
};

/** Two routers whose own global addresses stay when an interface is down, as IPv4's do. */
async function networkOf(lab: Lab, flavour: Flavour): Promise<TwoRouters> {
  const network = await twoRouters(lab, flavour.network(VRID));
  if (flavour.family === 6) await network.r1.sysctl({ 'net.ipv6.conf.lan.keep_addr_on_down': 1 });
  return network;
}

const inPlace = (host: Host, vips: readonly string[]): Promise<unknown> =>
  eventually('the virtual addresses', 20_000, async () => (await held(host, vips)).length === vips.length);

const gone = (host: Host, vips: readonly string[]): Promise<unknown> =>
  eventually('the virtual addresses gone', 20_000, async () => (await held(host, vips)).length === 0);

async function held(host: Host, vips: readonly string[]): Promise<string[]> {
  const holders = await Promise.all(vips.map((vip) => holder(host, vip)));
  return vips.filter((_, index) => holders[index] !== undefined);
}

/** Without how interfaces make up link-local addresses: only a journal tells that this was not ours. */
const withoutModes = ({ link, sysctl, ...rest }: Snapshot) => ({
  ...rest,
  link: link.map(({ inet6_addr_gen_mode: _, ...facts }) => facts),
  sysctl: Object.entries(sysctl).filter(([path]) => !path.endsWith('/addr_gen_mode')),
});

function play(flavour: Flavour, kind: Kind): void {
  const { iftype } = kind;
  const name = `${flavour.name}, ${iftype} with ${kind.netdrv}`;
  const vips = flavour.vips(VRID, NUMBER);
  const router = (priority: number): VrouterTable =>
    flavour.router(VRID, [NUMBER], {
      ...kind,
      priority,
      preemption: true,
      timers: { advert: flavour.quick },
    });
  const sole = (wire: Wire, source: string): Promise<void> =>
    wire.soleMaster(VRID, source, 30_000, 2300 * flavour.quick);

  it.concurrent(`${name}: an interface renamed while Master, and back, owns nothing`, () =>
    withLab(async (lab) => {
      const { r1, r2, wire } = await networkOf(lab, flavour);
      const before = await snapshot(r1);
      const daemon = Rvrrpd.start(lab, r1, [router(200)]);
      Rvrrpd.start(lab, r2, [router(100)]);
      await sole(wire, flavour.r1);
      await inPlace(r1, vips);
      await rename(r1, 'lan', 'other');
      await sole(wire, flavour.r2);
      await gone(r1, vips);
      expect(await macOf(r1, 'other')).toBe(R1_MAC);
      const back = Date.now();
      await rename(r1, 'other', 'lan');
      await sole(wire, flavour.r1);
      const priorities = wire.adverts(VRID, back).filter(({ source }) => source === flavour.r1);
      expect(new Set(priorities.map(({ priority }) => priority))).toEqual(new Set([200]));
      await daemon.stop();
      expect(await snapshot(r1)).toEqual(before);
    }));

  it.concurrent(`${name}: a killed Master's successor without its journal owns nothing`, () =>
    withLab(async (lab) => {
      const { r1, r2, wire } = await networkOf(lab, flavour);
      const before = await snapshot(r1);
      const daemon = Rvrrpd.start(lab, r1, [router(200)]);
      await sole(wire, flavour.r1);
      await inPlace(r1, vips);
      await daemon.kill();
      Rvrrpd.start(lab, r2, [router(150)]);
      await sole(wire, flavour.r2);
      // The same file under another name: another instance, whose journal is another one.
      const file = writeConfiguration(lab, r1, [router(100)]);
      const renamed = path.join(lab.folder, 'renamed.toml');
      await r1.run('mv', file, renamed);
      const start = Date.now();
      const next = Rvrrpd.startWith(r1, renamed);
      await next.ready(20_000);
      await gone(r1, vips);
      await sole(wire, flavour.r2);
      expect(wire.adverts(VRID, start).filter(({ source }) => source === flavour.r1)).toEqual([]);
      // What the interface's MAC address was can be told of its link-local address alone.
      const isLost = iftype === 'ether' && flavour.family === 4;
      expect(await macOf(r1, 'lan')).toBe(isLost ? flavour.virtualMac(VRID) : R1_MAC);
      if (isLost) {
        const log = next.log().map(({ msg }) => msg);
        expect(log.join('\n')).toMatch(/lan has the MAC address .* give it back by hand/);
        await r1.ip(`link set lan address ${R1_MAC}`);
      }
      await next.stop();
      const after = await snapshot(r1);
      if (iftype === 'ether') expect(withoutModes(after)).toEqual(withoutModes(before));
      rmSync(renamed);
    }));
}

describeSystem('ownership', () => {
  for (const flavour of OF_EACH_FAMILY) {
    for (const kind of KINDS) {
      if (flavour.family === 6 && kind.netdrv === 'ioctl') continue; // it has no IPv6
      play(flavour, kind);
    }
  }
});
