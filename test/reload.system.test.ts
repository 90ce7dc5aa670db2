import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { cadence } from './lab/cadence.ts';
import type { Host } from './lab/host.ts';
import { Keepalived } from './lab/keepalived.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import {
  type LogLine,
  Rvrrpd,
  type RvrrpdOptions,
  type VrouterTable,
  writeConfiguration,
} from './lab/rvrrpd.ts';
import { snapshot } from './lab/snapshot.ts';
import { springFile, throwsWhen, writeAuthPlugin, writeIftypePlugin } from './lab/trap.ts';
import { R1, R2, type TwoRouters, twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';
import type { Wire } from './lab/wire.ts';

// A Master stays Master and keeps its cadence, whatever is reloaded, breaks at a reload or crashes.

/** An advertisement interval, in ms. */
const INTERVAL = 1000;
/** No gap may be longer than so many intervals here, where tests share two processors; see bench/reload.ts. */
const GAP = 1.2;
/** RFC 3768 §6.1 for priority 100 and 1 s, in ms. */
const MASTER_DOWN_INTERVAL = 3000 + ((256 - 100) / 256) * 1000;
/** How late a take-over may be here, in ms. */
const TOLERANCE = 400;

const SECRET = 'geheimnis';

function vip(vrid: number): string {
  return `10.0.1.${vrid}`;
}

/** A virtual router on `lan`, its addresses on the interface itself. */
function router(group: number, more: Partial<VrouterTable> = {}): VrouterTable {
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
function backups(lab: Lab, host: Host, vrids: readonly number[], secret?: string): Keepalived {
  const instances = vrids.map((vrid) => ({
    ...{ interface: 'lan', vrid, priority: 100, vips: [`${vip(vrid)}/32`] },
    ...(secret === undefined ? {} : { secret }),
  }));
  return Keepalived.start(lab, host, instances);
}

/** Waits until r1 alone advertises these VRIDs. */
async function allMaster(wire: Wire, vrids: readonly number[]): Promise<void> {
  await eventually('r1 as the Master of all', 15_000, () => {
    const recent = wire.adverts(undefined, Date.now() - 1500);
    return vrids.every((vrid) => {
      const mine = recent.filter((advert) => advert.vrid === vrid);
      return mine.length > 0 && mine.every(({ source }) => source === R1);
    });
  });
}

/** r1 has advertised these VRIDs at its cadence since then, and nobody else has. */
function expectUndisturbed(wire: Wire, since: number, vrids: readonly number[], intervals = GAP): void {
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

function verdict(lines: readonly LogLine[]): string {
  return lines.at(-1)?.msg ?? '';
}

async function descriptors(daemon: Rvrrpd): Promise<number> {
  return readdirSync(`/proc/${await daemon.pid()}/fd`).length;
}

/** Plays on two routers and a client. */
function play(body: (stage: TwoRouters & { readonly lab: Lab }) => Promise<void>): () => Promise<void> {
  return () => withLab(async (lab) => body({ lab, ...(await twoRouters(lab)) }));
}

describeSystem('reload', () => {
  it.concurrent(
    'ten times: nobody changes state, every advertisement is on time',
    play(async ({ lab, r1, r2, wire }) => {
      const vrids = Array.from({ length: 20 }, (_, index) => index + 1);
      const daemon = Rvrrpd.start(
        lab,
        r1,
        vrids.map((vrid) => router(vrid)),
      );
      await allMaster(wire, vrids);
      const peer = backups(lab, r2, vrids);
      await peer.running.waitForOutput(/Entering BACKUP STATE/);
      const before = await snapshot(r1);
      await daemon.reload();
      const open = await descriptors(daemon);
      const begin = Date.now();
      for (let round = 0; round < 10; round++) {
        expect(verdict(await daemon.reload())).toBe('reloaded: 20 Master');
        await sleep(330);
      }
      await sleep(INTERVAL);
      expectUndisturbed(wire, begin - 1500, vrids);
      expect(peer.running.output).not.toMatch(/Entering MASTER STATE/);
      expect(await snapshot(r1)).toEqual(before);
      expect(await descriptors(daemon)).toBeLessThanOrEqual(open);
      expect(daemon.log().filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
    }),
  );

  it.concurrent(
    'changes apply in place, and routers without one see nothing of it',
    play(async ({ lab, r1, r2, wire }) => {
      const on = (group: number, more: Partial<VrouterTable> = {}) => router(group, more);
      const plain = { auth_type: 'rfc2338-simple', auth_secret: SECRET };
      const before = [
        on(1),
        on(2),
        on(3),
        on(4, plain),
        on(5, plain),
        on(6, { vip: ['10.0.1.61'] }),
        on(7, { vip: ['10.0.1.71', '10.0.1.72'] }),
        on(8, { vip: '10.0.1.81' }),
        on(9, { preemption: false }),
        on(10),
      ];
      const after = [
        on(1),
        on(2, { priority: 150 }),
        on(3, { timers: { advert: 2 } }),
        on(4, { ...plain, auth_secret: 'another' }),
        on(5, { auth_type: 'p0-t8-sha256', auth_secret: SECRET }),
        on(6, { vip: ['10.0.1.61', '10.0.1.62'] }),
        on(7, { vip: ['10.0.1.72'] }),
        on(8, { vip: '10.0.1.82' }),
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
      expect(verdict(here)).toBe('reloaded: 9 Master, 1 Backup');
      expect(verdict(there)).toBe('reloaded: 10 Backup');
      await wire.soleMaster(11, R1);
      await sleep(MASTER_DOWN_INTERVAL + TOLERANCE); // whoever was no longer understood would have been replaced

      const adverts = (vrid: number) => wire.adverts(vrid, begin + 500);
      // Not touched: not a single different octet, and no word of it from the kernel.
      expectUndisturbed(wire, begin - 1500, [1]);
      const frames = wire.frames().filter(({ payload }) => payload[9] === 112 && payload[21] === 1);
      expect(new Set(frames.map(({ payload }) => payload.toString('hex'))).size).toBe(1);
      expect(monitor.stdout).not.toMatch(/10\.0\.1\.[1-5]\//);
      // In place: Master all the time, and understood by the other side.
      for (const vrid of [2, 4, 5, 6, 7, 8]) expectUndisturbed(wire, begin - 1500, [vrid]);
      expect(adverts(2).every(({ priority }) => priority === 150)).toBe(true);
      expect(adverts(5).every(({ authType }) => authType === 250)).toBe(true);
      expect(adverts(3).every(({ source, interval }) => source === R1 && interval === 2)).toBe(true);
      expect(cadence(adverts(3), () => true).smallest).toBeGreaterThan(1.9 * INTERVAL);
      expect(cadence(adverts(3), () => true).greatest).toBeLessThan(2 * GAP * INTERVAL);
      expect(adverts(6)[0]?.addresses).toEqual(['10.0.1.61', '10.0.1.62']);
      const held = await r1.ip('-4 -o addr show dev lan');
      for (const address of ['1', '2', '3', '4', '5', '61', '62', '72', '82', '11']) {
        expect(held).toContain(`inet 10.0.1.${address}/`);
      }
      for (const address of ['71', '81', '10']) expect(held).not.toContain(`inet 10.0.1.${address}/`);
      expect(monitor.stdout).not.toMatch(/10\.0\.1\.(61|72)\//); // those that stay were not put up anew
      expect(wire.gratuitousArps('10.0.1.62', begin).length).toBeGreaterThan(0);
      expect(wire.gratuitousArps('10.0.1.82', begin).length).toBeGreaterThan(0);
      expect(wire.gratuitousArps('10.0.1.1', begin)).toEqual([]);
      // The removed one says good-bye, the new one begins as Backup.
      const [last] = wire.adverts(10, begin).slice(-1);
      expect(last).toMatchObject({ source: R1, priority: 0 });
      const first = wire.adverts(11)[0]!;
      expect(first.time - begin).toBeGreaterThan(3000);
      // With preemption the higher priority on r2 takes over.
      expect(wire.adverts(9, begin + 2 * INTERVAL).at(-1)).toMatchObject({ source: R2, priority: 250 });
      expect((await r1.ip('route show 192.0.2.0/24')).trim()).toMatch(/^192\.0\.2\.0\/24 via 10\.0\.0\.3 /);
      expect(two.log().some(({ msg }) => msg?.includes('group 1: advertisement from'))).toBe(true);
    }),
    30_000,
  );
});

/** A Master on r1 whose authentication is the trap plugin in `<lab>/trap`, and keepalived as its Backup. */
interface Trapped extends TwoRouters {
  readonly lab: Lab;
  readonly daemon: Rvrrpd;
  readonly peer: Keepalived;
  readonly folder: string;
  readonly configuration: (more?: Partial<VrouterTable>, options?: RvrrpdOptions) => string;
}

const PLUGINS: RvrrpdOptions = { tables: '[plugins]\n"./rvrrpd-plugin-trap" = "^1.0"\n' };
const TRAP = 'rvrrpd-plugin-trap';

function trapped(prepare: (folder: string, lab: Lab) => void, body: (stage: Trapped) => Promise<void>) {
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

/** Reloads, expects one error that matches, and nothing else; then that the same without the fault works. */
async function expectRefusal(stage: Trapped, complaint: RegExp, spoil: () => void): Promise<void> {
  const { daemon, r1, wire } = stage;
  const before = await snapshot(r1);
  const open = await descriptors(daemon);
  const begin = Date.now();
  spoil();
  const lines = await daemon.reload();
  expect(verdict(lines)).toMatch(/^not reloaded: .*everything runs on as before$/);
  const errors = lines.filter(({ level }) => level === 'error').map(({ msg }) => msg ?? '');
  expect(errors.filter((line) => complaint.test(line))).toHaveLength(1);
  await sleep(1.3 * INTERVAL);
  expectUndisturbed(wire, begin - 1200, [1, 2]);
  expect(await snapshot(r1)).toEqual(before);
  expect(await descriptors(daemon)).toBeLessThanOrEqual(open);
}

async function expectSuccess(stage: Trapped): Promise<void> {
  const begin = Date.now();
  expect(verdict(await stage.daemon.reload())).toBe('reloaded: 2 Master');
  await sleep(1.3 * INTERVAL);
  expectUndisturbed(stage.wire, begin - 1200, [1, 2]);
  expect(stage.peer.running.output).not.toMatch(/Entering MASTER STATE/);
}

describeSystem('a reload that fails leaves everything as it was', () => {
  it.concurrent(
    'the file, a package, a version, a plugin that throws',
    trapped(
      (folder) => writeAuthPlugin(folder),
      async (stage) => {
        const { folder, configuration } = stage;
        await expectRefusal(stage, /rvrrpd-r1\.toml:2: /, () =>
          writeFileSync(configuration(), 'debug = 1\npid = = 1\n'),
        );
        await expectRefusal(stage, /rvrrpd-r1\.toml:\d+: .*priority = 300.*1 to 254/, () =>
          configuration({ priority: 300 }),
        );
        await expectRefusal(stage, /rvrrpd-plugin-none = "\^1": is not installed: run "npm install/, () =>
          configuration({}, { tables: `${PLUGINS.tables}"rvrrpd-plugin-none" = "^1"\n` }),
        );
        configuration();
        await expectRefusal(stage, /version 2\.0\.0 is installed in .*\^1\.0/, () =>
          writeAuthPlugin(folder, { version: '2.0.0' }),
        );
        await expectRefusal(
          stage,
          /plugin API 1\.\d+\.\d+, which is not in the plugin's range: install/,
          () => writeAuthPlugin(folder, { version: '1.1.0', api: '^9.0.0' }),
        );
        await expectRefusal(stage, /rvrrpd-plugin-trap 1\.2\.0 .*cannot be loaded: no luck/, () =>
          writeAuthPlugin(folder, { version: '1.2.0', onLoad: "throw new Error('no luck');" }),
        );
        await expectRefusal(stage, /rvrrpd-plugin-trap 1\.3\.0 .*importState failed: wrong state/, () =>
          writeAuthPlugin(folder, {
            version: '1.3.0',
            members: "exportState: () => 1, importState() { throw new Error('wrong state'); },",
          }),
        );
        writeAuthPlugin(folder, { version: '1.4.0' });
        await expectSuccess(stage);
      },
    ),
    60_000,
  );

  it.concurrent(
    'a plugin that cannot export its state',
    trapped(
      (folder, lab) =>
        writeAuthPlugin(folder, {
          members: `exportState() { if (existsSync('${springFile(lab)}')) throw new Error('not now'); return 1; },
            importState(state) { if (state !== 1) throw new Error('no state'); },`,
        }),
      async (stage) => {
        await expectRefusal(stage, /rvrrpd-plugin-trap 1\.0\.0 .*exportState failed: not now/, () =>
          writeFileSync(springFile(stage.lab), ''),
        );
        rmSync(springFile(stage.lab));
        await expectSuccess(stage);
      },
    ),
    30_000,
  );

  for (const [what, code, complaint] of [
    [
      'an await that never settles',
      'await new Promise(() => {});',
      /trap 1\.1\.0 .*did not finish within 10 s/,
    ],
    ['an endless loop', 'for (;;) {}', /15 s: the engine is loading plugin rvrrpd-plugin-trap 1\.1\.0/],
  ] as const) {
    it.concurrent(
      `a plugin that hangs: ${what}`,
      trapped(
        (folder) => writeAuthPlugin(folder),
        async (stage) => {
          await expectRefusal(stage, complaint, () =>
            writeAuthPlugin(stage.folder, { version: '1.1.0', onLoad: code }),
          );
          writeAuthPlugin(stage.folder, { version: '1.2.0' });
          await expectSuccess(stage);
        },
      ),
      60_000,
    );
  }
});

describeSystem('a worker that crashes is replaced', () => {
  const PATTERN = /broke down: .*the trap is sprung/;

  /** Springs the trap: nobody notices but the log. */
  async function crash(stage: Trapped): Promise<void> {
    const { daemon, r1, wire, lab, peer } = stage;
    const before = await snapshot(r1);
    const begin = Date.now();
    writeFileSync(springFile(lab), '');
    await daemon.running.waitForOutput(/replaced: 2 Master/);
    const broken = daemon.log().find(({ msg }) => PATTERN.test(msg ?? ''));
    expect(broken?.level).toBe('error');
    await sleep(2 * INTERVAL);
    // The advertisement that was due while there was no engine is one interval late at most.
    expectUndisturbed(wire, begin - 1200, [1, 2], 2);
    expect(peer.running.output).not.toMatch(/Entering MASTER STATE/);
    expect(await snapshot(r1)).toEqual(before);
    expect(verdict(await daemon.reload())).toBe('reloaded: 2 Master');
  }

  it.concurrent(
    'the engine',
    trapped((folder, lab) => writeAuthPlugin(folder, { onLoad: throwsWhen(springFile(lab)) }), crash),
    30_000,
  );

  it.concurrent(
    'the actuator, without a word from the engine',
    trapped(
      (folder, lab) => {
        writeAuthPlugin(folder);
        writeIftypePlugin(path.join(lab.folder, 'rvrrpd-plugin-ground'), {
          onLoad: throwsWhen(springFile(lab)),
        });
      },
      async (stage) => {
        const tables = `${PLUGINS.tables}"./rvrrpd-plugin-ground" = "*"\n`;
        stage.configuration({ iftype: 'trap' }, { tables });
        expect(verdict(await stage.daemon.reload())).toBe('reloaded: 2 Master');
        await crash(stage);
      },
    ),
    30_000,
  );

  it.concurrent(
    'less and less often, if it keeps crashing',
    trapped(
      (folder, lab) => writeAuthPlugin(folder, { onLoad: throwsWhen(springFile(lab), true) }),
      async ({ daemon, lab, wire }) => {
        writeFileSync(springFile(lab), '');
        await daemon.running.waitForOutput(/replacing it in 1 s/);
        await daemon.running.waitForOutput(/replacing it in 5 s/, 5000);
        rmSync(springFile(lab));
        await daemon.running.waitForOutput(/replaced: /, 10_000);
        await wire.soleMaster(1, R1);
        await wire.soleMaster(2, R1);
        expect(daemon.log().filter(({ msg }) => PATTERN.test(msg ?? '')).length).toBeLessThan(5);
      },
    ),
    40_000,
  );
});

describeSystem('a Backup that is reloaded', () => {
  const vrids = [1, 2, 3];

  it.concurrent(
    'over and over stays Backup, and still takes over in time',
    play(async ({ lab, r1, r2, wire }) => {
      const master = Keepalived.start(
        lab,
        r1,
        vrids.map((vrid) => ({ interface: 'lan', vrid, priority: 200, vips: [`${vip(vrid)}/32`] })),
      );
      await allMaster(wire, vrids);
      const daemon = Rvrrpd.start(
        lab,
        r2,
        vrids.map((vrid) => router(vrid, { priority: 100 })),
      );
      await daemon.ready();
      for (let round = 0; round < 40; round++) {
        expect(verdict(await daemon.reload())).toBe('reloaded: 3 Backup');
      }
      expect(wire.adverts().filter(({ source }) => source === R2)).toEqual([]);

      // It dies while the next engine is being prepared, or takes over: each time is another moment.
      const reload = daemon.reload();
      await sleep(30 + Math.random() * 100);
      const killed = await master.kill();
      await reload;
      for (let round = 0; round < 5; round++) await daemon.reload(); // nor does reloading put it off
      await wire.soleMaster(1, R2);
      for (const vrid of vrids) {
        const adverts = wire.adverts(vrid);
        const last = adverts.filter(({ source }) => source === R1).at(-1)!;
        const first = adverts.find(({ source, time }) => source === R2 && time > killed)!;
        expect(first.time - last.time).toBeGreaterThan(MASTER_DOWN_INTERVAL - 1);
        expect(first.time - last.time).toBeLessThan(MASTER_DOWN_INTERVAL + TOLERANCE);
      }
    }),
    40_000,
  );
});
