/**
 * A thousand links that lose and get their carrier, over and over: what it costs the engine, and what is seen of it on
 * the wire of a Master that they do not concern. `node scripts/run-ts.mjs bench/links.ts [--short]`
 */
import { readdirSync, readFileSync } from 'node:fs';
import { cadence } from '../test/lab/cadence.ts';
import { type Lab, withLab } from '../test/lab/lab.ts';
import { Rvrrpd } from '../test/lab/rvrrpd.ts';
import { eventually, sleep } from '../test/lab/wait.ts';
import { Wire } from '../test/lab/wire.ts';

const SHORT = process.argv.includes('--short');
/** Links that flap; on each, a virtual router of its own. */
const LINKS = 1000;
/** How long each kind of flapping goes on, in ms. */
const DURATION = SHORT ? 10_000 : 30_000;
/** Advertisement interval of the Master on the wire, in ms. */
const INTERVAL = 1000;
/** Greatest gap between two of its advertisements that is good enough, in intervals. */
const GAP = 1.05;

/** Real-time policy of `man 2 sched_setscheduler`: the engine's thread alone has it. */
const SCHED_FIFO = '1';

/** The engine's thread of a daemon. */
function engineThread(pid: number): string {
  const tasks = readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
  const found = tasks.find((task) => {
    // What follows the name in parentheses begins with field 3; `policy` is field 41.
    const fields = readFileSync(`${task}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return fields[41 - 3] === SCHED_FIFO;
  });
  if (!found) throw new Error(`process ${pid} has no thread with SCHED_FIFO: is this root?`);
  return found;
}

/** Time that a thread has had a processor, in ms. */
function threadMs(task: string): number {
  return Number(readFileSync(`${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

/** A way in which links flap. */
interface Flapping {
  readonly title: string;
  /** How many at once. */
  readonly at: number;
  /** Pause between one turn and the next, in ms. */
  readonly pause: number;
}

const FLAPPING: readonly Flapping[] = [
  { title: 'nothing flaps', at: 0, pause: 500 },
  { title: 'one of them at a time', at: 1, pause: 250 },
  { title: 'all of them at once', at: LINKS, pause: 2000 },
];

async function measure(lab: Lab): Promise<boolean> {
  const host = await lab.host('r1');
  const other = await lab.host('r2');
  const [port, far] = ['10.255.0.1/24', '10.255.0.2/24'];
  await lab.cable(host, { interface: 'e0', address: port }, other, { interface: 'e0', address: far });
  const each = <T>(make: (at: number) => T): T[] => Array.from({ length: LINKS }, (_, at) => make(at));
  const net = (at: number): string => `10.${Math.floor(at / 250)}.${at % 250}`;
  await host.ipBatch(each((at) => `link add v${at} type veth peer name p${at}`));
  await host.ipBatch(
    each((at) => [`link set v${at} up`, `link set p${at} up`, `addr add ${net(at)}.1/24 dev v${at}`]).flat(),
  );
  const common = { iftype: 'ether', netdrv: 'libnl', preemption: true } as const;
  const daemon = Rvrrpd.start(lab, host, [
    { ...common, group: 1, interface: 'e0', vip: '10.255.0.9', priority: 200 },
    // Backups for long: their timers do not count, their links do.
    ...each((at) => ({
      ...{ ...common, group: 1, interface: `v${at}`, vip: `${net(at)}.9`, priority: 1 },
      timers: { advert: 255 },
    })),
  ]);
  const wire = await Wire.tap(lab, other, 'e0', { filter: 'vrrp' });
  await eventually('a Master on e0', 60_000, () => wire.adverts().length > 0, 250);
  await sleep(10_000); // what a start brings with it
  const engine = engineThread(await daemon.pid());
  let good = true;
  for (const { title, at, pause } of FLAPPING) {
    const [begin, spent] = [Date.now(), threadMs(engine)];
    let turns = 0;
    while (Date.now() - begin < DURATION) {
      const which = at === LINKS ? each((index) => index) : at === 0 ? [] : [turns % LINKS];
      for (const state of ['down', 'up']) {
        if (at > 0) await host.ipBatch(which.map((index) => `link set p${index} ${state}`));
        await sleep(pause);
        turns++;
      }
    }
    const milliseconds = threadMs(engine) - spent;
    const seconds = (Date.now() - begin) / 1000;
    const adverts = wire.adverts().filter(({ time }) => time >= begin);
    const { greatest, count } = cadence(adverts, () => true);
    const kept = greatest / INTERVAL <= GAP && count >= Math.floor(seconds) - 2;
    good &&= kept;
    process.stdout.write(
      `${title}: ${turns} times; engine ${milliseconds.toFixed(1)} ms in ${seconds.toFixed(1)} s, ` +
        `${(milliseconds / turns).toFixed(3)} ms a time; ${count} gaps between advertisements on e0, ` +
        `the greatest ${(greatest / INTERVAL).toFixed(4)} intervals: ${kept ? 'good' : 'BAD'}\n`,
    );
  }
  await wire.stop();
  await daemon.stop('SIGTERM', 60_000);
  return good;
}

process.exitCode = (await withLab(measure)) ? 0 : 1;
