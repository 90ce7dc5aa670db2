import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { DaemonStatus } from '../core/supervisor/status.ts';
import { API_ADDRESS, apiTable } from './lab/api-stage.ts';
import type { Host } from './lab/host.ts';
import { HttpClient } from './lab/http.ts';
import { invoke } from './lab/invocation.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { expectUndisturbed } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterTable, writeConfiguration } from './lab/rvrrpd.ts';
import { ALL_FAMILIES, allSortsMaster, oneOfEachSort, SORTS } from './lab/sorts.ts';
import { type Behaviour, ObedientTracker, TRACKER_PLUGIN } from './lab/tracker.ts';
import { springFile, throwsWhen, writeAuthPlugin } from './lab/trap.ts';
import { R1, R2, type TwoRouters, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// Trackers with a plugin that does as it is told: what it finds reaches the routers that ask for it, and nothing else.

const TRACKED = 7;
const OTHER = 8;

/** The virtual router that a tracker counts for. */
function tracked(track: VrouterTable['track'], more: Partial<VrouterTable> = {}): VrouterTable {
  const common = { group: TRACKED, interface: 'lan', vip: VIP, iftype: 'ether', preemption: true };
  return { ...common, priority: 200, ...(track && { track }), ...more };
}

/** One that no tracker counts for. */
const other: VrouterTable = {
  group: OTHER,
  interface: 'lan',
  vip: '10.0.0.8',
  iftype: 'ether',
  priority: 200,
};

interface Stage extends TwoRouters {
  readonly lab: Lab;
  readonly tracker: ObedientTracker;
  /** Writes r1's configuration. @returns its path */
  readonly configure: (vrouters: readonly VrouterTable[], tables: string) => string;
  /** Starts r1. @param plugins further entries of `[plugins]` */
  readonly start: (vrouters: readonly VrouterTable[], tables: string, plugins?: string) => Rvrrpd;
}

function play(body: (stage: Stage) => Promise<void>): () => Promise<void> {
  return () =>
    withLab(async (lab) => {
      const network = await twoRouters(lab);
      const tracker = new ObedientTracker(lab);
      const options = (tables: string, plugins = '') => ({ tables: `${tables}${tracker.plugins}${plugins}` });
      await body({
        ...{ lab, ...network, tracker },
        configure: (vrouters, tables) => writeConfiguration(lab, network.r1, vrouters, options(tables)),
        start: (vrouters, tables, plugins) =>
          Rvrrpd.start(lab, network.r1, vrouters, options(tables, plugins)),
      });
    });
}

/** The log's lines about transitions of a virtual router, and about verdicts and priorities. */
function story(daemon: Rvrrpd): string[] {
  return daemon.log().flatMap(({ msg = '' }) => (/ -> /.test(msg) ? [msg] : []));
}

/** Waits for a line of the log. */
async function logged(daemon: Rvrrpd, pattern: RegExp, since = 0): Promise<void> {
  await eventually(`${pattern} in the log`, 30_000, () => {
    const lines = daemon.log(since).map(({ msg = '' }) => msg);
    if (lines.some((line) => pattern.test(line))) return true;
    throw new Error(lines.slice(-10).join('\n'));
  });
}

async function status(host: Host, file: string): Promise<DaemonStatus> {
  const { stdout } = await invoke(host, ['status', '-c', file, '--json']);
  return JSON.parse(stdout) as DaemonStatus;
}

describeSystem('trackers', () => {
  it.concurrent('without a weight: a Master says good-bye, is in Fault with the reason, and starts again', () =>
    play(async ({ lab, r1, r2, wire, tracker, start, configure }) => {
      tracker.tell('uplink', 'up');
      const vrouters = [tracked(['uplink']), other];
      const daemon = start(vrouters, tracker.table('uplink'));
      await wire.soleMaster(TRACKED, R1);
      const peer = Rvrrpd.start(lab, r2, [tracked(undefined, { priority: 100 })]);
      await peer.ready(30_000);
      const since = Date.now();
      tracker.tell('uplink', 'down');
      await wire.soleMaster(TRACKED, R2);
      const farewell = wire.adverts(TRACKED, since).filter(({ priority }) => priority === 0);
      expect(farewell.map(({ source }) => source)).toEqual([R1]);
      const file = configure(vrouters, tracker.table('uplink'));
      const { routers, trackers } = await status(r1, file);
      const reason = 'tracker uplink is down: told to be down';
      expect(routers).toMatchObject([
        { state: 'Fault', fault: { reason, tracker: 'uplink' } },
        { state: 'Master' },
      ]);
      expect(trackers).toMatchObject([{ name: 'uplink', verdict: 'down', words: 'told to be down' }]);
      tracker.tell('uplink', 'up');
      await wire.soleMaster(TRACKED, R1);
      const lines = story(daemon).filter((line) => !line.includes(`group ${OTHER}`));
      expect(lines.map((line) => line.replace(/version \S+ of \S+/, 'fine'))).toEqual([
        'tracker uplink: waiting -> up: fine',
        `lan group ${TRACKED}: Init -> Backup: startup`,
        `lan group ${TRACKED}: Backup -> Master: the Master_Down_Timer expired`,
        'tracker uplink: up -> down: told to be down',
        `lan group ${TRACKED}: Master -> Fault: ${reason}`,
        'tracker uplink: down -> up: fine',
        `lan group ${TRACKED}: Fault -> Backup: tracker uplink does not fail any more`,
        `lan group ${TRACKED}: Backup -> Master: the Master_Down_Timer expired`,
      ]);
      expectUndisturbed(wire, since - 1200, [OTHER]);
    })());

  it.concurrent('with a weight: the priority changes, the protocol decides, nobody says good-bye', () =>
    play(async ({ lab, r1, r2, wire, tracker, start, configure }) => {
      tracker.tell('web', 'up');
      tracker.tell('dns', 'up');
      const vrouters = [
        tracked([
          { name: 'web', weight: -150 },
          { name: 'dns', weight: 20 },
        ]),
      ];
      const tables = `${tracker.table('web')}${tracker.table('dns')}`;
      start(vrouters, tables);
      await wire.soleMaster(TRACKED, R1);
      expect(wire.adverts(TRACKED).at(-1)!.priority).toBe(220);
      const peer = Rvrrpd.start(lab, r2, [tracked(undefined, { priority: 100 })]);
      await peer.ready(30_000);
      const since = Date.now();
      tracker.tell('web', 'down');
      await wire.soleMaster(TRACKED, R2);
      expect(wire.adverts(TRACKED, since).filter(({ priority }) => priority === 0)).toEqual([]);
      const { routers } = await status(r1, configure(vrouters, tables));
      expect(routers[0]).toMatchObject({
        ...{ state: 'Backup', priority: 70 },
        priorityParts: { text: '200 - 150 (web) + 20 (dns) = 70' },
      });
      const { stdout } = await invoke(r1, ['status', '-c', configure(vrouters, tables)]);
      expect(stdout).toContain('200 - 150 (web) + 20 (dns) = 70');
      tracker.tell('dns', 'weight 40');
      tracker.tell('web', 'weight -1');
      await wire.soleMaster(TRACKED, R1);
      expect(wire.adverts(TRACKED).at(-1)!.priority).toBe(239);
    })());

  it.concurrent('whatever a plugin does, its trackers fail, and nobody else notices', () =>
    play(async ({ lab, wire, tracker, start }) => {
      tracker.tell('good', 'up');
      const breaking: Behaviour[] = ['spin', 'crash', 'exit', 'leak', 'reject', 'deaf'];
      const failing: Behaviour[] = ['throw', 'hang', 'down'];
      const others = [...breaking, ...failing].map((what) => ({
        what,
        plugin: new ObedientTracker(lab, `-${what}`),
      }));
      for (const { what, plugin } of others) plugin.tell(what, 'up');
      const tables = `${tracker.table('good')}${others.map(({ what, plugin }) => plugin.table(what)).join('')}`;
      const entries = others.map(({ plugin }) => plugin.plugins.replace('[plugins]\n', '')).join('');
      const all = others.map(({ what }) => ({ name: what, weight: -10 }));
      const good = { ...other, track: ['good'] };
      const daemon = start([tracked(all), good], tables, entries);
      for (const vrid of [TRACKED, OTHER]) await wire.soleMaster(vrid, R1);
      const since = Date.now();
      for (const { what, plugin } of others) plugin.tell(what, what);
      await Promise.all([
        ...breaking.map((what) =>
          logged(daemon, new RegExp(`obedient-${what} 1\\.0\\.1 .*it is started again`)),
        ),
        ...failing.map((what) => logged(daemon, new RegExp(`tracker ${what}: up -> down: `))),
      ]);
      for (const { what, plugin } of others) plugin.tell(what, 'up');
      await eventually('all up again', 30_000, () => {
        const priority = wire.adverts(TRACKED).at(-1)!.priority;
        if (priority === 200) return true;
        throw new Error(`${priority}\n${story(daemon).slice(-12).join('\n')}`);
      });
      expectUndisturbed(wire, since - 1200, [TRACKED, OTHER]);
      expect(story(daemon).filter((line) => line.startsWith('tracker good'))).toHaveLength(1);
      expect(wire.adverts(TRACKED, since).some(({ priority }) => priority <= 170)).toBe(true);
    })());

  it.concurrent('20 reloads, each with another version of the plugin: verdicts stay, nothing is left over', () =>
    play(async ({ wire, tracker, start, configure, r1 }) => {
      for (const name of ['uplink', 'web']) tracker.tell(name, 'up');
      tracker.tell('web', 'down');
      const vrouters = [tracked(['uplink', { name: 'web', weight: -10 }]), other];
      const tables = (interval: number): string =>
        `${tracker.table('uplink', { interval })}${tracker.table('web', { interval })}`;
      const daemon = start(vrouters, tables(0.2));
      for (const vrid of [TRACKED, OTHER]) await wire.soleMaster(vrid, R1);
      const threads = (): number => readdirSync(`/proc/${daemon.running.pid}/task`).length;
      const before = threads();
      const since = Date.now();
      let version = '';
      for (let i = 0; i < 20; i++) {
        version = tracker.upgrade();
        configure(vrouters, tables(i % 2 === 0 ? 0.3 : 0.2));
        expect((await daemon.reload()).at(-1)!.msg).toMatch(/^reloaded: /);
      }
      expectUndisturbed(wire, since - 1200, [TRACKED, OTHER]);
      const { routers, trackers } = await status(r1, configure(vrouters, tables(0.2)));
      expect(routers[0]).toMatchObject({ state: 'Master', priority: 190 });
      expect(trackers!.map(({ verdict }) => verdict)).toEqual(['up', 'down']);
      await eventually('a check of the last version', 20_000, async () => {
        const { trackers: latest } = await status(r1, configure(vrouters, tables(0.2)));
        return latest![0]!.words === `version ${version} of uplink`;
      });
      const verdicts = story(daemon).filter((line) => line.startsWith('tracker '));
      expect(verdicts).toHaveLength(2);
      await eventually('as many threads as before', 20_000, () => threads() <= before);
      // One that does not work with its settings calls the reload off.
      configure(vrouters, `${tables(0.2)}refuse = "luck"\n`);
      expect((await daemon.reload()).at(-1)!.msg).toMatch(
        new RegExp(`^not reloaded: .*track\\[1\\]: ${TRACKER_PLUGIN} .*no such thing as luck`),
      );
      // What is new is waited for by who is to start, and by nobody else.
      tracker.tell('slow', 'hang');
      const more = tables(0.2) + tracker.table('slow', { timeout: 60, initial: 'down' });
      const added = { ...other, group: 9, vip: '10.0.0.9', track: ['slow'] };
      configure([tracked(['uplink', 'slow']), other, added], more);
      expect((await daemon.reload()).at(-1)!.msg).toMatch(/^reloaded: /);
      expectUndisturbed(wire, since - 1200, [TRACKED, OTHER]);
      const waiting = (await status(r1, configure([tracked(['uplink', 'slow']), other, added], more)))
        .routers[2];
      expect(waiting).toMatchObject({ state: 'Init', fault: { reason: 'waiting for tracker slow' } });
    })());

  it.concurrent('a crash of the engine keeps verdicts', () =>
    play(async ({ lab, wire, tracker, start }) => {
      tracker.tell('uplink', 'down');
      tracker.tell('web', 'down');
      writeAuthPlugin(path.join(lab.folder, 'rvrrpd-plugin-trap'), { onLoad: throwsWhen(springFile(lab)) });
      const tables = `${tracker.table('uplink', { initial: 'up' })}${tracker.table('web')}`;
      const weighted = { ...other, auth_type: 'trap', track: [{ name: 'web', weight: -50 }] };
      const daemon = start([tracked(['uplink']), weighted], tables, '"./rvrrpd-plugin-trap" = "*"\n');
      await wire.soleMaster(OTHER, R1);
      await logged(daemon, /Fault: tracker uplink is down/);
      const before = story(daemon);
      const since = Date.now();
      writeFileSync(springFile(lab), '');
      await daemon.running.waitForOutput(/replaced: 1 Fault, 1 Master/, 20_000);
      await sleep(2000);
      const adverts = wire.adverts(OTHER, since);
      expect(new Set(adverts.map(({ source, priority }) => `${source} ${priority}`))).toEqual(
        new Set([`${R1} 150`]),
      );
      expect(story(daemon)).toEqual(before);
      expect(wire.adverts(TRACKED).filter(({ priority }) => priority > 0)).toEqual([]);
    })());

  it.concurrent('that flap: fall and hold keep routers from flapping along', () =>
    play(async ({ wire, tracker, start }) => {
      for (const name of ['calm', 'held']) tracker.tell(name, 'up');
      const tables = `${tracker.table('calm', { fall: 2 })}${tracker.table('held', { hold: 3 })}`;
      const daemon = start([tracked(['held']), { ...other, track: ['calm'] }], tables);
      for (const vrid of [TRACKED, OTHER]) await wire.soleMaster(vrid, R1);
      const since = Date.now();
      for (const name of ['calm', 'held']) tracker.tell(name, 'flap');
      await logged(daemon, /Master -> Fault/);
      await sleep(5000);
      const verdicts = (): string[] => story(daemon).filter((line) => line.startsWith('tracker'));
      expect(
        verdicts()
          .map((line) => line.replace(/: (version|turn).*/, ''))
          .sort(),
      ).toEqual(['tracker calm: waiting -> up', 'tracker held: up -> down', 'tracker held: waiting -> up']);
      expectUndisturbed(wire, since - 1200, [OTHER]);
      for (const name of ['calm', 'held']) tracker.tell(name, 'up');
      const steady = Date.now();
      await logged(daemon, /Fault -> Backup/);
      expect(Date.now() - steady).toBeGreaterThan(2500);
      expect(verdicts()).toHaveLength(4);
    })());

  it.concurrent('of either version and family: priorities go out, good-byes too', () =>
    withLab(async (lab) => {
      const { r1, r2, wire } = await twoRouters(lab, ALL_FAMILIES);
      const tracker = new ObedientTracker(lab);
      for (const name of ['uplink', 'web']) tracker.tell(name, 'up');
      const tables = `${tracker.table('uplink')}${tracker.table('web')}${tracker.plugins}`;
      const track = ['uplink', { name: 'web', weight: -150 }];
      const common = { preemption: true, iftype: 'ether' };
      Rvrrpd.start(lab, r1, oneOfEachSort({ ...common, priority: 200, track }), { tables });
      await allSortsMaster(wire);
      await Rvrrpd.start(lab, r2, oneOfEachSort({ ...common, priority: 100 })).ready(30_000);
      const sourcesOf2 = async (): Promise<void> => {
        for (const { vrid, flavour } of SORTS) await wire.soleMaster(vrid, flavour.r2, 20_000);
      };
      const farewells = (since: number): Set<number> =>
        new Set(
          wire
            .adverts(undefined, since)
            .filter(({ priority }) => priority === 0)
            .map(({ vrid }) => vrid),
        );
      const since = Date.now();
      tracker.tell('web', 'down');
      await sourcesOf2();
      expect(farewells(since)).toEqual(new Set());
      tracker.tell('web', 'up');
      await allSortsMaster(wire);
      const failed = Date.now();
      tracker.tell('uplink', 'down');
      await sourcesOf2();
      expect(farewells(failed)).toEqual(new Set(SORTS.map(({ vrid }) => vrid)));
    }));

  it.concurrent('through the API: tracks are changed, Fault is Down where it always was', () =>
    play(async ({ r1, wire, tracker, start, configure }) => {
      for (const name of ['uplink', 'web']) tracker.tell(name, 'up');
      const secret = { password: 'geheimnis' };
      const tables = `${tracker.table('uplink', secret)}${tracker.table('web')}${apiTable()}`;
      const daemon = start([tracked(['uplink'])], tables);
      await wire.soleMaster(TRACKED, R1);
      const api = new HttpClient(r1, `http://${API_ADDRESS}`);
      await api.logIn('admin', 'banana');
      const path = `/config/vrouter/${TRACKED}/lan`;
      const refused = await api.request(path, { method: 'PATCH', body: { track: ['uplnk'] } });
      expect(refused.status).toBe(422);
      expect(refused.text).toContain('did you mean');
      const since = Date.now();
      const track = ['uplink', { name: 'web', weight: -20 }];
      const changed = await api.request(path, { method: 'PATCH', body: { track } });
      expect([changed.status, changed.text]).toEqual([200, expect.stringContaining('"track":["uplink"')]);
      tracker.tell('web', 'down');
      const router = async () =>
        ((await api.request('/run/status')).json as { routers: object[] }).routers[0];
      await eventually('the priority with its parts', 20_000, async () => {
        expect(await router()).toMatchObject({ state: 'Master', priority_parts: '200 - 20 (web) = 180' });
        return true;
      });
      await sleep(2500); // some advertisements
      expectUndisturbed(wire, since - 1200, [TRACKED]);
      tracker.tell('uplink', 'down');
      await logged(daemon, /Master -> Fault/);
      const reason = 'tracker uplink is down: told to be down';
      await eventually('Fault', 20_000, async () => {
        expect(await router()).toMatchObject({ state: 'Fault', fault: reason });
        return true;
      });
      expect((await api.request('/run/vrrp')).json).toMatchObject([{ group: TRACKED, state: 'Down' }]);
      const { text } = await api.request('/metrics');
      expect(text).toContain('rvrrpd_tracker_verdict{tracker="uplink",type="obedient",verdict="down"} 1');
      expect(text).toMatch(/rvrrpd_virtual_router_state\{state="Fault",.*\} 1/);
      // What is wrong is told before anything starts, with its line; what is there is listed.
      const file = configure([tracked(['uplink'])], tracker.table('uplink', { fil: 1, fall: 0 }));
      const check = await invoke(r1, ['--check', '-c', file]);
      expect(check.code).not.toBe(0);
      expect(check.stderr).toMatch(/:\d+: track\[0\]\.fil: unknown directive, did you mean "file"\?/);
      expect(check.stderr).toMatch(/:\d+: track\[0\]\.fall = 0: must be 1 to 1000/);
      const plugins = await invoke(r1, ['plugins', '-c', configure([tracked(['uplink'])], tables)]);
      expect(plugins.stdout).toMatch(
        /rvrrpd-plugin-track-obedient +1\.0\.1 +track +obedient +configuration +yes/,
      );
    })());

  it.concurrent('track_interface = false: a Master stays Master without a carrier', () =>
    play(async ({ lan, r1, wire, tracker, start }) => {
      tracker.tell('x', 'up');
      const daemon = start([tracked(['x'], { track_interface: false }), other], tracker.table('x'));
      for (const vrid of [TRACKED, OTHER]) await wire.soleMaster(vrid, R1);
      await lan.unplug(r1);
      await logged(daemon, new RegExp(`group ${OTHER}: Master -> Down: the interface is down`));
      await sleep(1500);
      expect(story(daemon).filter((line) => line.includes(`group ${TRACKED}`))).toHaveLength(2);
      expect((await r1.ip('-o addr show dev lan')).toString()).toContain(VIP);
    })());
});
