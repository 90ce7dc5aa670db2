/** Two routers back each other up, whoever wrote their daemons. Every scenario holds for every pair. */
import { expect, it } from 'vitest';
import { octetsOf } from '../lab/addresses.ts';
import type { Flavour } from '../lab/flavour.ts';
import type { Host } from '../lab/host.ts';
import { type Lab, withLab } from '../lab/lab.ts';
import { Ping } from '../lab/ping.ts';
import { holder } from '../lab/snapshot.ts';
import {
  type AnyImplementation,
  type Speaker,
  type SpeakerOptions,
  sourceOf,
  startSpeaker,
} from '../lab/speaker.ts';
import { tsharkVerdict } from '../lab/tshark.ts';
import { BEYOND6, R1_TTL, R2_TTL, type TwoRouters, twoRouters } from '../lab/two-routers.ts';
import { eventually, sleep } from '../lab/wait.ts';

/** Who runs on r1 and who on r2. */
export type Pair = readonly [r1: AnyImplementation, r2: AnyImplementation];

const VRID = 7;
/** How late a take-over may be here, in ms: the tests share two processors with each other. */
const TOLERANCE = 400;
/** The same for daemons without real-time priority. */
const PEER_TOLERANCE = 2000;
/** How much longer than a take-over the client may go unanswered, in ms: what answers it has no such priority either. */
const UNANSWERED = 1500;

/** What plays, and on what. */
interface Stage extends TwoRouters {
  readonly lab: Lab;
  /** All virtual addresses. */
  readonly vips: readonly string[];
  /** The one that everybody can ping. */
  readonly vip: string;
  /** Whose address each host's daemon sends from. */
  readonly sources: { readonly r1: string; readonly r2: string };
  /** Starts the pair's daemon of a host. */
  start(host: Host, options: Partial<SpeakerOptions>): Promise<Speaker>;
  /** Waits until one source alone advertises. */
  sole(source: string): Promise<void>;
  /** Pings of the client: the virtual address and, in IPv6, what is behind its link-local gateway. */
  pings(): Ping[];
  /** Time from the last advertisement of r1 until r2's first one after it, in ms. */
  takeover(since: number, r1Source?: string): number;
}

/** A flavour's timers, for one interval and priority 100: RFC 9568 §6.1, RFC 3768 §6.1 where it is a second. */
interface Timing {
  /** Seconds. */
  readonly interval: number;
  /** ms */
  readonly skew: number;
  /** ms */
  readonly masterDown: number;
}

/** Version 3 shows that there is something between a second and none. */
function timingOf(flavour: Flavour): Timing {
  const interval = flavour.version === 2 ? 1 : 0.5;
  const skew = ((256 - 100) / 256) * interval * 1000;
  return { interval, skew, masterDown: 3000 * interval + skew };
}

/**
 * How long a Backup waits before it takes over, in ms, whoever it is: FRR counts its skew in whole hundredths, and over
 * IPv6 its first advertisement may be one interval late, when its interface has no address to send from yet.
 */
function waitOf(
  flavour: Flavour,
  backup: AnyImplementation,
  rightMs: number,
): readonly [least: number, most: number] {
  if (backup !== 'frr') {
    return [rightMs - 1, rightMs + (backup === 'rvrrpd' ? TOLERANCE : PEER_TOLERANCE)];
  }
  const late = flavour.family === 6 ? timingOf(flavour).interval * 1000 : 0;
  return [rightMs - 11, rightMs + PEER_TOLERANCE + late];
}

/** Builds the network, plays a scenario, then lets tshark judge every advertisement that was sent. */
async function play(flavour: Flavour, pair: Pair, scenario: (stage: Stage) => Promise<void>) {
  const { interval } = timingOf(flavour);
  const [one, two] = pair;
  const vips = flavour.vips(VRID, 1);
  const vip = flavour.address(1);
  await withLab(async (lab) => {
    const network = await twoRouters(lab, flavour.network(VRID));
    const { wire } = network;
    const isTold = flavour.family === 4 || !pair.includes('frr') || !pair.includes('keepalived');
    const sources = { r1: sourceOf(one, flavour.r1, vips), r2: sourceOf(two, flavour.r2, vips) };
    const start: Stage['start'] = (host, options) =>
      startSpeaker(host === network.r1 ? one : two, lab, host, {
        ...{ vrid: VRID, vips, priority: 100, preempt: true, interval, version: flavour.version },
        ...options,
      });
    const takeover: Stage['takeover'] = (since, r1Source = sources.r1) => {
      const adverts = wire.adverts(VRID, since - 2000);
      const first = adverts.find(({ source, time }) => source === sources.r2 && time > since);
      const before = adverts.filter(({ source, time }) => source === r1Source && time < (first?.time ?? 0));
      const last = before.at(-1);
      if (!first || !last) throw new Error('nobody took over');
      return first.time - last.time;
    };
    await scenario({
      ...{ ...network, lab, vips, vip, sources, start, takeover },
      sole: async (source) => {
        await wire.soleMaster(VRID, source, 20_000, 2.3 * interval * 1000);
        if (!isTold) await forget(network.client);
      },
      pings: () =>
        [vip, ...(flavour.family === 6 ? [BEYOND6] : [])].map((to) => Ping.start(network.client, to)),
    });
    await wire.stop();
    const verdict = await tsharkVerdict(wire.file);
    expect(verdict.complaints).toEqual([]);
    expect(verdict.decoded).toBe(wire.adverts().length);
    expect(verdict.decoded).toBeGreaterThan(2);
  });
}

/**
 * FRR 8.4.4 announces an IPv6 address once, when it takes its interface for up: under load that may be lost. keepalived has
 * no virtual MAC here, so a client that has not heard it goes on with the router before, which forwards and answers for what
 * is beyond: and each answer has ping confirm to the kernel that this is the right one (MSG_CONFIRM, man 2 send), for ever.
 * It asks anew who has the addresses.
 */
async function forget(client: Host): Promise<void> {
  await client.ip('-6 neigh flush dev lan');
}

async function answeredBy(pings: readonly Ping[], ttl: number): Promise<void> {
  for (const ping of pings) {
    try {
      await eventually(`echo replies with TTL ${ttl}`, 10_000, () => {
        const latest = ping.replies(Date.now() - 500);
        return latest.length > 3 && latest.slice(-3).every((reply) => reply.ttl === ttl);
      });
    } catch (error) {
      // Whether the client asks the wrong router, or the right one does not answer.
      const ttls = ping.replies(Date.now() - 5000).map((reply) => reply.ttl);
      const neighbours = await ping.host.ip('neigh show');
      throw new Error(`${String(error)}; of 5 s: ${ttls.join(' ')}; ${neighbours}`);
    }
  }
}

/**
 * A Master that does not know yet what sort of checksum silent Backups read uses the standard's, and those who want the
 * other one do not hear it: where a test is about them staying silent, it is told.
 */
function heardByAll(flavour: Flavour): Partial<SpeakerOptions> {
  return flavour.version === 3 && flavour.family === 4 ? { checksum: 'pseudo-header' } : {};
}

/** A Master crashes, comes back and takes over again, and ends in an orderly way. */
export function crashReturnEnd(flavour: Flavour, pair: Pair, secret?: string): () => Promise<void> {
  const { skew, masterDown } = timingOf(flavour);
  return () =>
    play(flavour, pair, async ({ r1, r2, vip, vips, wire, sources, start, sole, pings, takeover }) => {
      // A Backup that has not heard the Master's last one takes over before its time.
      const options = { ...heardByAll(flavour), ...(secret ? { secret } : {}) };
      let first = await start(r1, { priority: 200, ...options });
      await start(r2, { priority: 100, ...options });
      await sole(sources.r1);
      // FRR's interfaces have the addresses all the time, and are switched off.
      const givesBack = pair[1] !== 'frr';
      for (const each of vips) expect(await holder(r1, each)).toBeDefined();
      if (givesBack) for (const each of vips) expect(await holder(r2, each)).toBeUndefined();
      const replies = pings();
      await answeredBy(replies, R1_TTL);

      const killed = await first.kill();
      await sole(sources.r2);
      await answeredBy(replies, R2_TTL);
      const [least, most] = waitOf(flavour, pair[1], masterDown);
      expect(takeover(killed)).toBeGreaterThan(least);
      expect(takeover(killed)).toBeLessThan(most);

      first = await start(r1, { priority: 200, ...options });
      await sole(sources.r1);
      await answeredBy(replies, R1_TTL);
      if (givesBack) expect(await holder(r2, vip)).toBeUndefined();

      const stopped = Date.now();
      await first.stop();
      await sole(sources.r2);
      await answeredBy(replies, R2_TTL);
      // A last advertisement may still leave between asking it to stop and its hearing of that: its last word counts.
      const lastWord = wire.adverts(VRID, stopped).findLast(({ source }) => source === sources.r1);
      expect(lastWord?.priority).toBe(0);
      const [leastSkew, mostSkew] = waitOf(flavour, pair[1], skew);
      expect(takeover(stopped)).toBeGreaterThan(leastSkew);
      expect(takeover(stopped)).toBeLessThan(mostSkew);
      if (pair[0] !== 'frr') expect(await holder(r1, vip)).toBeUndefined();

      const types = new Set(wire.adverts(VRID).map(({ authType }) => authType));
      expect([...types]).toEqual([secret ? 1 : 0]);
    });
}

/** Without preemption the Master stays, whatever comes back. */
export function withoutPreemption(flavour: Flavour, pair: Pair): () => Promise<void> {
  return () =>
    play(flavour, pair, async ({ r1, r2, wire, sources, start, sole }) => {
      await start(r2, { priority: 100, ...heardByAll(flavour) });
      await sole(sources.r2);
      await start(r1, { priority: 200, preempt: false });
      await sleep(timingOf(flavour).masterDown + 1000);
      expect(wire.adverts(VRID).filter(({ source }) => source === sources.r1)).toEqual([]);
      await sole(sources.r2);
    });
}

/** The address owner is Master at once and always. */
export function addressOwner(flavour: Flavour, pair: Pair): () => Promise<void> {
  return () =>
    play(flavour, pair, async ({ r1, r2, wire, sources, start, sole, takeover }) => {
      const global = flavour.address(2);
      const vips = flavour.family === 6 ? [flavour.r1, global] : [global];
      const options = { vips, preempt: false, ...heardByAll(flavour) };
      // keepalived as an owner needs a second address and speaks from it. As a Backup it hears through an IP
      // socket, from which the kernel keeps what comes from an address that it holds itself: without
      // accept_local it would never notice the owner's return. FRR does the same.
      const another = flavour.family === 6 ? 'fe80::12' : '10.0.0.12';
      const source = pair[0] === 'keepalived' ? another : flavour.r1;
      if (source === another)
        await r1.ip(`addr add ${another}/${flavour.family === 6 ? '64 nodad' : 24} dev lan`);
      await r2.sysctl({ 'net.ipv4.conf.all.accept_local': 1 });
      const r2Source = pair[1] === 'frr' ? sourceOf('frr', flavour.r2, vips) : sources.r2;

      await start(r2, { ...options, priority: 100 });
      await sole(r2Source);
      const begin = Date.now();
      const owner = await start(r1, { ...options, priority: 255 });
      const first = await wire.nextAdvert(
        'the owner',
        begin,
        (advert) => advert.source === source && advert.priority === 255,
      );
      expect(first.vrid).toBe(VRID);
      await sole(source);
      if (pair[1] !== 'frr') expect(await holder(r2, global)).toBeUndefined();
      const killed = await owner.kill();
      await sole(r2Source);
      if (r2Source === sources.r2) {
        const [, most] = waitOf(flavour, pair[1], timingOf(flavour).masterDown);
        expect(takeover(killed, source)).toBeLessThan(most);
      }
      expect(await holder(r2, global)).toBeDefined();
    });
}

/** Equal priority: the higher address wins when two Masters meet. */
export function equalPriority(flavour: Flavour, pair: Pair): () => Promise<void> {
  return () =>
    play(flavour, pair, async ({ lan, r1, r2, vip, wire, sources, start, sole, pings }) => {
      const r2Wins = Buffer.compare(octetsOf(sources.r2), octetsOf(sources.r1)) > 0;
      await lan.partition(r1, r2);
      await start(r1, {});
      await start(r2, {});
      await eventually('two Masters', 10_000, () => wire.masters(VRID, 1500).length === 2);
      await lan.heal(r1, r2);
      await sole(r2Wins ? sources.r2 : sources.r1);
      if (pair[r2Wins ? 0 : 1] !== 'frr') {
        const loser = r2Wins ? r1 : r2;
        await eventually('the loser to give the address back', 2000, async () => !(await holder(loser, vip)));
      }
      await answeredBy(pings(), r2Wins ? R2_TTL : R1_TTL);
    });
}

/** A pulled cable moves the address, and the cable's return brings it back. */
export function pulledCable(flavour: Flavour, pair: Pair): () => Promise<void> {
  const { masterDown } = timingOf(flavour);
  return () =>
    play(flavour, pair, async ({ lan, r1, r2, sources, start, sole, pings, takeover }) => {
      await start(r1, { priority: 200 });
      await start(r2, { priority: 100 });
      await sole(sources.r1);
      const replies = pings();
      await answeredBy(replies, R1_TTL);
      const pulled = Date.now();
      await lan.unplug(r1);
      await sole(sources.r2);
      await answeredBy(replies, R2_TTL);
      const [, most] = waitOf(flavour, pair[1], masterDown);
      expect(takeover(pulled)).toBeLessThan(most);
      for (const ping of replies) expect(ping.longestGap().lengthMs).toBeLessThan(most + UNANSWERED);
      await lan.replug(r1);
      await sole(sources.r1);
      await answeredBy(replies, R1_TTL);
    });
}

/** All scenarios for pairs of daemons, as tests. */
export function scenarios(flavour: Flavour, pairs: readonly Pair[]): void {
  for (const pair of pairs) {
    const name = `${pair[0]} and ${pair[1]}`;
    it.concurrent(`${name}: crash, return, orderly end`, crashReturnEnd(flavour, pair));
    it.concurrent(
      `${name}: without preemption the Master stays, whatever comes back`,
      withoutPreemption(flavour, pair),
    );
    // FRR 8.4.4 can be none: it refuses `vrrp 7 priority 255` ("No such command"), and with its interface's own address
    // as a virtual one it goes on with the priority that it is given.
    if (pair[0] !== 'frr') {
      it.concurrent(`${name}: the address owner is Master at once and always`, addressOwner(flavour, pair));
    }
    it.concurrent(
      `${name}: equal priority, the higher address wins when two Masters meet`,
      equalPriority(flavour, pair),
    );
    it.concurrent(
      `${name}: a pulled cable moves the address, and the cable's return brings it back`,
      pulledCable(flavour, pair),
    );
  }
}
