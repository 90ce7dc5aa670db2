/** Whole engines on one wire under virtual time: packets, sockets and announcements as they are on a real one. */
import os from 'node:os';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import { masterDownInterval, skewTime } from '../vrrp/timers.ts';
import { REFUSED_BOUND } from './patience.ts';
import { configuration, ethernet, Station } from './test/station.ts';
import { VirtualTime } from './test/virtual-time.ts';
import { VirtualWire } from './test/virtual-wire.ts';

const INTERVAL = 1000;
const LATENCY = 0.1;
/** Long enough for anybody's Master_Down_Interval, and for the neighbours to have been told. */
const CONVERGED = 15_000;

/** Stations 192.0.2.1, .2, …, one for each of these, on one wire; they have started. */
function lan(configs: readonly Partial<VirtualRouterConfig>[]) {
  const time = new VirtualTime();
  const wire = new VirtualWire(time, LATENCY);
  const stations = configs.map(
    (over, at) =>
      new Station(time, wire, {
        routers: [configuration(over)],
        links: [ethernet([`192.0.2.${at + 1}`], { mac: `02:00:00:00:00:0${at + 1}` })],
      }),
  );
  for (const station of stations) station.update();
  const masters = () => stations.flatMap(({ isMaster }, at) => (isMaster ? [at] : []));
  return { time, wire, stations, masters };
}

/** Longest pause in ms between advertisements that anybody sent in a time. */
function longestSilence({ wire }: ReturnType<typeof lan>, from: number, to: number): number {
  const times = wire.passed
    .filter(({ frame, time }) => frame[13] === 0 && frame[36]! > 0 && time >= from && time <= to)
    .map(({ time }) => time);
  const all = [from, ...times, to];
  return Math.max(...all.slice(1).map((time, at) => time - all[at]!));
}

describe('three routers', () => {
  const trio = () => lan([{ priority: 100 }, { priority: 200 }, { priority: 150 }]);

  test('the best one becomes Master, and only it ever does', () => {
    const { time, stations, masters } = trio();
    time.pass(CONVERGED);
    expect(masters()).toEqual([1]);
    expect(stations.map(({ table }) => table.num(0, Num.BecameMaster))).toEqual([0, 1, 0]);
  });

  test('the Master falls silent: the next best takes over after its Master_Down_Interval, and tells the neighbours', () => {
    const all = trio();
    const { time, wire, stations, masters } = all;
    time.pass(CONVERGED);
    const from = time.now();
    const last = stations[1]!.advertised().at(-1)!.time;
    wire.part(stations[1]!.port);
    time.pass(CONVERGED);
    expect(masters()).toEqual([1, 2]);
    const takeOver = stations[2]!.advertised()[0]!.time;
    expect(takeOver).toBeCloseTo(last + LATENCY + masterDownInterval(2, 150, INTERVAL), 6);
    const [told] = stations[2]!.announced();
    expect(told).toMatchObject({ address: '198.51.100.1', mac: '00:00:5e:00:01:01' });
    expect(told!.time - takeOver).toBeLessThan(20);
    expect(stations[0]!.sent).toEqual([]);
    expect(longestSilence(all, from, time.now())).toBeLessThan(masterDownInterval(2, 150, INTERVAL) + 1);
  });

  test('parted and joined again: one Master, the best, and the other has given way once', () => {
    const { time, wire, stations, masters } = trio();
    time.pass(CONVERGED);
    wire.part(stations[1]!.port);
    time.pass(CONVERGED);
    wire.part();
    time.pass(INTERVAL);
    expect(masters()).toEqual([1]);
    expect(stations[2]!.table.num(0, Num.LeftMaster)).toBe(1);
    time.pass(CONVERGED);
    expect(masters()).toEqual([1]);
  });

  test('the Master stops: the next best takes over after its skew time', () => {
    const { time, stations, masters } = trio();
    time.pass(CONVERGED);
    const stopped = time.now();
    stations[1]!.placement.shutdown();
    time.pass(CONVERGED);
    expect(masters()).toEqual([2]);
    const takeOver = stations[2]!.advertised()[0]!.time;
    expect(takeOver).toBeCloseTo(stopped + LATENCY + skewTime(2, 150, INTERVAL), 6);
    expect(stations[1]!.host.open.size).toBe(0);
  });

  test('its cable is pulled and put in again: Down meanwhile, Master again afterwards', () => {
    const { time, stations, masters } = trio();
    time.pass(CONVERGED);
    const [link] = stations[1]!.links;
    stations[1]!.update([{ ...link!, running: false }]);
    time.pass(CONVERGED);
    expect([stations[1]!.state(), masters()]).toEqual([State.Down, [2]]);
    stations[1]!.update([link!]);
    time.pass(CONVERGED);
    expect(masters()).toEqual([1]);
  });

  test('told to fail over, the Master is Backup until the new one is silent', () => {
    const { time, stations, masters, wire } = trio();
    time.pass(CONVERGED);
    stations[1]!.engine.failOver(stations[1]!.routers[0]!);
    stations[1]!.engine.settle();
    time.pass(CONVERGED);
    expect(masters(), 'it does not preempt').toEqual([2]);
    wire.part(stations[2]!.port);
    time.pass(CONVERGED);
    expect(stations[1]!.isMaster).toBe(true);
    wire.part();
    time.pass(CONVERGED);
    expect(masters()).toEqual([1]);
  });

  test('its process stands still for a while: another takes over, and it takes back what is its', () => {
    const { time, stations, masters } = trio();
    time.pass(CONVERGED);
    stations[1]!.host.standing = true;
    time.pass(CONVERGED);
    expect(stations[2]!.isMaster).toBe(true);
    stations[1]!.host.goOn();
    time.pass(CONVERGED);
    expect(masters()).toEqual([1]);
  });
});

test('a Master whose kernel refuses the addresses gives up, the next best can have them; later it is asked again', () => {
  const { time, stations, masters } = lan([{ priority: 100 }, { priority: 200 }]);
  stations[1]!.refusal = os.constants.errno.EROFS;
  time.pass(masterDownInterval(2, 200, INTERVAL) + REFUSED_BOUND + 500);
  expect(stations[1]!.state()).toBe(State.Down);
  expect(stations[1]!.advertised().at(-1)!.priority).toBe(0);
  time.pass(1000);
  expect(masters()).toEqual([0]);
  expect(stations[0]!.announced().length).toBeGreaterThan(0);
  expect(stations[1]!.announced()).toEqual([]);
  time.pass(60_000);
  expect([masters(), stations[1]!.state()], 'a Backup that does not preempt').toEqual([[0], State.Backup]);
  stations[1]!.refusal = 0;
  stations[0]!.placement.shutdown();
  time.pass(CONVERGED);
  expect(masters()).toEqual([1]);
  expect(stations[1]!.table.int(0, Int.GiveUps)).toBe(0);
  expect(stations[1]!.announced().length).toBeGreaterThan(0);
});

test('a better one that starts later preempts, one that does not preempt waits', () => {
  for (const preempt of [true, false]) {
    const { time, stations, masters } = lan([{ priority: 100 }]);
    time.pass(CONVERGED);
    const late = new Station(time, stations[0]!.wire, {
      routers: [configuration({ priority: 200, preempt })],
      links: [ethernet(['192.0.2.2'], { mac: '02:00:00:00:00:02' })],
    });
    late.update();
    time.pass(CONVERGED);
    expect([masters().length === 1, late.isMaster]).toEqual([!preempt, preempt]);
  }
});

test('of equals the higher address is Master after a split', () => {
  const { time, wire, stations, masters } = lan([{ priority: 100 }, { priority: 100 }]);
  wire.part(stations[0]!.port);
  time.pass(CONVERGED);
  expect(masters()).toEqual([0, 1]);
  wire.part();
  time.pass(CONVERGED);
  expect(masters()).toEqual([1]);
});

test('whatever is cut, stopped and stalled: in the end there is one Master, the best of those that run', () => {
  const step = fc.record({
    who: fc.nat({ max: 2 }),
    what: fc.constantFrom('part', 'join', 'pull', 'plug', 'stand', 'go on'),
    pause: fc.integer({ min: 1, max: 6000 }),
  });
  const priorities = fc.uniqueArray(fc.integer({ min: 1, max: 254 }), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(priorities, fc.array(step, { maxLength: 8 }), (list, steps) => {
      const { time, wire, stations, masters } = lan(list.map((priority) => ({ priority })));
      const links = stations.map((station) => station.links);
      for (const { who, what, pause } of steps) {
        const station = stations[who]!;
        if (what === 'part') wire.part(station.port);
        else if (what === 'join') wire.part();
        else if (what === 'stand') station.host.standing = true;
        else if (what === 'go on') station.host.goOn();
        else if (!station.host.standing) {
          const [link] = links[who]!;
          station.update([{ ...link!, running: what === 'plug' }]);
        }
        time.pass(pause);
      }
      wire.part();
      for (const [who, station] of stations.entries()) {
        station.host.goOn();
        station.update(links[who]);
      }
      time.pass(CONVERGED);
      expect(masters().map((who) => list[who])).toEqual([Math.max(...list)]);
      const from = time.now();
      time.pass(10 * INTERVAL);
      expect(longestSilence({ time, wire, stations, masters }, from, time.now())).toBeLessThanOrEqual(
        INTERVAL + 1,
      );
    }),
    { numRuns: 60 },
  );
});
