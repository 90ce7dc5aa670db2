/**
 * Trackers that fail, flap, hang, crash, spin and leak, and reloads in between, each time with another version of their
 * plugins: what the Masters beside them show of it on the wire, beside the same without, and what is left over.
 */
import { readdirSync } from 'node:fs';
import { cadence } from '../test/lab/cadence.ts';
import { type Lab, withLab } from '../test/lab/lab.ts';
import { Rvrrpd, type VrouterTable, writeConfiguration } from '../test/lab/rvrrpd.ts';
import { type Behaviour, ObedientTracker } from '../test/lab/tracker.ts';
import { R1, type TwoRouters, twoRouters } from '../test/lab/two-routers.ts';
import { eventually, sleep } from '../test/lab/wait.ts';
import { type Measures, sideBySide } from './report.ts';
import { residentMb } from './usage.ts';

const SHORT = process.argv.includes('--short');
const RELOADS = SHORT ? 10 : 200;
/** Masters that nothing is to happen to, half of them with a tracker that is up. */
const MASTERS = 50;
/** The one whose priority goes by all that is wrong. */
const SUFFERER = 200;
/** Advertisement interval in ms. */
const INTERVAL = 1000;
/** A gap between advertisements that is good enough, in intervals. */
const GAP = 1.05;
/** What one plugin each does, all the time. */
const WRONG: readonly Behaviour[] = [
  'down',
  'flap',
  'throw',
  'hang',
  'deaf',
  'crash',
  'exit',
  'spin',
  'leak',
];

/** The virtual routers; with trackers or without. */
function vrouters(isTracked: boolean): VrouterTable[] {
  const common = { interface: 'lan', priority: 200, preemption: true, iftype: 'ether', netdrv: 'libnl' };
  const masters = Array.from({ length: MASTERS }, (_, index) => ({
    ...{ group: index + 1, vip: `10.0.1.${index + 1}`, ...common },
    ...(isTracked && index % 2 === 0 && { track: ['good'] }),
  }));
  const track = WRONG.map((what) => ({ name: what, weight: -1 }));
  return [...masters, { group: SUFFERER, vip: '10.0.2.1', ...common, ...(isTracked && { track }) }];
}

/** All plugins, and the tables of their trackers. */
function plugins(lab: Lab) {
  const good = new ObedientTracker(lab);
  const wrong = WRONG.map((what) => ({ what, plugin: new ObedientTracker(lab, `-${what}`) }));
  const all = [good, ...wrong.map(({ plugin }) => plugin)];
  const tables = [good.table('good'), ...wrong.map(({ what, plugin }) => plugin.table(what))].join('');
  const entries = all.map(({ plugins }) => plugins.replace('[plugins]\n', '')).join('');
  good.tell('good', 'up');
  for (const { what, plugin } of wrong) plugin.tell(what, what);
  return { all, tables: `${tables}[plugins]\n${entries}` };
}

/** What the wire says of the Masters that nothing is to happen to, during some work. */
async function watched({ wire }: TwoRouters, during: () => Promise<void>): Promise<Measures> {
  const since = Date.now();
  await sleep(1.5 * INTERVAL);
  await during();
  await sleep(1.5 * INTERVAL);
  const adverts = wire.adverts(undefined, since).filter(({ vrid }) => vrid <= MASTERS);
  const { smallest, greatest, count } = cadence(adverts, (source) => source === R1);
  return {
    'advertisements of others, or of priority 0': adverts.filter(
      ({ source, priority }) => source !== R1 || priority === 0,
    ).length,
    'gaps between advertisements': count,
    'greatest gap (intervals)': greatest / INTERVAL,
    'smallest gap (intervals)': smallest / INTERVAL,
  };
}

async function play() {
  return withLab(async (lab) => {
    const network = await twoRouters(lab);
    const { all, tables } = plugins(lab);
    const configure = (isTracked: boolean) =>
      writeConfiguration(lab, network.r1, vrouters(isTracked), isTracked ? { tables } : {});
    const daemon = Rvrrpd.startWith(network.r1, configure(false));
    for (const vrid of [1, MASTERS]) await network.wire.soleMaster(vrid, R1, 30_000);
    const { pid } = daemon.running;
    const threads = (): number => readdirSync(`/proc/${pid}/task`).length;
    const descriptors = (): number => readdirSync(`/proc/${pid}/fd`).length;
    await Rvrrpd.start(
      lab,
      network.r2,
      vrouters(false).map((router) => ({ ...router, priority: 100 })),
    ).ready(30_000);

    let duration = 0;
    let early = 0;
    const reload = async (): Promise<void> => {
      const verdict = (await daemon.reload(60_000)).at(-1)?.msg ?? '';
      if (!verdict.startsWith('reloaded: ')) throw new Error(verdict);
    };
    const [threadsBefore, descriptorsBefore] = [threads(), descriptors()];
    const tracked = await watched(network, async () => {
      const begin = performance.now();
      configure(true);
      for (let round = 1; round <= RELOADS; round++) {
        for (const plugin of all) plugin.upgrade();
        await reload();
        await sleep(round % 5 === 0 ? 3000 : 100); // time to spin, crash and leak in
        if (round === Math.floor(RELOADS / 4)) early = residentMb([pid]);
      }
      duration = performance.now() - begin;
    });
    const grown = (residentMb([pid]) / early - 1) * 100;
    const good = daemon.log().filter(({ msg }) => /^tracker good: /.test(msg ?? '')).length;
    configure(false);
    await reload();
    await eventually('the end of all threads', 20_000, () => threads() <= threadsBefore);
    await sleep(2000); // what a thread had open goes a little later
    const left = { 'file descriptors more': descriptors() - descriptorsBefore };
    const without = await watched(network, () => sleep(Math.min(duration, 60_000)));
    await eventually('the end', 30_000, async () => (await daemon.stop('SIGTERM', 20_000)).code === 0);
    const measures: Measures = {
      ...tracked,
      ...left,
      'memory grown after a quarter of the reloads (%)': grown,
      'verdicts of the good tracker': good,
    };
    const faults = Object.entries({
      'a transition': measures['advertisements of others, or of priority 0'] !== 0,
      'a gap that is too long': !(measures['greatest gap (intervals)']! <= GAP),
      'an advertisement sent twice': !(measures['smallest gap (intervals)']! >= 0.5),
      'a verdict was lost': good !== 1,
      'memory grows': !SHORT && grown > 15,
      'file descriptors are left open': left['file descriptors more'] > 0,
    });
    return { without, tracked: measures, faults: faults.filter(([, is]) => is).map(([what]) => what) };
  });
}

const { without, tracked, faults } = await play();
const title = `${MASTERS} Masters, ${RELOADS} reloads, ${WRONG.length} plugins at fault`;
sideBySide(title, { tracked, 'left alone': without }, faults);
console.log(`\n${JSON.stringify({ without, tracked, faults })}`);
process.exitCode = faults.length === 0 ? 0 : 1;
