import { expect, it } from 'vitest';
import { type Flavour, V2, V3, V3_IPV6 } from './lab/flavour.ts';
import { Keepalived } from './lab/keepalived.ts';
import { withLab } from './lab/lab.ts';
import { describeConcurrent } from './lab/requirements.ts';
import { executable, Rvrrpd, type VrouterTable, writeConfiguration } from './lab/rvrrpd.ts';
import { R1, R2, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';
import { Wire } from './lab/wire.ts';

// What keeps a router from becoming Master too soon: a node that has booted and is deaf, delays, a carrier that flaps.

const VRID = 7;
/** How late something may be here, in ms: the tests share two processors with each other. */
const LATE = 2500;

/** States of a port of a bridge, as `bridge link set` has them. */
const LEARNING = 2;
const FORWARDING = 3;

/** Seconds between advertisements, as short as the version has them. */
const intervalOf = ({ version }: Flavour): number => (version === 2 ? 1 : 0.2);

function downOf(flavour: Flavour, priority: number): number {
  const interval = intervalOf(flavour) * 1000;
  return 3 * interval + ((256 - priority) / 256) * interval;
}

/** A booting node whose switch port forwards late: what it is told, and how long it is deaf in ms. */
interface Booting {
  readonly flavour: Flavour;
  readonly preemption: boolean;
  readonly delays: Partial<VrouterTable>;
  readonly deaf: number;
}

const BOOTING: readonly Booting[] = [
  { flavour: V2, preemption: true, delays: { hearing: 60 }, deaf: 5000 },
  { flavour: V3_IPV6, preemption: true, delays: { hearing: 60 }, deaf: 2500 },
  { flavour: V3, preemption: false, delays: { hearing: 60 }, deaf: 2500 },
  { flavour: V3, preemption: true, delays: { start_delay: 9 }, deaf: 2500 },
  { flavour: V3_IPV6, preemption: false, delays: { start_delay: 9 }, deaf: 2500 },
];

interface StatusRouter {
  readonly state: string;
  readonly hold?: { readonly reason: string; readonly left: number };
}

describeConcurrent('hold-off', () => {
  for (const { flavour, preemption, delays, deaf } of BOOTING) {
    const [delay] = Object.keys(delays);
    it.concurrent(`${flavour.name}, ${delay}, preemption ${preemption}: a booting node whose port does not forward yet leaves the Master alone`, () =>
      withLab(async (lab) => {
        const { lan, r1, r2, wire } = await twoRouters(lab, flavour.network(VRID));
        const timers = { advert: intervalOf(flavour) };
        Rvrrpd.start(lab, r2, [flavour.router(VRID, [1], { priority: 100, timers })]);
        await wire.soleMaster(VRID, flavour.r2, 20_000, 2300);

        await lan.run('bridge', 'link', 'set', 'dev', r1.name, 'state', String(LEARNING));
        const sent = await Wire.tap(lab, r1, 'lan'); // the port lets nothing out of it through
        const booted = Date.now();
        const router = flavour.router(VRID, [1], { priority: 200, preemption, timers, ...delays });
        const node = Rvrrpd.start(lab, r1, [router]);
        await node.ready(30_000);
        const ready = Date.now();
        const file = writeConfiguration(lab, r1, [router]);
        const json = await r1.run(process.execPath, executable(), 'status', '-c', file, '--json');
        const [status] = (JSON.parse(json) as { readonly routers: readonly StatusRouter[] }).routers;
        expect(status).toMatchObject({ state: 'Backup', hold: { reason: delay } });
        expect(status?.hold?.left).toBeGreaterThan(0);
        await sleep(Math.max(0, ready + deaf - Date.now()));
        expect(sent.adverts(VRID).filter(({ source }) => source === flavour.r1)).toEqual([]);
        const forwards = Date.now();
        await lan.run('bridge', 'link', 'set', 'dev', r1.name, 'state', String(FORWARDING));

        if (preemption) {
          const first = await sent.nextAdvert(
            'the booted node as Master',
            booted,
            ({ source }) => source === flavour.r1,
            30_000,
          );
          const heard = forwards + downOf(flavour, 200);
          const [least, most] = delay === 'hearing' ? [heard, heard + 1000] : [booted + 9000, ready + 9000];
          expect(first.time).toBeGreaterThan(least - 50);
          expect(first.time).toBeLessThan(most + 2 * LATE);
        } else {
          const over = delay === 'hearing' ? forwards + 3 * downOf(flavour, 200) : ready + 9000 + LATE;
          await sleep(Math.max(0, over - Date.now()));
          expect(sent.adverts(VRID).filter(({ source }) => source === flavour.r1)).toEqual([]);
        }
        // The Master was Master throughout: its advertisements came as ever.
        const until = sent.adverts(VRID).find(({ source }) => source === flavour.r1)?.time ?? Date.now();
        const times = wire
          .adverts(VRID, booted - 1000)
          .filter(({ source, time }) => source === flavour.r2 && time < until)
          .map(({ time }) => time);
        const gaps = times.slice(1).map((time, at) => time - times[at]!);
        expect(Math.max(...gaps)).toBeLessThan(downOf(flavour, 200));
        expect(
          wire.adverts(VRID, booted).filter(({ time, priority }) => time < until && priority === 0),
        ).toEqual([]);
      }));
  }

  it.concurrent('a node that is told nothing claims the role while it is deaf: that is what hearing is for', () =>
    withLab(async (lab) => {
      const { lan, r1, r2, wire } = await twoRouters(lab);
      const timers = { advert: 0.2 };
      Rvrrpd.start(lab, r2, [V3.router(VRID, [1], { priority: 100, timers })]);
      await wire.soleMaster(VRID, R2, 20_000);
      await lan.run('bridge', 'link', 'set', 'dev', r1.name, 'state', String(LEARNING));
      const sent = await Wire.tap(lab, r1, 'lan');
      const booted = Date.now();
      Rvrrpd.start(lab, r1, [V3.router(VRID, [1], { priority: 50, timers })]);
      await sent.nextAdvert('two Masters', booted, ({ source }) => source === R1, 20_000);
    }));

  it.concurrent('link_debounce and link_delay: a short loss of carrier is not seen, a long one is, and its end is waited for', () =>
    withLab(async (lab) => {
      const { lan, r1, wire } = await twoRouters(lab);
      const router = V3.router(VRID, [1], {
        ...{ priority: 200, preemption: true, timers: { advert: 0.2 } },
        ...{ link_debounce: 3, link_delay: 6 },
      });
      const daemon = Rvrrpd.start(lab, r1, [router]);
      await wire.soleMaster(VRID, R1, 20_000);
      const transitions = () => daemon.log().filter(({ from, to }) => from !== undefined && to !== undefined);
      const before = transitions().length;
      await lan.unplug(r1);
      // The kernel looks at a cable when it has time: what is back before that was never gone.
      await eventually('the loss that is not acted upon yet', 10_000, () =>
        daemon.log().some(({ msg }) => /has lost its carrier, which is acted upon/.test(msg ?? '')),
      );
      await lan.replug(r1);
      await eventually('the carrier that is back in time', 10_000, () =>
        daemon.log().some(({ msg }) => /back in time: link_debounce/.test(msg ?? '')),
      );
      await wire.soleMaster(VRID, R1, 10_000, 600);
      expect(transitions().length).toBe(before);

      await lan.unplug(r1);
      await eventually('the loss of carrier', 20_000, () => transitions().at(-1)?.to === 'Down');
      const replugged = Date.now();
      await lan.replug(r1);
      await eventually('the interface', 20_000, () => transitions().at(-1)?.to === 'Backup');
      // A reload on the way begins nothing anew, and ends nothing.
      await daemon.reload();
      const next = await wire.nextAdvert(
        'the Master again',
        replugged,
        ({ source }) => source === R1,
        30_000,
      );
      expect(next.time - replugged).toBeGreaterThan(5900);
      expect(next.time - replugged).toBeLessThan(6000 + 2 * LATE);
    }));

  it.concurrent('announce: so many, then again and again, and never more a second than allowed', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab);
      const numbers = Array.from({ length: 20 }, (_, at) => at + 101);
      const announce = { count: 1, refresh: 3, rate: 15 };
      Rvrrpd.start(lab, r1, [
        V3.router(VRID, numbers, { timers: { advert: 0.2 }, announce }),
        V3.router(VRID + 1, [200], { timers: { advert: 0.2 }, announce }),
      ]);
      const addresses = [...numbers, 200].map(V3.address);
      await eventually('each address twice', 30_000, () =>
        addresses.every((address) => wire.gratuitousArps(address).length >= 2),
      );
      const times = addresses.flatMap((address) => wire.gratuitousArps(address).map(({ time }) => time));
      const most = Math.max(
        ...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length),
      );
      expect(most).toBeLessThanOrEqual(15);
    }));
});

/** What is compared with keepalived: when each becomes Master, in ms, by the same clock. */
describeConcurrent('hold-off beside keepalived', () => {
  /** Starts the router under test on r1, priority 200. */
  type Start = (
    lab: Parameters<typeof twoRouters>[0],
    network: Awaited<ReturnType<typeof twoRouters>>,
  ) => Promise<unknown>;
  const ours =
    (more: Partial<VrouterTable>): Start =>
    (lab, { r1 }) =>
      Rvrrpd.start(lab, r1, [V2.router(VRID, [1], { priority: 200, preemption: true, ...more })]).ready(
        30_000,
      );
  const theirs =
    (preemptDelay?: number, globals?: string): Start =>
    (lab, { r1 }) =>
      Keepalived.start(
        lab,
        r1,
        [
          {
            ...{ interface: 'lan', vrid: VRID, priority: 200, vips: [`${VIP}/24`] },
            ...(preemptDelay === undefined ? {} : { preemptDelay }),
          },
        ],
        globals === undefined ? {} : { globals },
      ).pids();
  const DELAY = 6;

  for (const [name, start] of [
    ['rvrrpd', ours({ preempt_delay: DELAY })],
    ['keepalived', theirs(DELAY)],
  ] as const) {
    for (const dies of [false, true]) {
      it.concurrent(`${name}, preempt_delay: ${dies ? 'a Master that dies is taken over at once' : 'a Master of lower priority is let be so long'}`, () =>
        withLab(async (lab) => {
          const network = await twoRouters(lab);
          const { r2, wire } = network;
          const master = Rvrrpd.start(lab, r2, [V2.router(VRID, [1], { priority: 100 })]);
          await wire.soleMaster(VRID, R2, 20_000);
          const started = Date.now();
          await start(lab, network);
          const ready = Date.now();
          let since = ready;
          if (dies) {
            await sleep(2500);
            since = await master.kill();
          }
          const first = await wire.nextAdvert(
            'the take-over',
            started,
            ({ source }) => source === R1,
            30_000,
          );
          const after = first.time - since;
          console.info(
            `${name}: preempt_delay ${DELAY}, ${dies ? 'Master killed' : 'Master lives'}: ${Math.round(after)} ms`,
          );
          if (dies) {
            // From its last advertisement on, which may be a second old; its Backup must have heard one.
            expect(after).toBeGreaterThan(downOf(V2, 200) - 1100);
            expect(after).toBeLessThan(downOf(V2, 200) + LATE);
          } else {
            expect(first.time - started).toBeGreaterThan(DELAY * 1000 - 50);
            expect(after).toBeLessThan(DELAY * 1000 + 1000 + downOf(V2, 200) + 2 * LATE);
          }
        }));
    }
  }

  for (const [name, start] of [
    ['rvrrpd', ours({ start_delay: DELAY })],
    ['keepalived', theirs(undefined, `  vrrp_startup_delay ${DELAY}\n`)],
  ] as const) {
    it.concurrent(`${name}, ${name === 'rvrrpd' ? 'start_delay' : 'vrrp_startup_delay'}: waits although there is no Master`, () =>
      withLab(async (lab) => {
        const network = await twoRouters(lab);
        const started = Date.now();
        await start(lab, network);
        const ready = Date.now();
        const first = await network.wire.nextAdvert(
          'the Master',
          started,
          ({ source }) => source === R1,
          30_000,
        );
        console.info(`${name}: start delay ${DELAY}: ${Math.round(first.time - ready)} ms`);
        expect(first.time - started).toBeGreaterThan(DELAY * 1000 - 50);
        expect(first.time - ready).toBeLessThan(DELAY * 1000 + downOf(V2, 200) + 2 * LATE);
      }));
  }
});
