/** Stages and questions of the tests about reloads: r1 is Master of some virtual routers, r2 their Backup. */
import { readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { type Cadence, cadence } from './cadence.ts';
import { FLAVOURS, type Flavour, V2, V3_IPV6, virtualLinkLocal } from './flavour.ts';
import type { Host } from './host.ts';
import { Keepalived, type KeepalivedInstance } from './keepalived.ts';
import { type Lab, withLab } from './lab.ts';
import { type LogLine, Rvrrpd, type RvrrpdOptions, type VrouterTable, writeConfiguration } from './rvrrpd.ts';
import type { Sorted } from './sorts.ts';
import { type TwoRouters, twoRouters } from './two-routers.ts';
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

/** Whose address r1's advertisements come from, in either family. */
const OWN: ReadonlySet<string> = new Set(FLAVOURS.map(({ r1 }) => r1));

/** The virtual address of a VRID. */
export function vip(vrid: number, { family }: Flavour = V2): string {
  return family === 4 ? `10.0.1.${vrid}` : `2001:db8:0:2::${vrid.toString(16)}`;
}

/** A virtual router on `lan`, its addresses on the interface itself. */
export function router(group: number, more: Partial<VrouterTable> = {}, flavour: Flavour = V2): VrouterTable {
  return {
    group,
    interface: 'lan',
    vip: vip(group, flavour),
    priority: 200,
    preemption: true,
    iftype: 'ether',
    ...(flavour.version === 3 && { version: 3 }),
    // keepalived as a Backup says nothing of what it reads: this.
    ...(flavour.version === 3 && flavour.family === 4 && { checksum: 'pseudo-header' }),
    ...more,
  };
}

/** The same for keepalived. */
export function instance(
  vrid: number,
  flavour: Flavour = V2,
  more: Partial<KeepalivedInstance> = {},
): KeepalivedInstance {
  const { version, family } = flavour;
  const own = `${vip(vrid, flavour)}/${family === 4 ? 32 : 128}`;
  const vips = family === 4 ? [own] : [`${virtualLinkLocal(vrid)}/128`, own];
  return { interface: 'lan', vrid, priority: 100, vips, ...(version === 3 && { version }), ...more };
}

/** keepalived as their Backup on r2. */
export function backups(lab: Lab, host: Host, routers: readonly Sorted[]): Keepalived {
  return Keepalived.start(
    lab,
    host,
    routers.map(({ vrid, flavour }) => instance(vrid, flavour)),
  );
}

/** Waits until r1 alone advertises these VRIDs. */
export async function allMaster(wire: Wire, vrids: readonly number[]): Promise<void> {
  await eventually('r1 as the Master of all', 30_000, () => {
    const recent = wire.adverts(undefined, Date.now() - 1500);
    return vrids.every((vrid) => {
      const mine = recent.filter((advert) => advert.vrid === vrid);
      return mine.length > 0 && mine.every(({ source }) => OWN.has(source));
    });
  });
}

/**
 * r1 has advertised these VRIDs at its cadence since then, and nobody else has.
 * @param intervals no gap is longer than so many
 * @param leastMs and none is shorter than so many ms
 * @returns the gaps
 */
export function expectUndisturbed(
  wire: Wire,
  since: number,
  vrids: readonly number[],
  intervals = GAP,
  leastMs = INTERVAL / 2,
): Cadence {
  const adverts = wire.adverts(undefined, since).filter(({ vrid }) => vrids.includes(vrid));
  expect(adverts.filter(({ source, priority }) => !OWN.has(source) || priority === 0)).toEqual([]);
  expect(new Set(adverts.map(({ vrid }) => vrid))).toEqual(new Set(vrids));
  const gaps = cadence(adverts, (source) => OWN.has(source));
  const { smallest, greatest, count } = gaps;
  expect(count).toBeGreaterThan(0);
  expect(greatest).toBeLessThan(intervals * INTERVAL);
  expect(smallest).toBeGreaterThan(leastMs);
  // The last one is not too long ago either; what captures may be late.
  for (const vrid of vrids) {
    const last = adverts.filter((advert) => advert.vrid === vrid).at(-1)!;
    expect(Date.now() - last.time).toBeLessThan((intervals + 1) * INTERVAL);
  }
  return gaps;
}

/** What a reload ended with. */
export function verdict(lines: readonly LogLine[]): string {
  return lines.at(-1)?.msg ?? '';
}

/** How many file descriptors the daemon has open. */
export async function descriptors(daemon: Rvrrpd): Promise<number> {
  return readdirSync(`/proc/${await daemon.pid()}/fd`).length;
}

/** Waits until the daemon has at most so many open: workers that were ended are gone soon after the answer. */
export async function descriptorsAtMost(daemon: Rvrrpd, most: number): Promise<void> {
  const folder = `/proc/${await daemon.pid()}/fd`;
  await eventually(`at most ${most} file descriptors`, 10_000, () => {
    const open = readdirSync(folder);
    if (open.length <= most) return true;
    const links = open.map((name) => {
      try {
        return readlinkSync(`${folder}/${name}`);
      } catch {
        return 'closed meanwhile';
      }
    });
    throw new Error(`${open.length}: ${links.join(' ')}`);
  });
}

/** Plays on two routers and a client. @param flavour whose family the hosts must have */
export function play(
  body: (stage: TwoRouters & { readonly lab: Lab }) => Promise<void>,
  flavour: Flavour = V2,
): () => Promise<void> {
  return () => withLab(async (lab) => body({ lab, ...(await twoRouters(lab, flavour.network(1))) }));
}

/** A Master on r1 whose authentication is the trap plugin in `<lab>/trap`, and keepalived as its Backup. */
export interface Trapped extends TwoRouters {
  readonly lab: Lab;
  /** Master of {@link GUARDED}. */
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

/** Virtual router 1, whose authentication is a plugin's, and one of each sort beside it. */
export const GUARDED: readonly Sorted[] = [
  { vrid: 1, flavour: V2 },
  ...FLAVOURS.map((flavour, index) => ({ vrid: index + 2, flavour })),
];
export const GUARDED_VRIDS: readonly number[] = GUARDED.map(({ vrid }) => vrid);

/** Their tables. @param own what virtual router 1 has beside what all have */
export function guarded(own: Partial<VrouterTable>, all: Partial<VrouterTable> = {}): VrouterTable[] {
  return GUARDED.map(({ vrid, flavour }) =>
    router(vrid, vrid === 1 ? { ...all, auth_secret: SECRET, ...own } : all, flavour),
  );
}

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
      writeConfiguration(lab, r1, guarded({ auth_type: 'trap', ...more }), options);
    const daemon = Rvrrpd.startWith(r1, configuration());
    await allMaster(wire, GUARDED_VRIDS);
    const instances = GUARDED.map(({ vrid, flavour }) =>
      instance(vrid, flavour, vrid === 1 ? { secret: SECRET } : {}),
    );
    const peer = Keepalived.start(lab, r2, instances);
    await peer.running.waitForOutput(/Entering BACKUP STATE/);
    await body({ lab, ...network, daemon, peer, folder, configuration });
  }, V3_IPV6);
}
