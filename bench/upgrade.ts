/**
 * The running Master upgraded over and over, back and forth between two versions, keepalived as its Backup: 250 virtual
 * routers at 1 s and 100 at 100 ms. Then upgrades in which one of the two processes is killed at a random moment.
 *
 * `--node FILE`: another Node.js, which every other upgrade changes to; from npm: `npm install node@22`. `--short`: less
 * of everything. `--upgrades=6`, `--kills=20`: so many, the kills of each of the two processes.
 */
import { readdirSync } from 'node:fs';
import { cadence } from '../test/lab/cadence.ts';
import { Keepalived } from '../test/lab/keepalived.ts';
import { type Lab, withLab } from '../test/lab/lab.ts';
import { executable, Rvrrpd, writeConfiguration } from '../test/lab/rvrrpd.ts';
import { snapshot } from '../test/lab/snapshot.ts';
import { daemonsOn, onlyDaemonOn, otherVersion, statusOf, upgrade } from '../test/lab/upgrading.ts';
import { eventually, sleep } from '../test/lab/wait.ts';
import { Wire } from '../test/lab/wire.ts';
import { type Network, network } from './network.ts';
import { count } from './options.ts';
import { type Measures, sideBySide } from './report.ts';
import { greatest, median } from './statistics.ts';
import { residentMb } from './usage.ts';

const SHORT = process.argv.includes('--short');
const at = process.argv.indexOf('--node');
const OTHER_NODE = at < 0 ? undefined : process.argv[at + 1];
const UPGRADES = count('upgrades', SHORT ? 6 : 50);
const KILLS = count('kills', SHORT ? 4 : 20);
/** After so many upgrades memory is taken for the first time. */
const WARM = Math.min(SHORT ? 2 : 10, UPGRADES);

/** Of each cable: its virtual routers' number, version, interval in ms, and the gap in intervals that is good enough. */
const CABLES = [
  { vrids: 250, version: 2, interval: 1000, gap: 1.05 },
  { vrids: 100, version: 3, interval: 100, gap: 1.2 },
] as const;

function places(priority: number) {
  return CABLES.flatMap(({ vrids, version, interval }, cable) =>
    Array.from({ length: vrids }, (_, index) => ({
      ...{ interface: `e${cable}`, vrid: index + 1, vip: `10.${100 + cable}.0.${index + 1}` },
      ...{ version, interval: interval / 1000, priority },
    })),
  );
}

function startMaster(lab: Lab, { r1 }: Network): { file: string; daemon: Rvrrpd } {
  const vrouters = places(200).map(({ vrid, interval, version, ...rest }) => ({
    ...{ group: vrid, ...rest, version, timers: { advert: interval }, preemption: true },
    ...{ iftype: 'ether', netdrv: 'libnl' },
    // keepalived as a Backup says nothing of what it reads: this.
    ...(version === 3 && { checksum: 'pseudo-header' as const }),
  }));
  const file = writeConfiguration(lab, r1, vrouters);
  return { file, daemon: Rvrrpd.startWith(r1, file, {}) };
}

function startBackup(lab: Lab, { r2 }: Network): Keepalived {
  const instances = places(100).map(({ vip, ...rest }) => ({ ...rest, vips: [`${vip}/32`] }));
  // What it recommends itself at every start: it may then ask for the real-time priority that it needs.
  return Keepalived.start(lab, r2, instances, {
    ...{ output: 'discard', detail: false, globals: '  max_auto_priority 99\n' },
  });
}

/** What the wire says about a stretch of time. */
async function watched(lab: Lab, { r2 }: Network, during: () => Promise<void>): Promise<Measures> {
  const wire = await Wire.tap(lab, r2, 'any', { filter: 'vrrp', immediate: false });
  await sleep(2000);
  await during();
  await sleep(2000);
  await wire.stop();
  const adverts = wire.adverts();
  const foreign = adverts.filter(({ source, priority }) => !source.endsWith('.0.1') || priority === 0);
  const gaps = CABLES.map(({ interval }, cable) => {
    const { greatest: gap } = cadence(adverts, (source) => source === `10.${cable}.0.1`);
    return [`greatest gap at ${interval} ms (intervals)`, gap / interval];
  });
  return {
    'advertisements of the Backup, or of priority 0': foreign.length,
    ...Object.fromEntries(gaps),
    advertisements: adverts.length,
  };
}

/** Arguments of upgrade number `round`. */
function target(other: string, round: number): string[] {
  const isOther = round % 2 === 0;
  const node = isOther ? (OTHER_NODE ?? process.execPath) : process.execPath;
  return ['--node', node, isOther ? other : executable()];
}

async function upgradeAll(net: Network, file: string, other: string): Promise<Measures> {
  const { r1 } = net;
  const durations: number[] = [];
  const after = new Map<number, { memory: number; descriptors: number }>();
  for (let round = 0; round < UPGRADES; round++) {
    const begin = performance.now();
    const { code, stderr } = await upgrade(r1, file, ...target(other, round));
    if (code !== 0) throw new Error(`upgrade ${round + 1}: ${stderr}`);
    durations.push(performance.now() - begin);
    const pid = await onlyDaemonOn(r1);
    await sleep(SHORT ? 500 : 1500);
    after.set(round + 1, {
      memory: residentMb([pid]),
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
    });
  }
  const [early, late] = [after.get(WARM)!, after.get(UPGRADES)!];
  return {
    'upgrade, median (ms)': median(durations),
    'upgrade, at most (ms)': greatest(durations),
    [`memory after ${WARM} upgrades (MB)`]: early.memory,
    [`memory after ${UPGRADES} upgrades (MB)`]: late.memory,
    'file descriptors more': late.descriptors - early.descriptors,
  };
}

/** Kills one of the two processes at a random moment. @returns how often which of them was left */
async function killSome(
  lab: Lab,
  net: Network,
  file: string,
  other: string,
  victim: 'new' | 'old',
): Promise<Measures> {
  const { r1 } = net;
  let died = 0;
  let transitions = 0;
  for (let round = 0; round < KILLS; round++) {
    const pid = await onlyDaemonOn(r1);
    const wire = await Wire.tap(lab, net.r2, 'any', { filter: 'vrrp', immediate: false });
    await sleep(1000);
    const under = upgrade(r1, file, ...target(other, round));
    const heir = await eventually(
      'the new process',
      20_000,
      () => daemonsOn(r1).find((each) => each !== pid),
      2,
    );
    await sleep(Math.random() * 900);
    // One that is the daemon alone by now is not to be killed: nobody would be left.
    const both = daemonsOn(r1).length === 2;
    if (both) process.kill(victim === 'new' ? heir : pid, 'SIGKILL');
    await under;
    const left = await onlyDaemonOn(r1);
    if (both && left !== (victim === 'new' ? heir : pid)) died++;
    await eventually('all as Master', 60_000, async () =>
      (await statusOf(r1, file)).routers.every(({ state }) => state === 'Master'),
    );
    await sleep(1000);
    await wire.stop();
    if (victim === 'old') continue;
    transitions += wire
      .adverts()
      .filter(({ source, priority }) => !source.endsWith('.0.1') || priority === 0).length;
  }
  return {
    [`upgrades in which the ${victim} process was killed`]: died,
    ...(victim === 'new' && { 'advertisements of the Backup, or of priority 0, in these': transitions }),
  };
}

await withLab(async (lab) => {
  const net = await network(lab, { cables: CABLES.length, vrids: 0 });
  const { file, daemon } = startMaster(lab, net);
  await daemon.ready(60_000);
  await eventually('all as Master', 60_000, async () =>
    (await statusOf(net.r1, file)).routers.every(({ state }) => state === 'Master'),
  );
  startBackup(lab, net);
  await sleep(8000);
  const other = otherVersion(lab.folder, '9.8.7');
  const before = await snapshot(net.r1);
  let process_: Measures = {};
  const begin = performance.now();
  const wire = await watched(lab, net, async () => {
    process_ = await upgradeAll(net, file, other);
  });
  const duration = Math.min(performance.now() - begin, 60_000);
  const changed = JSON.stringify(await snapshot(net.r1)) === JSON.stringify(before) ? 0 : 1;
  const without = await watched(lab, net, () => sleep(duration));
  const kills = {
    ...(await killSome(lab, net, file, other, 'new')),
    ...(await killSome(lab, net, file, other, 'old')),
  };
  const upgraded: Measures = { ...wire, ...process_, 'kernel state changed': changed, ...kills };
  const faults = Object.entries({
    'a transition': upgraded['advertisements of the Backup, or of priority 0'] !== 0,
    'a transition in an upgrade that failed':
      upgraded['advertisements of the Backup, or of priority 0, in these'] !== 0,
    'kernel state changed': changed !== 0,
    ...Object.fromEntries(
      CABLES.map(({ interval, gap }) => [
        `a gap that is too long, at ${interval} ms`,
        !(upgraded[`greatest gap at ${interval} ms (intervals)`]! <= gap),
      ]),
    ),
    'file descriptors are left open': upgraded['file descriptors more']! > 0,
  });
  const missed = faults.filter(([, is]) => is).map(([what]) => what);
  sideBySide(
    `a Master of 350 virtual routers upgraded ${UPGRADES} times${OTHER_NODE ? `, Node.js ${process.version} and ${OTHER_NODE}` : ''}`,
    { upgraded, 'left alone': without },
    missed,
  );
  console.log(`\n${JSON.stringify({ upgraded, without, missed })}`);
  process.exitCode = missed.length === 0 ? 0 : 1;
});
