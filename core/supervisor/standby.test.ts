import { expect, test } from 'vitest';
import { type RouterIdentity, routerKey } from '../config/identity.ts';
import type { VirtualRouterConfig } from '../config/model.ts';
import { Int, Num, State, StateTable } from '../threads/state-table.ts';
import { Standby, type StandbyDaemon } from './standby.ts';
import { recordedLog, router, startOf } from './test/stage.ts';
import { Turns } from './turns.ts';

/**
 * A daemon whose engine does at once what it is told, on time that only the stand-by moves.
 * @param answers whether somebody takes over from a virtual router
 * @param listens whether another host listens on its link
 */
function stage(
  routers: readonly VirtualRouterConfig[],
  {
    answers = () => true,
    listens = () => false,
  }: Partial<Record<'answers' | 'listens', (vrid: number) => boolean>>,
) {
  const table = StateTable.allocate(routers.length);
  const slotOf = (one: RouterIdentity): number =>
    routers.findIndex((each) => routerKey(each) === routerKey(one));
  const held = new Map<string, number>();
  const calls: string[] = [];
  let now = 0;
  const leaves = (some: readonly RouterIdentity[]): void => {
    for (const one of some) {
      const slot = slotOf(one);
      if (table.int(slot, Int.State) !== State.Master) continue;
      table.setInt(slot, Int.State, State.Backup);
      table.setNum(slot, Num.OtherHeard, answers(one.vrid) ? 1 : 0);
    }
  };
  const note = (what: string, some: readonly RouterIdentity[]): void =>
    void calls.push(`${what} ${some.map(({ vrid }) => vrid).join()}`);
  const daemon: StandbyDaemon = {
    ...{ start: startOf(routers), table, turns: new Turns() },
    orders: {
      standbyTrouble: undefined,
      isHeld: (one) => held.has(routerKey(one)),
      standBy: async (some, lasts) => {
        note('standby', some);
        for (const one of some) {
          held.set(routerKey(one), lasts);
          table.setInt(slotOf(one), Int.Held, 1);
        }
        leaves(some);
      },
      release: async (some) => {
        note('release', some);
        for (const one of some) {
          held.delete(routerKey(one));
          table.setInt(slotOf(one), Int.Held, 0);
        }
      },
      takeBack: async (some) => {
        note('take back', some);
        for (const one of some) {
          held.delete(routerKey(one));
          table.setInt(slotOf(one), Int.Held, 0);
          table.setInt(slotOf(one), Int.State, State.Master);
        }
      },
      failOverAll: async (some) => {
        note('fail over', some);
        leaves(some);
      },
    },
  };
  const { log, lines } = recordedLog();
  const sleep = async (ms: number): Promise<void> => {
    now += ms;
    await new Promise(setImmediate);
  };
  const standby = new Standby(daemon, log, {
    ...{ now: () => now, sleep, hasListener: ({ vrid }) => listens(vrid) },
  });
  const enter = (slot: number, state: State, priority = 100): void => {
    table.setInt(slot, Int.State, state);
    table.setInt(slot, Int.Priority, priority);
  };
  for (const slot of routers.keys()) enter(slot, State.Master);
  return { standby, table, held, calls, lines, enter };
}

const THREE = [router(1), router(2), router(3)];
const NOTHING = { moved: [], stuck: [], left: [], warnings: [] };

test('a Master of which a Backup is known moves, and stands by for its time', async () => {
  const made = stage(THREE, { listens: () => true });
  const outcome = await made.standby.standBy(['eth0/2'], { lasts: 5000, by: 'carol' });
  expect(outcome).toEqual({ ...NOTHING, ok: true, routers: ['eth0/2'], moved: ['eth0/2'] });
  expect([...made.held.values()]).toEqual([5000]);
  expect(made.lines).toEqual([
    'info: carol asks for: stand-by of eth0/2 for 5 s',
    'info: stand-by: 1 virtual router',
  ]);
});

test.each(['heard', 'listens', 'stands by already'])('a Backup is known that is %s', async (how) => {
  const made = stage([router(1)], { listens: () => how === 'listens' });
  if (how === 'heard') made.table.setNum(0, Num.OtherHeard, 5);
  if (how === 'stands by already') made.held.set(routerKey(router(1)), 0);
  expect(await made.standby.standBy([])).toMatchObject({ ok: true, moved: ['eth0/1'] });
});

test('refused if no Backup is known of any of them: nothing is done', async () => {
  const made = stage(THREE, { listens: (vrid) => vrid === 1 });
  await expect(made.standby.standBy([])).rejects.toMatchObject({
    code: 'no-backup',
    message: expect.stringMatching(/^no other router of eth0\/2, eth0\/3 has been heard of: /),
  });
  // A Backup that hears nobody is about to be Master.
  made.enter(1, State.Backup);
  await expect(made.standby.standBy(['eth0/2'])).rejects.toMatchObject({ code: 'no-backup' });
  expect([made.calls, made.lines]).toEqual([[], []]);
});

test('who is neither Master nor about to be is not asked about', async () => {
  const made = stage(THREE, {});
  made.enter(0, State.Down);
  made.enter(1, State.Initialize);
  made.enter(2, State.Backup);
  made.table.setNum(2, Num.OtherHeard, 5);
  expect(await made.standby.standBy([])).toMatchObject({
    ok: true,
    routers: ['eth0/1', 'eth0/2', 'eth0/3'],
    moved: [],
  });
});

test('nobody takes over: the Master is that again, the others are left, and it is an error', async () => {
  const made = stage(THREE, { listens: () => true, answers: (vrid) => vrid !== 2 });
  const outcome = await made.standby.standBy([], { rate: 0.1 });
  expect(outcome).toEqual({
    ...{
      ok: false,
      routers: ['eth0/1'],
      moved: ['eth0/1'],
      stuck: ['eth0/2'],
      left: ['eth0/3'],
      warnings: [],
    },
    ...{ error: 'nobody took over eth0/2: Master again; eth0/3 left as before', code: 'not-taken-over' },
  });
  expect(made.calls).toEqual(['standby 1', 'standby 2', 'take back 2']);
});

test('forced, it goes whether anybody is there or not, and a warning says so', async () => {
  const made = stage([router(1)], { answers: () => false });
  const outcome = await made.standby.standBy([], { force: true });
  expect(outcome).toEqual({
    ...{ ...NOTHING, ok: true, routers: ['eth0/1'], stuck: ['eth0/1'] },
    warnings: ['nobody has taken over eth0/1 so far'],
  });
  expect(made.calls).toEqual(['standby 1']);
});

test('an address owner cannot; forced, it is left out, unless it is the only one', async () => {
  const made = stage(THREE, { listens: () => true });
  made.enter(1, State.Master, 255);
  await expect(made.standby.standBy([])).rejects.toMatchObject({ code: 'router-state' });
  await expect(made.standby.standBy(['eth0/2'], { force: true })).rejects.toMatchObject({
    code: 'router-state',
  });
  const outcome = await made.standby.standBy([], { force: true });
  expect(outcome).toMatchObject({
    ...{ ok: true, routers: ['eth0/1', 'eth0/3'] },
    warnings: ['eth0/2 owns its address and was left out'],
  });
  await expect(made.standby.failOver(['eth0/2'])).rejects.toMatchObject({ code: 'router-state' });
});

test('a dry run only says whether it would be refused', async () => {
  const made = stage(THREE, { listens: (vrid) => vrid < 3 });
  await expect(made.standby.standBy([], { dryRun: true })).rejects.toMatchObject({ code: 'no-backup' });
  expect(await made.standby.standBy(['eth0/1'], { dryRun: true })).toMatchObject({
    ok: true,
    routers: ['eth0/1'],
  });
  expect(await made.standby.resume([], { dryRun: true })).toMatchObject({ ok: true, routers: [] });
  expect([made.calls, made.lines]).toEqual([[], []]);
});

test('resume tells whom it was for, and ends an evacuation that is under way', async () => {
  const made = stage(THREE, { listens: () => true });
  expect((await made.standby.resume([])).warnings).toEqual(['none of them stood by']);
  const under = made.standby.standBy([], { rate: 0.1 });
  while (made.held.size === 0) await new Promise(setImmediate);
  expect((await made.standby.resume([])).routers).toEqual(['eth0/1']);
  expect(await under).toMatchObject({ ok: false, left: expect.arrayContaining(['eth0/2', 'eth0/3']) });
  expect(made.held.size).toBe(0);
});

test('a fail-over is of Masters alone, and is watched as well', async () => {
  const made = stage(THREE, { answers: (vrid) => vrid === 1 });
  made.enter(2, State.Backup);
  expect(await made.standby.failOver(['eth0'], { rate: 1000 })).toMatchObject({
    ...{ ok: false, moved: ['eth0/1'], stuck: ['eth0/2'], code: 'not-taken-over' },
  });
  expect(made.calls.at(-1)).toBe('take back 2');
  await expect(made.standby.failOver(['eth0/3'])).rejects.toMatchObject({
    code: 'router-state',
    message: 'eth0/3: not Master',
  });
});
