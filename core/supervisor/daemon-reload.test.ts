import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { State } from '../threads/state-table.ts';
import { failOverFault } from './fail-over.ts';
import { engineInit } from './test/fake-threads.ts';
import {
  enter,
  outcome,
  pass,
  quiet,
  router,
  running,
  serviceStart,
  startOf,
  useFakeTime,
} from './test/stage.ts';

beforeEach(useFakeTime);
afterEach(() => void vi.useRealTimers());

const BEFORE = startOf([router(1)], serviceStart());
const AFTER = startOf([router(1), router(2)], serviceStart(), 'text 2');

test('a reload: everything is ready before the old generation is told anything', async () => {
  const { daemon, threads, twins } = await running(BEFORE);
  await daemon.turns.take(() => daemon.reload(AFTER));
  expect(threads.journal).toEqual([
    'service 1: settings',
    ...['engine 1: hand-over', 'engine 2: go', 'engine 1: ended'],
    ...['actuator 1: retire', 'actuator 1: ended', 'actuator 2: go'],
    'service 1: view',
  ]);
  expect(twins.told).toEqual(['expect 1,2', 'runs 1,2']);
  expect(daemon.start).toBe(AFTER);
  expect(daemon.info.generation).toBe(2);
});

test('only what is new or needs other things of the kernel is checked for obstacles', async () => {
  const { daemon, threads } = await running(startOf([router(1), router(2)]));
  const other = router(2, { addresses: ['192.0.2.99'] });
  await daemon.turns.take(() => daemon.reload(startOf([router(1, { priority: 7 }), other, router(3)])));
  expect(threads.named('actuator 1').plan.init).toMatchObject({ checked: [0, 1] });
  expect(threads.named('actuator 2').plan.init).toMatchObject({ checked: [1, 2] });
});

const FAILURES: readonly {
  readonly what: string;
  readonly fail: (stage: Awaited<ReturnType<typeof running>>) => void;
  readonly message: string;
}[] = [
  {
    what: 'another process runs a router',
    fail: ({ twins }) => {
      twins.fault = 'taken';
    },
    message: 'taken',
  },
  {
    what: 'the engine cannot load',
    fail: ({ threads }) => {
      threads.manners = { engine: { load: 'fail' } };
    },
    message: 'engine 2 cannot',
  },
  {
    what: 'the actuator cannot load, or finds an obstacle',
    fail: ({ threads }) => {
      threads.manners = { actuator: { load: 'fail' } };
    },
    message: 'actuator 2 cannot',
  },
  {
    what: 'the service refuses its settings',
    fail: ({ threads }) => {
      threads.named('service 1').manner = { settings: 'refused' };
    },
    message: 'no such port',
  },
  {
    what: 'the engine cannot start before the old one let go',
    fail: ({ threads }) => {
      threads.named('engine 1').manner = { handOver: 'hang' };
      threads.manners = { engine: { go: 'fail' } };
    },
    message: 'engine 2 cannot',
  },
];

test.each(FAILURES)('$what: the old generation runs on as it was', async ({ fail, message }) => {
  const made = await running(BEFORE);
  const { daemon, threads, twins } = made;
  fail(made);
  await expect(daemon.turns.take(() => daemon.reload(AFTER))).rejects.toThrow(message);
  await quiet();
  expect(threads.alive).toEqual(['engine 1', 'actuator 1', 'service 1']);
  expect(threads.named('actuator 1').orders.map(({ type }) => type)).toEqual(['go']);
  expect(threads.journal).not.toContainEqual(expect.stringMatching(/: (retire|stop|view|export)$/));
  const offered = threads.journal.includes('service 1: settings') && message !== 'no such port';
  expect(threads.journal.includes('service 1: abandon')).toBe(offered);
  expect(daemon.start).toBe(BEFORE);
  expect(daemon.info).toMatchObject({ generation: 1, troubles: [] });
  if (message !== 'taken') expect(twins.told.at(-1)).toBe('runs 1');
  // And the next one works.
  made.twins.fault = undefined;
  threads.manners = {};
  for (const name of ['engine 1', 'service 1']) threads.named(name).manner = {};
  await daemon.turns.take(() => daemon.reload(AFTER));
  expect(daemon.info.generation).toBe(2);
});

test.each([
  ['engine', 'engine is loading its code'],
  ['actuator', 'actuator is loading its code'],
] as const)('an %s that hangs while it loads is given up after 15 s', async (name, what) => {
  const { daemon, threads } = await running(BEFORE);
  threads.manners = { [name]: { load: 'hang' } };
  const reload = daemon.turns.take(() => daemon.reload(AFTER));
  reload.catch(() => {});
  await pass(14_999);
  expect(await outcome(reload)).toBe('waiting');
  await pass(1);
  await expect(reload).rejects.toMatchObject({
    ...{ code: 'timed-out', message: `given up after 15 s: the ${what}` },
  });
  expect(threads.alive).toEqual(['engine 1', 'actuator 1', 'service 1']);
});

test('a service of another version that hangs while it loads is given up with the rest', async () => {
  const { daemon, threads } = await running(BEFORE);
  threads.manners = { service: { load: 'hang' } };
  const reload = daemon.turns.take(() => daemon.reload(startOf([router(1)], serviceStart('b'))));
  reload.catch(() => {});
  await pass(15_000);
  await expect(reload).rejects.toThrow('given up after 15 s: the service is loading its code');
  await quiet();
  expect(threads.alive).toEqual(['engine 1', 'actuator 1', 'service 1']);
});

test('an engine that fails after the old one let go is followed by another with the old configuration', async () => {
  const { daemon, threads, lines } = await running(BEFORE);
  threads.manners = { 'engine 2': { go: 'fail' } };
  expect(await outcome(daemon.turns.take(() => daemon.reload(AFTER)))).toBe('engine 2 cannot');
  await pass(0);
  expect(threads.alive).toEqual(['service 1', 'engine 3', 'actuator 3']);
  expect(daemon.start).toBe(BEFORE);
  expect(daemon.info).toMatchObject({ generation: 2, troubles: [] });
  expect(threads.named('engine 3').succession).toMatchObject({ slots: [0] });
  expect(lines.at(-1)).toBe('info: replaced: 1 Init');
});

test('an actuator that does not start after the hand-over does not undo the reload, and is replaced', async () => {
  const { daemon, threads, lines } = await running(BEFORE);
  threads.manners = { 'actuator 2': { go: 'fail' } };
  await daemon.turns.take(() => daemon.reload(AFTER));
  expect(daemon.start).toBe(AFTER);
  expect(lines).toContain('error: the addresses of Masters are not looked after for now: actuator 2 cannot');
  await pass(0);
  expect(threads.alive).toEqual(['service 1', 'engine 3', 'actuator 3']);
  expect(daemon.info).toMatchObject({ generation: 3, troubles: [] });
});

test('Masters that are told to fail over with a change do so in the new engine', async () => {
  const { daemon, threads } = await running(startOf([router(1), router(2)]));
  const name = { interface: 'eth0', group: 2 };
  await daemon.turns.take(() => daemon.reload(startOf([router(2)]), [name]));
  expect(threads.named('engine 1').told('fail-over')).toBe(0);
  expect(threads.named('engine 2').orders.at(-1)).toEqual({ type: 'fail-over', slots: [0] });
  await daemon.turns.take(() => daemon.orders.failOver([name]));
  expect(threads.named('engine 2').told('fail-over')).toBe(2);
  expect(daemon.info.generation).toBe(2);
});

test('who stands by is told to the engine, and to every one after it, until the time is over', async () => {
  useFakeTime();
  const { daemon, threads } = await running(startOf([router(1), router(2)]));
  await daemon.turns.take(() => daemon.orders.standBy([router(2)], 60_000));
  const held = { slot: 1, held: true, until: expect.any(Number) };
  expect(threads.named('engine 1').orders.at(-1)).toEqual({ type: 'standby', slots: [held] });
  await daemon.turns.take(() => daemon.reload(startOf([router(2), router(3)])));
  expect(engineInit(threads.named('engine 2')).held).toEqual([{ ...held, slot: 0 }]);
  threads.named('engine 2').crash();
  await pass(0);
  expect(engineInit(threads.named('engine 3')).held).toEqual([{ ...held, slot: 0 }]);
  await pass(60_000);
  expect(threads.named('engine 3').orders.at(-1)).toEqual({
    ...{ type: 'standby', slots: [{ slot: 0, held: false, until: 0 }] },
  });
  await daemon.turns.take(() => daemon.reload(startOf([router(1)])));
  expect(engineInit(threads.named('engine 4')).held).toEqual([]);
});

test('who can be told to fail over', async () => {
  const both = [router(1), router(2), router(2, { family: 6 }), router(3)];
  const { daemon, threads } = await running(startOf(both));
  const fault = (group: number, on = 'eth0'): unknown => failOverFault({ interface: on, group }, daemon);
  expect(fault(1)).toEqual({
    ...{ reason: 'conflict', message: 'virtual router 1 on eth0 is not Master: it is Backup' },
  });
  expect(fault(1, 'eth9')).toEqual({ reason: 'missing', message: 'there is no virtual router 1 on eth9' });
  expect(fault(2)).toMatchObject({
    reason: 'conflict',
    message: expect.stringContaining('"family" must say'),
  });
  const engine = threads.named('engine 1');
  enter(engine, 0, State.Master);
  expect(fault(1)).toBeUndefined();
  enter(engine, 3, State.Master, 255);
  expect(fault(3)).toMatchObject({ message: expect.stringContaining('owns its address') });
});

test('whether another process runs a router is asked without claiming it for long', async () => {
  const { daemon, twins } = await running(BEFORE);
  expect(await daemon.twinFault(AFTER)).toBeUndefined();
  twins.fault = 'taken';
  expect(await daemon.twinFault(AFTER)).toBe('taken');
  expect(twins.told).toEqual(['expect 1,2', 'runs 1', 'expect 1,2', 'runs 1']);
});

test('the service hears how a reload went, and of troubles', async () => {
  const { daemon, threads } = await running(BEFORE);
  const outcome = { time: '2026-01-01T00:00:00.000Z', ok: true, issues: [] };
  daemon.reloaded(outcome);
  daemon.trouble('control', 'no socket');
  daemon.trouble('control', 'no socket');
  await quiet();
  const told = threads
    .named('service 1')
    .orders.flatMap((order) =>
      order.type === 'service' && order.order.type === 'daemon' ? [order.order.daemon] : [],
    );
  expect(told).toMatchObject([{ lastReload: outcome }, { lastReload: outcome, troubles: ['no socket'] }]);
  daemon.trouble('control', undefined);
  expect(daemon.troubles).toEqual([]);
});

test('what is known of it without asking the engine', async () => {
  const { daemon, threads, lines } = await running(BEFORE);
  enter(threads.named('engine 1'), 0, State.Master);
  expect(daemon.status()).toMatchObject({ generation: 1, routers: [{ state: 'Master', since: null }] });
  expect(daemon.summary()).toBe('1 Master');
  daemon.logCounters();
  expect(lines).toEqual(['info: counters']);
  expect(engineInit(threads.named('engine 1')).config).toBe(BEFORE.config);
});
