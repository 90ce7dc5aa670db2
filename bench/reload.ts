/**
 * SIGHUP over and over, each time with another version of a plugin: what is seen of it on the wire, beside the
 * same without reloads, and what it leaves behind in the process.
 *
 * `--short`: fewer reloads. `--only=TITLE`: the runs of that title alone, as in `--only="a signing Master"`.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { cadence } from '../test/lab/cadence.ts';
import { hmac, installVersion } from '../test/lab/hmac.ts';
import { Keepalived } from '../test/lab/keepalived.ts';
import { type Lab, withLab } from '../test/lab/lab.ts';
import { Rvrrpd, writeConfiguration } from '../test/lab/rvrrpd.ts';
import { TRAP_AUTH, writeAuthPlugin } from '../test/lab/trap.ts';
import { eventually, sleep } from '../test/lab/wait.ts';
import { Wire } from '../test/lab/wire.ts';
import { lateness } from './lateness.ts';
import { convergence, type Network, network, type Size } from './network.ts';
import { chosen } from './options.ts';
import { type Measures, sideBySide } from './report.ts';
import { greatest, median } from './statistics.ts';
import { residentMb } from './usage.ts';

const SHORT = process.argv.includes('--short');
/** Advertisement interval in ms. */
const INTERVAL = 1000;
const SECRET = 'geheimnis';
const PLUGIN = 'rvrrpd-plugin-auth-versions';
/** After so many reloads memory is taken for the first time: from then on it must not grow. */
const WARM = 20;

/** What a run is about. */
interface Run {
  readonly title: string;
  readonly size: Size;
  readonly reloads: number;
  /** Who is reloaded. */
  readonly role: 'Master' | 'Backup';
  /** Greatest gap between two advertisements that is good enough, in intervals. */
  readonly gap: number;
  /** Both sides are ours and sign with HMAC trailers, whose plugin is another version each time. */
  readonly hmac?: true;
}

const RUNS: readonly Run[] = SHORT
  ? [
      { title: 'a Master', size: { cables: 1, vrids: 250 }, reloads: 40, role: 'Master', gap: 1.02 },
      { title: 'a Master', size: { cables: 4, vrids: 250 }, reloads: 5, role: 'Master', gap: 1.05 },
      { title: 'a Backup', size: { cables: 1, vrids: 250 }, reloads: 40, role: 'Backup', gap: 1.02 },
      {
        title: 'a signing Master',
        size: { cables: 1, vrids: 100 },
        reloads: 40,
        role: 'Master',
        gap: 1.02,
        hmac: true,
      },
    ]
  : [
      { title: 'a Master', size: { cables: 1, vrids: 250 }, reloads: 200, role: 'Master', gap: 1.02 },
      { title: 'a Master', size: { cables: 16, vrids: 250 }, reloads: 20, role: 'Master', gap: 1.05 },
      { title: 'a Backup', size: { cables: 1, vrids: 250 }, reloads: 1000, role: 'Backup', gap: 1.02 },
      {
        title: 'a signing Master',
        size: { cables: 1, vrids: 250 },
        reloads: 200,
        role: 'Master',
        gap: 1.02,
        hmac: true,
      },
    ];

/** Installs the next version of the plugin beside the configuration. */
function install(lab: Lab, minor: number, { hmac: signs }: Pick<Run, 'hmac'>): void {
  if (signs) {
    installVersion(lab, `1.${minor}.0`);
    return;
  }
  writeAuthPlugin(path.join(lab.folder, 'node_modules', PLUGIN), {
    version: `1.${minor}.0`,
    members: `exportState: () => ({ minor: ${minor} }),
      importState(state) { if (!(state.minor < ${minor})) throw new Error('not newer than ' + state.minor); },`,
  });
}

function routersOf({ size }: Network) {
  return Array.from({ length: size.cables * size.vrids }, (_, index) => {
    const cable = Math.floor(index / size.vrids);
    const vrid = (index % size.vrids) + 1;
    return { interface: `e${cable}`, vrid, vip: `10.${100 + cable}.0.${vrid}` };
  });
}

function startRvrrpd(lab: Lab, net: Network, role: Run['role'], signs?: true): Rvrrpd {
  const host = role === 'Master' ? net.r1 : net.r2;
  const vrouters = routersOf(net).map(({ vrid, ...router }) => ({
    ...{ group: vrid, ...router, priority: role === 'Master' ? 200 : 100, preemption: true },
    ...{ iftype: 'ether', netdrv: 'libnl' },
    ...(signs ? hmac() : { auth_type: TRAP_AUTH, auth_secret: SECRET }),
  }));
  const plugins = signs ? { './auth-hmac': '*' } : { [PLUGIN]: '^1' };
  const [[name, range]] = Object.entries(plugins) as [[string, string]];
  return Rvrrpd.startWith(
    host,
    writeConfiguration(lab, host, vrouters, { tables: `[plugins]\n"${name}" = "${range}"\n` }),
  );
}

function startKeepalived(lab: Lab, net: Network, role: Run['role']): Keepalived {
  const instances = routersOf(net).map(({ vip, ...router }) => ({
    ...{ ...router, priority: role === 'Master' ? 200 : 100, vips: [vip], secret: SECRET },
  }));
  return Keepalived.start(lab, role === 'Master' ? net.r1 : net.r2, instances, {
    output: 'discard',
    detail: false,
  });
}

/** What the wire says about a stretch of time. */
async function watched(lab: Lab, net: Network, during: () => Promise<void>): Promise<Measures> {
  const wire = await Wire.tap(lab, net.r2, 'any', { filter: 'vrrp', immediate: false });
  await sleep(1.5 * INTERVAL);
  await during();
  await sleep(1.5 * INTERVAL);
  await wire.stop();
  const adverts = wire.adverts();
  const { smallest, greatest: gap, count } = cadence(adverts, (source) => source.endsWith('.0.1'));
  const others = adverts.filter(({ source, priority }) => !source.endsWith('.0.1') || priority === 0).length;
  return {
    'advertisements of the Backup, or of priority 0': others,
    'gaps between advertisements': count,
    'greatest gap (intervals)': gap / INTERVAL,
    'smallest gap (intervals)': smallest / INTERVAL,
  };
}

/** @returns ms from SIGHUP to the verdict, of each reload; memory and descriptors after some and after all */
async function reloadAll(lab: Lab, daemon: Rvrrpd, run: Run): Promise<Measures> {
  const { reloads } = run;
  const pid = await daemon.pid();
  const durations: number[] = [];
  const after = new Map<number, { memory: number; descriptors: number }>();
  const first = Math.min(WARM, Math.floor(reloads / 2));
  for (let round = 1; round <= reloads; round++) {
    install(lab, round, run);
    const begin = performance.now();
    const lines = await daemon.reload(60_000);
    durations.push(performance.now() - begin);
    const verdict = lines.at(-1)?.msg ?? '';
    if (!verdict.startsWith('reloaded: ')) throw new Error(`reload ${round}: ${verdict}`);
    if (round === first || round === reloads) {
      const descriptors = readdirSync(`/proc/${pid}/fd`).length;
      after.set(round, { memory: residentMb([pid]), descriptors });
    }
  }
  const [early, late] = [after.get(first)!, after.get(reloads)!];
  return {
    'reload, median (ms)': median(durations),
    'reload, at most (ms)': greatest(durations),
    [`memory after ${first} reloads (MB)`]: early.memory,
    [`memory after ${reloads} reloads (MB)`]: late.memory,
    'memory grown (%)': (late.memory / early.memory - 1) * 100,
    'file descriptors more': late.descriptors - early.descriptors,
  };
}

/** Advertisements that it has dropped, whatever for. */
async function refusedBy(daemon: Rvrrpd): Promise<number> {
  const { routers } = await daemon.counters();
  return routers.flatMap(({ counters }) => Object.values(counters.dropped)).reduce((a, b) => a + b, 0);
}

/** How late the Backup takes over when its Master dies in the middle of a reload. */
async function dyingMaster(lab: Lab, net: Network, daemon: Rvrrpd, master: Keepalived, minor: number) {
  const wire = await Wire.tap(lab, net.r2, 'any', { filter: 'vrrp', immediate: false });
  await sleep(2 * INTERVAL);
  install(lab, minor, {});
  const reload = daemon.reload(60_000);
  await sleep(60);
  const killed = await master.kill();
  await reload;
  await sleep(5 * INTERVAL);
  await wire.stop();
  const late = lateness(wire.adverts(), killed, '.0.2');
  return {
    'virtual routers taken over': late.length,
    'late after the death of the Master in a reload, at most (ms)': greatest(late),
  };
}

interface Result {
  readonly title: string;
  readonly without: Measures;
  readonly reloaded: Measures;
  readonly faults: readonly string[];
}

async function play(run: Run): Promise<Result> {
  const total = run.size.cables * run.size.vrids;
  const title = `${run.title} of ${total} virtual routers reloaded ${run.reloads} times`;
  return withLab(async (lab) => {
    const net = await network(lab, run.size);
    install(lab, 0, run);
    const ours = run.role === 'Master';
    const daemon = ours ? startRvrrpd(lab, net, 'Master', run.hmac) : undefined;
    const master = ours ? undefined : startKeepalived(lab, net, 'Master');
    await sleep(4500);
    const peer = run.hmac ? startRvrrpd(lab, net, 'Backup', run.hmac) : undefined;
    if (ours && !peer) startKeepalived(lab, net, 'Backup');
    const reloaded = daemon ?? startRvrrpd(lab, net, 'Backup');
    await reloaded.ready(60_000);
    await convergence(net, 120_000);
    await sleep(8000); // whoever repeats gratuitous ARP has done so

    const begin = performance.now();
    let process: Measures = {};
    const wire = await watched(lab, net, async () => {
      process = await reloadAll(lab, reloaded, run);
    });
    const duration = Math.min(performance.now() - begin, 60_000);
    const without = await watched(lab, net, () => sleep(duration));
    const death: Measures = master ? await dyingMaster(lab, net, reloaded, master, run.reloads + 1) : {};
    const refused: Measures = peer ? { 'advertisements refused by the Backup': await refusedBy(peer) } : {};
    const measures: Measures = { ...wire, ...process, ...death, ...refused };
    await eventually('the end', 30_000, async () => (await reloaded.stop('SIGTERM', 20_000)).code === 0);

    const faults = Object.entries({
      'a transition': measures['advertisements of the Backup, or of priority 0'] !== 0,
      'a gap that is too long': ours && !(measures['greatest gap (intervals)']! <= run.gap),
      'an advertisement sent twice': ours && !(measures['smallest gap (intervals)']! >= 0.5),
      // Before that many it still warms up.
      'memory grows': run.reloads >= 2 * WARM && !(measures['memory grown (%)']! <= 10),
      'advertisements are refused': (refused['advertisements refused by the Backup'] ?? 0) > 0,
      'file descriptors are left open': measures['file descriptors more']! > 0,
      'a Master that died was not replaced':
        master !== undefined && death['virtual routers taken over'] !== total,
    });
    return {
      title,
      without,
      reloaded: measures,
      faults: faults.filter(([, is]) => is).map(([what]) => what),
    };
  });
}

const results: Result[] = [];
for (const run of chosen(RUNS)) {
  const result = await play(run);
  const { title, without, reloaded, faults } = result;
  sideBySide(title, { reloaded, 'left alone': without }, faults);
  results.push(result);
}
console.log(`\n${JSON.stringify(results)}`);
process.exitCode = results.every(({ faults }) => faults.length === 0) ? 0 : 1;
