import { expect, test } from 'vitest';
import type { RouterIdentity } from '../config/identity.ts';
import { Int, Num, State, StateTable } from '../threads/state-table.ts';
import { Evacuation, moveBound } from './evacuation.ts';
import { router } from './test/stage.ts';

const COUNT = 40;

/** A daemon of so many Masters, on time that the evacuation itself moves; somebody takes over `after` ms, or nobody. */
function world(after: (vrid: number) => number | undefined = () => 50) {
  const routers = Array.from({ length: COUNT }, (_, index) => router(index + 1));
  const table = StateTable.allocate(COUNT);
  for (const slot of routers.keys()) table.setInt(slot, Int.State, State.Master);
  const gaveUp = new Map<number, number>();
  const takenBack: number[] = [];
  let now = 1000;
  const made = {
    ...{ routers, table, gaveUp, takenBack },
    now: () => now,
    sleep: async (ms: number) => {
      now += ms;
      for (const [vrid, at] of gaveUp) {
        const wait = after(vrid);
        if (wait !== undefined && now >= at + wait) table.setNum(vrid - 1, Num.OtherHeard, now);
      }
    },
    giveUp: async (some: readonly RouterIdentity[]) => {
      for (const { vrid } of some) {
        gaveUp.set(vrid, now);
        table.setInt(vrid - 1, Int.State, State.Backup);
      }
    },
    takeBack: async (some: readonly RouterIdentity[]) => {
      for (const { vrid } of some) {
        takenBack.push(vrid);
        table.setInt(vrid - 1, Int.State, State.Master);
      }
    },
  };
  return made;
}

const vrids = (routers: readonly RouterIdentity[]): number[] => routers.map(({ vrid }) => vrid);
const ALL = Array.from({ length: COUNT }, (_, index) => index + 1);

test('one after the other, at the rate', async () => {
  const made = world();
  const result = await new Evacuation(made, made.routers, 10, false).run();
  expect([vrids(result.moved), result.stuck, result.left]).toEqual([ALL, [], []]);
  const times = [...made.gaveUp.values()];
  for (const [index, time] of times.entries()) {
    expect(time - 1000).toBeGreaterThanOrEqual(index * 100);
    expect(time - 1000).toBeLessThan(index * 100 + 30);
  }
});

test('faster than it is looked at: several at a time', async () => {
  const made = world();
  await new Evacuation(made, made.routers, 1000, false).run();
  expect([...made.gaveUp.values()].at(-1)! - 1000).toBeLessThan(100);
});

test('one from which nobody takes over is taken back after the bound, and the rest is left', async () => {
  const made = world((vrid) => (vrid === 5 ? undefined : 50));
  const result = await new Evacuation(made, made.routers, 10, false).run();
  expect([vrids(result.stuck), made.takenBack]).toEqual([[5], [5]]);
  const begun = made.gaveUp.size;
  expect(made.gaveUp.get(begun)! - made.gaveUp.get(5)!).toBeLessThan(moveBound(made.routers[4]!));
  expect(vrids(result.moved)).toEqual(ALL.slice(0, begun).filter((vrid) => vrid !== 5));
  expect(vrids(result.left)).toEqual(ALL.slice(begun));
});

test('where nobody takes over at all, those under way are taken back, and no other is touched', async () => {
  const made = world(() => undefined);
  const result = await new Evacuation(made, made.routers, 1, false).run();
  expect(result.moved).toEqual([]);
  expect(vrids(result.stuck)).toEqual([...made.gaveUp.keys()]);
  expect(made.takenBack).toEqual([...made.gaveUp.keys()]);
  expect(made.gaveUp.size).toBeLessThanOrEqual(5);
});

test('forced, it goes on, and nobody is taken back', async () => {
  const made = world((vrid) => (vrid === 5 ? undefined : 50));
  const result = await new Evacuation(made, made.routers, 10, true).run();
  expect([vrids(result.stuck), made.takenBack, result.moved.length]).toEqual([[5], [], COUNT - 1]);
});

test('what is resumed meanwhile is left', async () => {
  const made = world();
  const evacuation = new Evacuation(made, made.routers, 10, false);
  const { giveUp } = made;
  made.giveUp = async (some) => {
    if (some[0]!.vrid === 3) evacuation.cancel(made.routers.slice(20));
    await giveUp(some);
  };
  const result = await evacuation.run();
  expect([vrids(result.left), vrids(result.moved)]).toEqual([ALL.slice(20), ALL.slice(0, 20)]);
});

test('the bound: skew time and some intervals, never too short for a busy host', () => {
  expect(moveBound(router(1))).toBe(4000);
  expect(moveBound(router(1, { advertisementIntervalCs: 1000 }))).toBe(31_000);
  expect(moveBound(router(1, { version: 3, advertisementIntervalCs: 1 }))).toBe(3000);
});
