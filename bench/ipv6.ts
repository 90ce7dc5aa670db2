/**
 * SIGKILL of the Master of 1,000 IPv6 virtual routers on 4 links, whose host is gone with it: when does the new Master
 * answer neighbour solicitations for each of their 2,000 addresses, a link-local and a global one each?
 *
 * A client on every link asks for each address until it is answered as a Master must: solicited, router and override
 * flags, and the right link-layer address. Once each virtual router's addresses are on an interface of its own with the
 * virtual MAC (`iftype = "macvlan"`, keepalived's `use_vmac`), once all of a link's are on the interface itself, which
 * keeps its MAC (`ether`, keepalived's default). Time counts from the SIGKILL, and from when the Backup could take over
 * at the earliest: Master_Down_Interval after the last advertisement of each virtual router.
 *
 * `--short`: one round. `--routers=` for another number on each link.
 */
import { virtualMac } from '../test/lab/forge.ts';
import { type Lab, withLab } from '../test/lab/lab.ts';
import { type Desk, type Found, Solicitor } from '../test/lab/solicitor.ts';
import type { Implementation } from '../test/lab/speaker.ts';
import { sleep } from '../test/lab/wait.ts';
import { count } from './options.ts';
import { type Goals, type Measures, report } from './report.ts';
import {
  holdsAll,
  macOn,
  masterDownInterval,
  type Place,
  type Segments,
  type Shape,
  segments,
  startOn,
  switchOff,
} from './segments.ts';
import { greatest, median } from './statistics.ts';

const VRIDS = count('routers', 250);
const SHAPE = { links: 4, vrids: VRIDS, family: 6, interval: 1 } as const satisfies Shape;
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
const ADVERTISED = 'its first advertisement after that, at most (ms)';
const MISSING = 'addresses that nobody answers for';
const WRONG = 'answers with other flags, or another MAC';

/** Where addresses live, and what is asked of that. */
interface Home {
  readonly iftype: 'ether' | 'macvlan';
  readonly title: string;
  /** The MAC that the new Master's addresses are at. */
  readonly mac: (place: Place) => string;
  readonly goals: Goals;
}

const ALL_RIGHT: Goals = { [MISSING]: { most: 0 }, [WRONG]: { most: 0 } };
const HOMES: readonly Home[] = [
  {
    iftype: 'ether',
    title: 'addresses on the interface itself',
    mac: ({ link }) => macOn(link, 2),
    goals: { ...ALL_RIGHT, [LATE_MEDIAN]: { shareOfPeer: 1 }, [LATE]: { shareOfPeer: 1 } },
  },
  {
    iftype: 'macvlan',
    title: 'an interface with the virtual MAC for each',
    mac: ({ vrid }) => virtualMac(vrid, 6),
    // Only a Master has these interfaces: a thousand are made here, 1.5 s of a processor's time, most of it the kernel's.
    // keepalived's Backup has them all the time.
    goals: { ...ALL_RIGHT, [LATE]: { most: 3000 } },
  },
];

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
function desks({ places }: Segments, { mac }: Home): Desk[] {
  return Array.from({ length: SHAPE.links }, (_, link) => ({
    ...{ interface: `e${link}`, mac: macOn(link, 16) },
    sought: places
      .filter((place) => place.link === link)
      .flatMap((place) => place.vips.map((address) => ({ address, mac: mac(place) }))),
  }));
}

/** When the Backup can take over, and when it says so, in ms since the epoch, by each address of a virtual router. */
function takeOvers({ wire }: Solicitor): { due: Map<string, number>; said: Map<string, number> } {
  const due = new Map<string, number>();
  const said = new Map<string, number>();
  for (const { addresses, priority, time } of wire.adverts()) {
    for (const address of addresses) {
      if (priority === 200) due.set(address, time + masterDownInterval(SHAPE));
      else if (!said.has(address)) said.set(address, time);
    }
  }
  return { due, said };
}

function judge(
  found: readonly Found[],
  killed: number,
  { due, said }: ReturnType<typeof takeOvers>,
): Measures {
  const answered = found.filter(({ at }) => at !== undefined);
  const after = answered.map(({ at }) => at! - killed);
  const late = answered.map(({ at, address }) => at! - due.get(address)!);
  const advertised = found.map(({ address }) => (said.get(address) ?? Number.NaN) - due.get(address)!);
  const wrong = found.flatMap((each) => each.wrong);
  if (wrong.length > 0) console.log(`not a Master's answer: ${wrong[0]}`);
  return {
    [MEDIAN]: median(after),
    [LAST]: greatest(after),
    [LATE_MEDIAN]: median(late),
    [LATE]: greatest(late),
    [ADVERTISED]: greatest(advertised),
    [MISSING]: found.length - answered.length,
    [WRONG]: wrong.length,
  };
}

async function round(implementation: Implementation, home: Home): Promise<Measures> {
  return withLab(async (lab) => {
    const net = await segments(lab, { ...SHAPE, iftype: home.iftype });
    const kill = await converge(implementation, lab, net);
    const solicitor = await Solicitor.prepare(lab, net.client, desks(net, home));
    const interfaces = Array.from({ length: SHAPE.links }, (_, link) => `e${link}`);
    const off = switchOff(net.r1, interfaces);
    await sleep(2500);
    const dying = kill();
    off();
    const killed = await dying;
    await sleep(killed + QUIET_MS - Date.now());
    const found = await solicitor.ask(EVERY_MS, PATIENCE_MS);
    await solicitor.stop();
    return judge(found, killed, takeOvers(solicitor));
  });
}

/** A round; where keepalived cannot do it at all, its row says so. */
async function attempt(implementation: Implementation, home: Home): Promise<Measures> {
  try {
    return await round(implementation, home);
  } catch (error) {
    if (implementation === 'rvrrpd') throw error;
    console.log(`${implementation} cannot do it: ${error instanceof Error ? error.message : String(error)}`);
    const names = [MEDIAN, LAST, LATE_MEDIAN, LATE, ADVERTISED, WRONG];
    return { ...Object.fromEntries(names.map((name) => [name, Number.NaN])), [MISSING]: ADDRESSES };
  }
}

const met: boolean[] = [];
for (const home of HOMES) {
  const rounds: Record<Implementation, Measures[]> = { rvrrpd: [], keepalived: [] };
  for (let index = 0; index < ROUNDS; index++) {
    for (const implementation of ['rvrrpd', 'keepalived'] as const) {
      const measures = await attempt(implementation, home);
      rounds[implementation].push(measures);
      console.log(
        `${home.iftype}, round ${index + 1} of ${ROUNDS}, ${implementation}: ${JSON.stringify(measures)}`,
      );
    }
  }
  const done = rounds.keepalived.filter((measures) => !Number.isNaN(measures[LATE]));
  const comparable = Object.entries(home.goals).filter(
    ([, { shareOfPeer }]) => done.length > 0 || shareOfPeer === undefined,
  );
  const title = `SIGKILL of the Master of ${SHAPE.links * SHAPE.vrids} IPv6 virtual routers on ${SHAPE.links} links, ${ADDRESSES} addresses`;
  met.push(
    report(
      `${title}; ${home.title}`,
      { rvrrpd: rounds.rvrrpd, keepalived: done.length > 0 ? done : rounds.keepalived },
      Object.fromEntries(comparable),
    ),
  );
}
process.exitCode = met.every(Boolean) ? 0 : 1;
