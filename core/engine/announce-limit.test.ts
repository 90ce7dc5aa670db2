import { expect, test } from 'vitest';
import { Int, Num } from '../threads/state-table.ts';
import { AnnounceLimit } from './announce-limit.ts';
import { alone, configuration, type Station } from './test/station.ts';

/** Most announcements in any second. */
function mostInASecond(times: readonly number[]): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length));
}

const many = (vrid: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `198.51.${vrid}.${at + 1}`);

/** Masters of an interface, all at once. */
function masters(
  sizes: readonly number[],
  announce: { readonly rate?: number; readonly refresh?: number },
): Station {
  const routers = sizes.map((size, at) =>
    configuration({ vrid: at + 1, addresses: many(at + 1, size), announce: { count: 1, ...announce } }),
  );
  const station = alone({ routers });
  station.update();
  return station;
}

test('without a limit all of it at once', () => {
  const station = masters([255, 10], {});
  station.time.pass(4000);
  const times = station.announced().map(({ time }) => time);
  expect(times).toHaveLength(265);
  expect(new Set(times).size).toBe(1);
});

test('at most so many a second, over all routers of the interface; none is left out', () => {
  for (const rate of [1, 7, 50, 120, 1000]) {
    const station = masters([20, 20, 5], { rate });
    station.time.pass(4000 + (45 / rate) * 1100 + 1000);
    const announced = station.announced();
    expect(new Set(announced.map(({ address }) => address)).size, `${rate} a second`).toBe(45);
    expect(announced).toHaveLength(45);
    expect(mostInASecond(announced.map(({ time }) => time))).toBeLessThanOrEqual(rate);
  }
});

test('a router of few addresses does not wait for all of one of many', () => {
  const station = masters([200, 1], { rate: 20 });
  station.time.pass(4000);
  const { time } = station.announced().find(({ address }) => address === '198.51.2.1')!;
  const [first] = station.announced();
  expect(time - first!.time).toBeLessThan(200);
});

test('advertisements keep their cadence meanwhile', () => {
  const station = masters([200, 1], { rate: 20 });
  station.time.pass(14_000);
  const times = station
    .advertised()
    .filter(({ vrid }) => vrid === 1)
    .map(({ time }) => time);
  for (const [at, time] of times.slice(1).entries()) expect(time - times[at]!).toBeCloseTo(1000, 6);
  expect(station.announced().length).toBeGreaterThan(150);
});

test('what was under way when the router stopped being Master is not gone on with', () => {
  const station = masters([40], { rate: 10 });
  station.time.pass(4600);
  const before = station.announced().length;
  expect(before).toBeGreaterThan(3);
  station.engine.failOver(station.routers[0]!);
  station.engine.settle();
  station.time.pass(3000);
  expect(station.announced()).toHaveLength(before);
  station.time.pass(1000);
  expect(station.isMaster).toBe(true);
  station.time.pass(5000);
  expect(station.announced().slice(before)[0]?.address).toBe('198.51.1.1');
});

test('count, pauses, refresh', () => {
  const station = alone({
    routers: [configuration({ announce: { count: 4, pauses: [100, 300], refresh: 5000 } })],
  });
  station.update();
  station.time.pass(20_000);
  const times = station.announced().map(({ time }) => time);
  const pauses = times.slice(1).map((time, at) => Math.round(time - times[at]!));
  expect(pauses).toEqual([100, 300, 300, 5000, 5000, 5000]);
  // Only a Master does.
  station.placement.shutdown();
  station.time.pass(20_000);
  expect(station.announced()).toHaveLength(times.length);
});

test('an engine that takes over goes on refreshing, also where nobody did before', () => {
  const before = alone({ routers: [configuration({ announce: { count: 1 } })] });
  before.update();
  before.time.pass(10_000);
  expect(before.table.num(0, Num.AnnounceDeadline)).toBe(0);
  const after = alone({ routers: [configuration({ announce: { count: 1, refresh: 3000 } })] });
  after.update();
  after.table.setInt(0, Int.Applied, 1);
  expect(after.time.now()).toBe(1000);
  after.inherit(before.table);
  after.engine.resume();
  expect(after.table.num(0, Num.AnnounceDeadline)).toBe(4000);
});

test('a share is never nothing', () => {
  expect([1, 49, 50, 100, 1000].map(AnnounceLimit.share)).toEqual([1, 1, 1, 2, 20]);
});
