import { expect, it } from 'vitest';
import type { Host } from './lab/host.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { Ping } from './lab/ping.ts';
import { describeSystem } from './lab/requirements.ts';
import { holder } from './lab/snapshot.ts';
import { type Implementation, type SpeakerOptions, startSpeaker } from './lab/speaker.ts';
import { tsharkVerdict } from './lab/tshark.ts';
import { R1, R1_TTL, R2, R2_TTL, type TwoRouters, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';
import type { Wire } from './lab/wire.ts';

// Two routers back each other up, whoever wrote their daemons. Every scenario holds for every pair.

const VRID = 7;
/** RFC 3768 §6.1 for priority 100 and 1 s: Skew_Time, Master_Down_Interval, in ms. */
const SKEW_TIME = ((256 - 100) / 256) * 1000;
const MASTER_DOWN_INTERVAL = 3000 + SKEW_TIME;
/** How late a take-over may be here, in ms: the tests share two processors with each other. */
const TOLERANCE = 400;

type Pair = readonly [r1: Implementation, r2: Implementation];

const PAIRS: readonly Pair[] = [
  ['rvrrpd', 'keepalived'],
  ['keepalived', 'rvrrpd'],
  ['rvrrpd', 'rvrrpd'],
];

interface Stage extends TwoRouters {
  readonly lab: Lab;
  /** Starts the pair's daemon of a host. */
  start(host: Host, options: Partial<SpeakerOptions>): ReturnType<typeof startSpeaker>;
}

/** Builds the network, plays a scenario, then lets tshark judge every advertisement that was sent. */
async function play([one, two]: Pair, scenario: (stage: Stage) => Promise<void>): Promise<void> {
  await withLab(async (lab) => {
    const network = await twoRouters(lab);
    const start: Stage['start'] = (host, options) =>
      startSpeaker(host === network.r1 ? one : two, lab, host, {
        ...{ vrid: VRID, vip: VIP, priority: 100, preempt: true },
        ...options,
      });
    await scenario({ ...network, lab, start });
    await network.wire.stop();
    const verdict = await tsharkVerdict(network.wire.file);
    expect(verdict.complaints).toEqual([]);
    expect(verdict.decoded).toBe(network.wire.adverts().length);
    expect(verdict.decoded).toBeGreaterThan(2);
  });
}

/** Time from the last advertisement of r1 until r2's first one after it, in ms. */
function takeover(wire: Wire, since: number, r1Source = R1): number {
  const adverts = wire.adverts(VRID, since - 2000);
  const first = adverts.find(({ source, time }) => source === R2 && time > since);
  const last = adverts.filter(({ source, time }) => source === r1Source && time < (first?.time ?? 0)).at(-1);
  if (!first || !last) throw new Error('nobody took over');
  return first.time - last.time;
}

async function answeredBy(ping: Ping, ttl: number): Promise<void> {
  await eventually(`echo replies with TTL ${ttl}`, 5000, () => {
    const latest = ping.replies(Date.now() - 500);
    return latest.length > 3 && latest.slice(-3).every((reply) => reply.ttl === ttl);
  });
}

describeSystem('failover', () => {
  for (const pair of PAIRS) {
    const name = `${pair[0]} and ${pair[1]}`;

    for (const secret of [undefined, 'thissecretnolongeris']) {
      it.concurrent(`${name}, ${secret ? 'PASS' : 'no'} authentication: crash, return, orderly end`, () =>
        play(pair, async ({ r1, r2, client, wire, start }) => {
          const options = secret ? { secret } : {};
          let first = start(r1, { priority: 200, ...options });
          start(r2, { priority: 100, ...options });
          await wire.soleMaster(VRID, R1);
          expect(await holder(r1, VIP)).toBeDefined();
          expect(await holder(r2, VIP)).toBeUndefined();
          const ping = Ping.start(client, VIP);
          await answeredBy(ping, R1_TTL);

          const killed = await first.kill();
          await wire.soleMaster(VRID, R2);
          await answeredBy(ping, R2_TTL);
          expect(takeover(wire, killed)).toBeGreaterThan(MASTER_DOWN_INTERVAL - 1);
          expect(takeover(wire, killed)).toBeLessThan(MASTER_DOWN_INTERVAL + TOLERANCE);

          first = start(r1, { priority: 200, ...options });
          await wire.soleMaster(VRID, R1);
          await answeredBy(ping, R1_TTL);
          expect(await holder(r2, VIP)).toBeUndefined();

          const stopped = Date.now();
          await first.stop();
          await wire.soleMaster(VRID, R2);
          await answeredBy(ping, R2_TTL);
          expect(wire.adverts(VRID, stopped).find(({ source }) => source === R1)?.priority).toBe(0);
          expect(takeover(wire, stopped)).toBeGreaterThan(SKEW_TIME - 1);
          expect(takeover(wire, stopped)).toBeLessThan(SKEW_TIME + TOLERANCE);
          expect(await holder(r1, VIP)).toBeUndefined();

          const types = new Set(wire.adverts(VRID).map(({ authType }) => authType));
          expect([...types]).toEqual([secret ? 1 : 0]);
        }));
    }

    it.concurrent(`${name}: without preemption the Master stays, whatever comes back`, () =>
      play(pair, async ({ r1, r2, wire, start }) => {
        start(r2, { priority: 100 });
        await wire.soleMaster(VRID, R2);
        start(r1, { priority: 200, preempt: false });
        await sleep(MASTER_DOWN_INTERVAL + 2000);
        expect(wire.adverts(VRID).filter(({ source }) => source === R1)).toEqual([]);
        await wire.soleMaster(VRID, R2);
      }));

    it.concurrent(`${name}: the address owner is Master at once and always`, () =>
      play(pair, async ({ r1, r2, wire, start }) => {
        const options = { vip: R1, preempt: false };
        // keepalived as an owner needs a second address and speaks from it. As a Backup it hears through an IP
        // socket, from which the kernel keeps what comes from an address that it holds itself: without
        // accept_local it would never notice the owner's return.
        const source = pair[0] === 'keepalived' ? '10.0.0.12' : R1;
        if (source !== R1) await r1.ip(`addr add ${source}/24 dev lan`);
        await r2.sysctl({ 'net.ipv4.conf.all.accept_local': 1 });

        start(r2, { ...options, priority: 100 });
        await wire.soleMaster(VRID, R2);
        const begin = Date.now();
        const owner = start(r1, { ...options, priority: 255 });
        const first = await wire.nextAdvert('the owner', begin, (advert) => advert.source === source);
        expect(first.priority).toBe(255);
        await wire.soleMaster(VRID, source);
        expect(await holder(r2, R1)).toBeUndefined();
        const killed = await owner.kill();
        await wire.soleMaster(VRID, R2);
        expect(takeover(wire, killed, source)).toBeLessThan(MASTER_DOWN_INTERVAL + TOLERANCE);
        expect(await holder(r2, R1)).toBeDefined();
      }));

    it.concurrent(`${name}: equal priority, the higher address wins when two Masters meet`, () =>
      play(pair, async ({ lan, r1, r2, client, wire, start }) => {
        await lan.partition(r1, r2);
        start(r1, {});
        start(r2, {});
        await eventually('two Masters', 10_000, () => wire.masters(VRID, 1500).length === 2);
        await lan.heal(r1, r2);
        await wire.soleMaster(VRID, R2);
        await eventually('r1 to give the address back', 2000, async () => !(await holder(r1, VIP)));
        const ping = Ping.start(client, VIP);
        await answeredBy(ping, R2_TTL);
      }));

    it.concurrent(`${name}: a pulled cable moves the address, and the cable's return brings it back`, () =>
      play(pair, async ({ lan, r1, r2, client, wire, start }) => {
        start(r1, { priority: 200 });
        start(r2, { priority: 100 });
        await wire.soleMaster(VRID, R1);
        const ping = Ping.start(client, VIP);
        await answeredBy(ping, R1_TTL);
        const pulled = Date.now();
        await lan.unplug(r1);
        await wire.soleMaster(VRID, R2);
        await answeredBy(ping, R2_TTL);
        expect(takeover(wire, pulled)).toBeLessThan(MASTER_DOWN_INTERVAL + TOLERANCE);
        expect(ping.longestGap().lengthMs).toBeLessThan(MASTER_DOWN_INTERVAL + TOLERANCE);
        await lan.replug(r1);
        await wire.soleMaster(VRID, R1);
        await answeredBy(ping, R1_TTL);
      }));
  }
});
