/**
 * Thousands of transitions, told to hooks that are slow, hang, and that nobody reads: what each of them was told, what the
 * Masters beside it show of it on the wire, and what memory it takes.
 */
import { cadence } from './cadence.ts';
import { checkChain, type Told } from './hook-chain.ts';
import { HookStage } from './hook-stage.ts';
import { withLab } from './lab.ts';
import { Rvrrpd, type VrouterTable, writeConfiguration } from './rvrrpd.ts';
import { R1, twoRouters } from './two-routers.ts';
import { onlyDaemonOn, statusOf } from './upgrading.ts';
import { eventually, sleep } from './wait.ts';

/** How much of it. */
export interface Storm {
  /** Transitions at least. */
  readonly transitions: number;
  /** In so many ms, if the machine can: see {@link StormOutcome.seconds}. */
  readonly lasts: number;
  /** Spread over them, each time with other settings of a hook. */
  readonly reloads: number;
  /** Of the web server's answers, in ms. */
  readonly answer: number;
  /** A gap between advertisements that is good enough, in intervals. */
  readonly gap: number;
  /** Resident memory of the daemon, in MB. */
  memory(pid: number): number;
}

/** What has come of it. */
export interface StormOutcome {
  readonly measures: Readonly<Record<string, number>>;
  /** What it took until all of them were told. */
  readonly seconds: number;
  readonly faults: readonly string[];
}

/** Masters that nothing is to happen to, and virtual routers that go up and down. */
const MASTERS = 20;
const FLAPPING = 120;
/** What each of them goes through while the link goes down and up: Down, Backup, Master. */
const EACH = 3;
/** Advertisement interval of the Masters in ms. */
const INTERVAL = 1000;
/** Between two changes of the link, in ms, at least: the flapping ones become Master in between. */
const PAUSE = 450;
/** A reload takes no longer than that, in ms, on whatever machine. */
const RELOADING = 60_000;

function vrouters(): VrouterTable[] {
  const common = { version: 3 as const, iftype: 'ether', netdrv: 'libnl' };
  const masters = Array.from({ length: MASTERS }, (_, index) => ({
    ...{ group: index + 1, interface: 'lan', vip: `10.0.1.${index + 1}`, ...common, priority: 200 },
  }));
  const flapping = Array.from({ length: FLAPPING }, (_, index) => ({
    ...{
      group: index + 1,
      interface: 'flap',
      vip: `10.1.1.${index + 1}`,
      ...common,
      timers: { advert: 0.05 },
    },
  }));
  return [...masters, ...flapping];
}

/** Plays it. */
export function playStorm({
  transitions,
  lasts,
  reloads,
  answer,
  gap: most,
  memory,
}: Storm): Promise<StormOutcome> {
  return withLab(async (lab) => {
    const { r1, wire } = await twoRouters(lab);
    await r1.ip('link add flap type veth peer name flap-o');
    await r1.ip('link set flap-o up');
    await r1.ip('link set flap up');
    await r1.ip('addr add 10.1.0.1/16 dev flap');
    const stage = await HookStage.begin(lab, r1, answer);
    const unread = `${lab.folder}/unread`;
    const tables = (round: number) => `${stage.fifo()}
${stage.webhook()}
${stage.webhook().replace('name = "webhook"', 'name = "newest"\nlatest = true')}
[[notify]]
name = "hangs"
type = "exec"
command = [ "/bin/sleep", "1000" ]
timeout = 600
environment = { ROUND = "${round}" }

[[notify]]
name = "unread"
type = "fifo"
path = "${unread}"
mode = "06${round % 2}0"
`;
    const configure = (round: number) => writeConfiguration(lab, r1, vrouters(), { tables: tables(round) });
    const file = configure(0);
    const daemon = Rvrrpd.startWith(r1, file, { output: 'capture' });
    for (const vrid of [1, MASTERS]) await wire.soleMaster(vrid, R1, 60_000);
    const pid = await onlyDaemonOn(r1);
    await sleep(1.5 * INTERVAL);
    const since = Date.now();
    const before = memory(pid);
    let greatest = before;
    const begin = performance.now();
    const until = (ms: number): Promise<void> => sleep(Math.max(0, begin + ms - performance.now()));
    let done = 0;
    // Beside the transitions, which wait for none of them.
    const reloading = (async () => {
      while (done < reloads) {
        await until((lasts * (done + 0.5)) / reloads);
        configure(done + 1);
        const last = (await daemon.reload(RELOADING)).at(-1)?.msg ?? '';
        if (!last.startsWith('reloaded: ')) throw new Error(last);
        done++;
      }
    })();
    reloading.catch(() => {}); // awaited below
    const changes = 2 * Math.ceil(transitions / (EACH * FLAPPING));
    for (let change = 0; ; change++) {
      await r1.ip(`link set flap ${change % 2 === 0 ? 'down' : 'up'}`);
      await sleep(PAUSE);
      await until((lasts * (change + 1)) / changes);
      greatest = Math.max(greatest, memory(pid));
      if (change % 2 === 1 && change + 1 >= changes && stage.readLines >= transitions) break;
    }
    const duration = performance.now() - begin;
    await reloading;
    const statuses = async () =>
      Object.fromEntries((await statusOf(r1, file)).hooks!.map((each) => [each.name, each]));
    // A busy machine tells them later.
    await eventually('all to be told', 60_000, async () => (await statuses()).fifo!.queue === 0, 500);
    await sleep(1.5 * INTERVAL);
    const adverts = wire.adverts(undefined, since);
    const own = adverts.filter(({ source }) => source === R1);
    const { smallest, greatest: gap, count } = cadence(own, () => true);
    const hooks = await statuses();
    await eventually('all to be read', 60_000, () => stage.readLines >= hooks.fifo!.delivered);
    const read = stage.read();
    // Somebody reads at last: all of it is there.
    // One that stays: whatever had an event under way before a reload gives it, and closes the pipe.
    const reader = r1.start('sh', ['-c', `exec cat <> '${unread}'`]);
    const late = (): Told[] =>
      reader.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Told);
    await eventually('all that nobody has read', 60_000, () => late().length >= read.length);
    const posted = stage.posted();
    await eventually('the end', 60_000, async () => (await daemon.stop('SIGTERM', 30_000)).code === 0);
    const measures = {
      transitions: read.length,
      'transitions a minute': (read.length / duration) * 60_000,
      reloads: done,
      'queue of the slow webhook': hooks.webhook!.queue,
      'queue of the same with latest': hooks.newest!.queue,
      'queue of the hook that hangs': hooks.hangs!.queue,
      'gaps between advertisements': count,
      'greatest gap (intervals)': gap / INTERVAL,
      'smallest gap (intervals)': smallest / INTERVAL,
      'memory before (MB)': before,
      'greatest memory (MB)': greatest,
    };
    const faults = [
      ...checkChain('the pipe that is read', read),
      ...checkChain('the pipe that was not read', late()),
      ...checkChain(
        'the webhook',
        posted.filter(({ hook }) => hook === 'webhook'),
      ),
      ...checkChain(
        'the webhook with latest',
        posted.filter(({ hook }) => hook === 'newest'),
        true,
      ),
      ...(gap / INTERVAL <= most ? [] : ['a gap that is too long']),
      ...(adverts.some(({ priority }) => priority === 0) ? ['a Master has left'] : []),
      ...(hooks.newest!.queue > 4000 ? ['latest does not bound the queue'] : []),
      ...(greatest - before < 200 ? [] : ['memory is not bounded']),
      ...(hooks.fifo!.dropped + hooks.webhook!.dropped === 0 ? [] : ['events were dropped']),
    ];
    return { measures, seconds: duration / 1000, faults };
  });
}
