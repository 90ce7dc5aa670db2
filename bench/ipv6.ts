/**
 * SIGKILL of the Master of 1,000 IPv6 virtual routers on 4 links, whose host is gone with it: when does the new Master
 * answer neighbour solicitations for each of their 2,000 addresses, a link-local and a global one each?
 *
 * A client on every link asks for each address until it is answered as a Master must: solicited, router and override
 * flags, the virtual MAC as the link-layer address. For both daemons each virtual router has an interface of its own with
 * that MAC. Time counts from the SIGKILL, and from when the Backup could take over at the earliest: Master_Down_Interval
 * after the last advertisement of each virtual router.
 *
 * `--short`: one round. `--routers=` for another number on each link.
 */
import { virtualMac } from '../test/lab/forge.ts';
import { type Lab, withLab } from '../test/lab/lab.ts';
import { type Desk, type Found, Solicitor } from '../test/lab/solicitor.ts';
import type { Implementation } from '../test/lab/speaker.ts';
import { sleep } from '../test/lab/wait.ts';
import { type Goals, type Measures, report } from './report.ts';
import {
  holdsAll,
  macOn,
  masterDownInterval,
  type Segments,
  type Shape,
  segments,
  startOn,
  switchOff,
} from './segments.ts';
import { greatest, median } from './statistics.ts';

const asked = process.argv.find((argument) => argument.startsWith('--routers='));
const VRIDS = asked === undefined ? 250 : Number(asked.slice('--routers='.length));
const SHAPE: Shape = { links: 4, vrids: VRIDS, family: 6, interval: 1, iftype: 'macvlan' };
const ADDRESSES = 2 * SHAPE.links * SHAPE.vrids;
const ROUNDS = process.argv.includes('--short') ? 1 : 5;
/** Time between two questions for one address in ms: no answer is known to be earlier than that. */
const EVERY_MS = 50;
/** Nobody can have taken over before: the last advertisement is at most an interval old. */
const QUIET_MS = masterDownInterval(SHAPE) - SHAPE.interval * 1000 - 100;
const PATIENCE_MS = 60_000;

const MEDIAN = 'from SIGKILL to an answer, median of the addresses (ms)';
const LAST = 'from SIGKILL until all answer (ms)';
const LATE_MEDIAN = 'after Master_Down_Interval, median (ms)';
const LATE = 'after Master_Down_Interval, at most (ms)';
const MISSING = 'addresses that nobody answers for';
const WRONG = 'answers with other flags, or another MAC';

/** How both daemons begin: the better one is Master of everything, and all has calmed down. */
async function converge(
  implementation: Implementation,
  lab: Lab,
  net: Segments,
): Promise<() => Promise<number>> {
  const master = startOn(implementation, lab, net, net.r1);
  await holdsAll(net, net.r1);
  startOn(implementation, lab, net, net.r2);
  await sleep(8000);
  await holdsAll(net, net.r1, net.r2);
  return () => master.kill();
}

/** What the client asks on each link. */
function desks({ places, shape }: Segments): Desk[] {
  return Array.from({ length: shape.links }, (_, link) => ({
    ...{ interface: `e${link}`, mac: macOn(link, 16) },
    sought: places
      .filter((place) => place.link === link)
      .flatMap(({ vips, vrid }) => vips.map((address) => ({ address, mac: virtualMac(vrid, 6) }))),
  }));
}

/** When each virtual router's Master was heard last, in ms since the epoch, by each of its addresses. */
function lastHeard({ wire }: Solicitor, until: number): Map<string, number> {
  const heard = new Map<string, number>();
  for (const { addresses, priority, time } of wire.adverts()) {
    if (priority !== 200 || time > until) continue;
    for (const address of addresses) heard.set(address, time);
  }
  return heard;
}

function judge(found: readonly Found[], killed: number, heard: ReadonlyMap<string, number>): Measures {
  const answered = found.filter(({ at }) => at !== undefined);
  const after = answered.map(({ at }) => at! - killed);
  const late = answered.map(({ at, address }) => at! - heard.get(address)! - masterDownInterval(SHAPE));
  const wrong = found.flatMap((each) => each.wrong);
  if (wrong.length > 0) console.log(`not a Master's answer: ${wrong[0]}`);
  return {
    [MEDIAN]: median(after),
    [LAST]: greatest(after),
    [LATE_MEDIAN]: median(late),
    [LATE]: greatest(late),
    [MISSING]: found.length - answered.length,
    [WRONG]: wrong.length,
  };
}

async function round(implementation: Implementation): Promise<Measures> {
  return withLab(async (lab) => {
    const net = await segments(lab, SHAPE);
    const kill = await converge(implementation, lab, net);
    const solicitor = await Solicitor.prepare(lab, net.client, desks(net));
    const off = switchOff(
      net.r1,
      Array.from({ length: SHAPE.links }, (_, link) => `e${link}`),
    );
    await sleep(2500);
    const dying = kill();
    off();
    const killed = await dying;
    await sleep(killed + QUIET_MS - Date.now());
    const found = await solicitor.ask(EVERY_MS, PATIENCE_MS);
    await solicitor.stop();
    return judge(found, killed, lastHeard(solicitor, killed + 100));
  });
}

/** A daemon that cannot do it at all: its row says so. */
async function attempt(implementation: Implementation): Promise<Measures> {
  try {
    return await round(implementation);
  } catch (error) {
    if (implementation === 'rvrrpd') throw error;
    console.log(`${implementation} cannot do it: ${error instanceof Error ? error.message : String(error)}`);
    const none = Number.NaN;
    return {
      [MEDIAN]: none,
      [LAST]: none,
      [LATE_MEDIAN]: none,
      [LATE]: none,
      [MISSING]: ADDRESSES,
      [WRONG]: none,
    };
  }
}

const rounds: Record<Implementation, Measures[]> = { rvrrpd: [], keepalived: [] };
for (let index = 0; index < ROUNDS; index++) {
  for (const implementation of ['rvrrpd', 'keepalived'] as const) {
    const measures = await attempt(implementation);
    rounds[implementation].push(measures);
    console.log(`round ${index + 1} of ${ROUNDS}, ${implementation}: ${JSON.stringify(measures)}`);
  }
}
const compared: Goals = { [LATE_MEDIAN]: { shareOfPeer: 1 }, [LATE]: { shareOfPeer: 1 } };
const done = rounds.keepalived.filter((measures) => !Number.isNaN(measures[LATE]));
const met = report(
  `SIGKILL of the Master of ${SHAPE.links * SHAPE.vrids} IPv6 virtual routers on ${SHAPE.links} links, ${ADDRESSES} addresses`,
  { rvrrpd: rounds.rvrrpd, keepalived: done.length > 0 ? done : rounds.keepalived },
  { ...(done.length > 0 && compared), [MISSING]: { most: 0 }, [WRONG]: { most: 0 } },
);
process.exitCode = met ? 0 : 1;
