/** Stages and questions of the tests about reloads: r1 is Master of some virtual routers, r2 their Backup. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { cadence } from './cadence.ts';
import type { Host } from './host.ts';
import { Keepalived } from './keepalived.ts';
import { type Lab, withLab } from './lab.ts';
import { type LogLine, Rvrrpd, type RvrrpdOptions, type VrouterTable, writeConfiguration } from './rvrrpd.ts';
import { R1, type TwoRouters, twoRouters } from './two-routers.ts';
import { eventually } from './wait.ts';
import type { Wire } from './wire.ts';

/** An advertisement interval, in ms. */
export const INTERVAL = 1000;
/** No gap may be longer than so many intervals here, where tests share two processors; see bench/reload.ts. */
export const GAP = 1.2;
/** RFC 3768 §6.1 for priority 100 and 1 s, in ms. */
export const MASTER_DOWN_INTERVAL = 3000 + ((256 - 100) / 256) * 1000;
/** How late a take-over may be here, in ms. */
export const TOLERANCE = 400;

/** The secret of routers that have one. */
export const SECRET = 'geheimnis';

/** The virtual address of a VRID. */
export function vip(vrid: number): string {
  return `10.0.1.${vrid}`;
}

/** A virtual router on `lan`, its addresses on the interface itself. */
export function router(group: number, more: Partial<VrouterTable> = {}): VrouterTable {
  return {
    group,
    interface: 'lan',
    vip: vip(group),
    priority: 200,
    preemption: true,
    iftype: 'ether',
    ...more,
  };
}

/** keepalived as their Backup on r2. */
export function backups(lab: Lab, host: Host, vrids: readonly number[], secret?: string): Keepalived {
  const instances = vrids.map((vrid) => ({
    ...{ interface: 'lan', vrid, priority: 100, vips: [`${vip(vrid)}/32`] },
    ...(secret === undefined ? {} : { secret }),
  }));
  return Keepalived.start(lab, host, instances);
}

/** Waits until r1 alone advertises these VRIDs. */
export async function allMaster(wire: Wire, vrids: readonly number[]): Promise<void> {
  await eventually('r1 as the Master of all', 15_000, () => {
    const recent = wire.adverts(undefined, Date.now() - 1500);
    return vrids.every((vrid) => {
      const mine = recent.filter((advert) => advert.vrid === vrid);
      return mine.length > 0 && mine.every(({ source }) => source === R1);
    });
  });
}

/** r1 has advertised these VRIDs at its cadence since then, and nobody else has. */
export function expectUndisturbed(
  wire: Wire,
  since: number,
  vrids: readonly number[],
  intervals = GAP,
): void {
  const adverts = wire.adverts(undefined, since).filter(({ vrid }) => vrids.includes(vrid));
  expect(adverts.filter(({ source, priority }) => source !== R1 || priority === 0)).toEqual([]);
  expect(new Set(adverts.map(({ vrid }) => vrid))).toEqual(new Set(vrids));
  const { smallest, greatest, count } = cadence(adverts, (source) => source === R1);
  expect(count).toBeGreaterThan(0);
  expect(greatest).toBeLessThan(intervals * INTERVAL);
  expect(smallest).toBeGreaterThan(INTERVAL / 2);
  // The last one is not too long ago either.
  for (const vrid of vrids) {
    const last = adverts.filter((advert) => advert.vrid === vrid).at(-1)!;
    expect(Date.now() - last.time).toBeLessThan((intervals + 0.2) * INTERVAL);
  }
}

/** What a reload ended with. */
export function verdict(lines: readonly LogLine[]): string {
  return lines.at(-1)?.msg ?? '';
}

/** How many file descriptors the daemon has open. */
export async function descriptors(daemon: Rvrrpd): Promise<number> {
  return readdirSync(`/proc/${await daemon.pid()}/fd`).length;
}

/** Plays on two routers and a client. */
export function play(
  body: (stage: TwoRouters & { readonly lab: Lab }) => Promise<void>,
): () => Promise<void> {
  return () => withLab(async (lab) => body({ lab, ...(await twoRouters(lab)) }));
}

/** A Master on r1 whose authentication is the trap plugin in `<lab>/trap`, and keepalived as its Backup. */
export interface Trapped extends TwoRouters {
  readonly lab: Lab;
  readonly daemon: Rvrrpd;
  readonly peer: Keepalived;
  /** Of the plugin. */
  readonly folder: string;
  /** Writes the daemon's configuration. @returns its path */
  readonly configuration: (more?: Partial<VrouterTable>, options?: RvrrpdOptions) => string;
}

/** `[plugins]` with the trap. */
export const PLUGINS: RvrrpdOptions = { tables: '[plugins]\n"./rvrrpd-plugin-trap" = "^1.0"\n' };
const TRAP = 'rvrrpd-plugin-trap';

/**
 * Plays with the trap plugin.
 * @param prepare writes it
 */
export function trapped(
  prepare: (folder: string, lab: Lab) => void,
  body: (stage: Trapped) => Promise<void>,
) {
  return play(async ({ lab, ...network }) => {
    const { r1, r2, wire } = network;
    const folder = path.join(lab.folder, TRAP);
    prepare(folder, lab);
    const configuration: Trapped['configuration'] = (more = {}, options = PLUGINS) =>
      writeConfiguration(
        lab,
        r1,
        [router(1, { auth_type: 'trap', auth_secret: SECRET, ...more }), router(2)],
        options,
      );
    const daemon = Rvrrpd.startWith(r1, configuration());
    await allMaster(wire, [1, 2]);
    const instance = (vrid: number) => ({ interface: 'lan', vrid, priority: 100, vips: [`${vip(vrid)}/32`] });
    const peer = Keepalived.start(lab, r2, [{ ...instance(1), secret: SECRET }, instance(2)]);
    await peer.running.waitForOutput(/Entering BACKUP STATE/);
    await body({ lab, ...network, daemon, peer, folder, configuration });
  });
}
