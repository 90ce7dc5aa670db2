/**
 * VRRPv3 at 10 ms: 100 virtual routers on 4 links, both daemons on a machine whose processors spin otherwise.
 *
 * - Nobody takes a Master for dead that is not: no transition in five minutes.
 * - SIGKILL of the Master, whose host is gone with it: all virtual routers are taken over, and for how long is a client
 *   on each link cut off?
 * - 200 reloads of the Master, then of the Backup, each time with another version of a plugin: no transition.
 *
 * `--short`: less of all. `--kills`: the second alone.
 */
import { setPriority } from 'node:os';
import path from 'node:path';
import type { Host } from '../test/lab/host.ts';
import { type Lab, withLab } from '../test/lab/lab.ts';
import type { Running } from '../test/lab/running.ts';
import { Rvrrpd, writeConfiguration } from '../test/lab/rvrrpd.ts';
import type { Implementation } from '../test/lab/speaker.ts';
import { TRAP_IFTYPE, writeIftypePlugin } from '../test/lab/trap.ts';
import { sleep } from '../test/lab/wait.ts';
import { Wire } from '../test/lab/wire.ts';
import { ask } from './asker.ts';
import { type Measures, report, sideBySide } from './report.ts';
import {
  holdsAll,
  masterDownInterval,
  type Segments,
  type Shape,
  segments,
  startOn,
  switchOff,
  tables,
  transitions,
} from './segments.ts';
import { greatest } from './statistics.ts';

const SHORT = process.argv.includes('--short');
const KILLS = process.argv.includes('--kills');
const SHAPE: Shape = { links: 4, vrids: 25, family: 4, interval: 0.01 };
const TOTAL = SHAPE.links * SHAPE.vrids;
const STABLE_MS = SHORT ? 20_000 : 300_000;
const ROUNDS = SHORT ? 1 : 5;
const RELOADS = SHORT ? 10 : 200;
const SPINNERS = 4;
const PLUGIN = 'rvrrpd-plugin-iftype-versions';
/** The client asks every so often, in ms: no cut-off is known better than that. */
const EVERY_MS = 0.5;

const CUT_OFF = 'client cut off, longest of 4 links (ms)';
const FALSE = 'advertisements of the Backup, or of priority 0, while all was well';
const MISSING = 'virtual routers not taken over';

/** Processes that never sleep, more of them than there are processors. */
function spin(host: Host): Running[] {
  const start = (): Running => host.start('sh', ['-c', 'while :; do :; done'], { output: 'discard' });
  return Array.from({ length: SPINNERS }, start);
}

/** The last address of each link: whoever installs addresses one after the other has it last. */
function lastOnes({ places, shape }: Segments): string[] {
  return Array.from(
    { length: shape.links },
    (_, link) => places.filter((place) => place.link === link).at(-1)!.vip,
  );
}

/** The longest time without a reply on any link around `at`, in ms; replies come with the kernel's time. */
function longestCutOff(wire: Wire, at: number): number {
  const times = new Map<number, number[]>();
  for (const { interfaceIndex, time } of wire.frames()) {
    if (time < at - 500 || time > at + 3000) continue;
    const list = times.get(interfaceIndex) ?? [];
    list.push(time);
    times.set(interfaceIndex, list);
  }
  if (times.size !== SHAPE.links) throw new Error(`replies on ${times.size} of ${SHAPE.links} links`);
  const gaps = [...times.values()].map((list) =>
    greatest(list.slice(1).map((time, index) => time - list[index]!)),
  );
  return greatest(gaps);
}

async function stable(lab: Lab, net: Segments): Promise<number> {
  const wire = await transitions(lab, net);
  await sleep(STABLE_MS);
  await wire.stop();
  return wire.adverts().length;
}

async function crash(lab: Lab, net: Segments, kill: () => Promise<number>): Promise<Measures> {
  const { client, r1, r2 } = net;
  const asking = ask(client, lastOnes(net), EVERY_MS);
  const interfaces = Array.from({ length: SHAPE.links }, (_, link) => `e${link}`);
  const off = switchOff(r1, interfaces);
  await sleep(1000);
  const replies = await Wire.tap(lab, client, 'any', { filter: 'icmp and icmp[0] = 0' });
  await sleep(1000);
  const killed = kill();
  off();
  const at = await killed;
  await sleep(2000);
  await holdsAll(net, r2, undefined, 10_000).catch(() => {});
  await replies.stop();
  await asking.stop('SIGINT');
  const wire = await Wire.tap(lab, client, 'any', { filter: 'vrrp' });
  await sleep(500);
  await wire.stop();
  const alive = new Set(wire.adverts().map(({ interfaceIndex, vrid }) => `${interfaceIndex}/${vrid}`));
  return { [CUT_OFF]: longestCutOff(replies, at), [MISSING]: TOTAL - alive.size };
}

/** @param watch whether it is watched for five minutes first */
async function round(implementation: Implementation, watch: boolean): Promise<Measures> {
  return withLab(async (lab) => {
    const net = await segments(lab, SHAPE);
    const master = startOn(implementation, lab, net, net.r1);
    await holdsAll(net, net.r1);
    startOn(implementation, lab, net, net.r2);
    await sleep(8000);
    await holdsAll(net, net.r1, net.r2);
    const spinning = spin(net.client);
    setPriority(-20); // who measures does not wait for them; what runs already is what it was
    await sleep(2000);
    const seen = watch ? await stable(lab, net) : Number.NaN;
    const measures = await crash(lab, net, () => master.kill());
    for (const each of spinning) each.signal('SIGKILL');
    setPriority(0);
    return { [FALSE]: seen, ...measures };
  });
}

async function reloads(role: 'r1' | 'r2'): Promise<Measures> {
  return withLab(async (lab) => {
    const install = (minor: number): void =>
      writeIftypePlugin(path.join(lab.folder, 'node_modules', PLUGIN), { version: `1.${minor}.0` });
    install(0);
    const net = await segments(lab, SHAPE);
    const start = (host: Host): Rvrrpd => {
      const options = { tables: `[plugins]\n"${PLUGIN}" = "^1"\n` };
      return Rvrrpd.startWith(host, writeConfiguration(lab, host, tables(net, host, TRAP_IFTYPE), options));
    };
    const master = start(net.r1);
    await holdsAll(net, net.r1);
    const backup = start(net.r2);
    await backup.ready(30_000);
    await sleep(5000);
    const wire = await transitions(lab, net);
    for (let minor = 1; minor <= RELOADS; minor++) {
      install(minor);
      const verdict = (await (role === 'r1' ? master : backup).reload(60_000)).at(-1)?.msg ?? '';
      if (!verdict.startsWith('reloaded: ')) throw new Error(`reload ${minor} of ${role}: ${verdict}`);
    }
    await sleep(500);
    await wire.stop();
    await holdsAll(net, net.r1, net.r2);
    return { [FALSE]: wire.adverts().length };
  });
}

const results: Record<Implementation, Measures[]> = { rvrrpd: [], keepalived: [] };
for (let index = 0; index < ROUNDS; index++) {
  for (const implementation of ['rvrrpd', 'keepalived'] as const) {
    const measures = await round(implementation, index === 0 && !KILLS);
    results[implementation].push(measures);
    console.log(`round ${index + 1} of ${ROUNDS}, ${implementation}: ${JSON.stringify(measures)}`);
  }
}
const faults: string[] = [];
if (!KILLS) {
  const once = results.rvrrpd[0]![FALSE]!;
  if (once > 0) faults.push(`a transition without a cause in ${STABLE_MS / 1000} s`);
  const columns: Record<string, Measures> = {
    [`${STABLE_MS / 1000} s`]: { [FALSE]: once },
    keepalived: { [FALSE]: results.keepalived[0]![FALSE]! },
  };
  for (const role of ['r1', 'r2'] as const) {
    const measures = await reloads(role);
    const heading = role === 'r1' ? 'Master reloaded' : 'Backup reloaded';
    columns[heading] = measures;
    if (measures[FALSE]! > 0) faults.push(`a transition while ${role} was reloaded ${RELOADS} times`);
  }
  sideBySide(`${TOTAL} virtual routers at 10 ms, ${SPINNERS} spinning processes`, columns, faults);
}
const withoutFalse = (all: readonly Measures[]): Measures[] =>
  all.map((measures) => Object.fromEntries(Object.entries(measures).filter(([name]) => name !== FALSE)));
const met = report(
  `SIGKILL of the Master of ${TOTAL} virtual routers at 10 ms, ${SPINNERS} spinning processes`,
  { rvrrpd: withoutFalse(results.rvrrpd), keepalived: withoutFalse(results.keepalived) },
  { [CUT_OFF]: { most: masterDownInterval(SHAPE) + 5 }, [MISSING]: { most: 0 } },
);
process.exitCode = met && faults.length === 0 ? 0 : 1;
