import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { State } from '../threads/state-table.ts';
import {
  enter,
  pass,
  quiet,
  router,
  running,
  serviceStart,
  stage,
  startOf,
  useFakeTime,
} from './test/stage.ts';

beforeEach(useFakeTime);
afterEach(() => void vi.useRealTimers());

const START = startOf([router(1), router(2)], serviceStart());
const NEVER = new Promise<never>(() => {});

test('a start: routers are claimed, then all is made ready, then everything runs', async () => {
  const { begin, threads, twins, collectGarbage } = stage();
  const daemon = await begin(START);
  await quiet();
  expect(threads.journal).toEqual(['actuator 1: go', 'engine 1: go', 'service 1: go']);
  expect(twins.told).toEqual(['expect 1,2', 'runs 1,2', 'watch']);
  expect(threads.named('actuator 1').plan.init).toMatchObject({ checked: [0, 1] });
  expect(daemon.info).toMatchObject({ generation: 1, lastReload: null, troubles: [] });
  expect(collectGarbage).toHaveBeenCalledTimes(1);
});

test('a start that another process is in the way of starts nothing', async () => {
  const { begin, threads, twins } = stage();
  twins.fault = 'taken';
  await expect(begin(START)).rejects.toThrow('taken');
  expect(threads.all).toEqual([]);
});

test.each([
  { name: 'engine', manner: { load: 'fail' } },
  { name: 'actuator', manner: { load: 'fail' } },
  { name: 'service', manner: { load: 'fail' } },
  { name: 'engine', manner: { go: 'fail' } },
  { name: 'actuator', manner: { go: 'fail' } },
] as const)('a start that the $name fails leaves nothing running: $manner', async ({ name, manner }) => {
  const { begin, threads, twins } = stage();
  threads.manners = { [name]: manner };
  await expect(begin(START)).rejects.toMatchObject({ code: 'plugin-refused', message: `${name} 1 cannot` });
  await quiet();
  expect(threads.alive).toEqual([]);
  // What was put into the kernel is taken back by the actuator; one that never ran has nothing to take back.
  const stops = threads.journal.filter((line) => line === 'actuator 1: stop');
  expect(stops).toHaveLength('go' in manner && name === 'engine' ? 1 : 0);
  expect(twins.told).toEqual(['expect 1,2']);
});

test.each([{ load: 'hang' }, { go: 'hang' }] as const)(
  'a start that hangs is interrupted by a stop: %o',
  async (manner) => {
    const { begin, stop, threads } = stage();
    threads.manners = { engine: manner };
    const started = begin(START);
    started.catch(() => {});
    await quiet();
    stop();
    await pass(600); // an engine that was told to start may have something to say good-bye for
    await expect(started).rejects.toMatchObject({ code: 'stopping' });
    expect(threads.alive).toEqual([]);
  },
);

test('a crashed engine is replaced at once, with its sockets and states', async () => {
  const { daemon, threads, lines } = await running(START);
  enter(threads.named('engine 1'), 0, State.Master);
  threads.named('engine 1').crash('out of memory');
  await pass(0);
  expect(threads.alive).toEqual(['service 1', 'engine 2', 'actuator 2']);
  expect(threads.named('engine 2').succession).toMatchObject({ slots: [0, 1], changed: [false, false] });
  expect(threads.named('actuator 2').plan.init).toMatchObject({ checked: [] });
  expect(daemon.info).toMatchObject({ generation: 2, troubles: [] });
  expect(daemon.start).toBe(START);
  expect(lines).toEqual(['error: the engine broke down: out of memory; replacing it', expect.anything()]);
  expect(lines[1]).toMatch(/^info: replaced: /);
  const shown = threads.journal.filter((line) => line.startsWith('service 1'));
  expect(new Set(shown)).toEqual(new Set(['service 1: daemon', 'service 1: view']));
});

test('a crashed actuator is replaced, and the engine hands over', async () => {
  const { threads } = await running(START);
  threads.named('actuator 1').crash();
  await pass(0);
  expect(threads.journal.filter((line) => !line.startsWith('service'))).toEqual([
    ...['actuator 1: ended', 'engine 1: hand-over', 'engine 2: go', 'engine 1: ended', 'actuator 2: go'],
  ]);
});

test('the more crashes, the longer the pause, until it has run for a minute', async () => {
  const { daemon, threads, lines } = await running(START);
  for (const [index, pause] of [0, 1000, 5000, 15_000, 15_000].entries()) {
    lines.length = 0;
    threads.named(`engine ${index + 1}`).crash();
    await quiet();
    if (pause > 0) {
      expect(daemon.troubles).toEqual(['the engine broke down: it crashed']);
      expect(lines).toEqual([`error: the engine broke down: it crashed; replacing it in ${pause / 1000} s`]);
      await pass(pause - 1);
      expect(daemon.info.generation).toBe(index + 1);
    }
    await pass(1);
    expect(daemon.info.generation).toBe(index + 2);
    expect(daemon.troubles).toEqual([]);
  }
  await pass(60_001);
  threads.named('engine 6').crash();
  await quiet();
  expect(daemon.info.generation).toBe(7);
});

test('one that cannot be replaced stays a trouble, and is tried again', async () => {
  const { daemon, threads, lines } = await running(START);
  threads.manners = { actuator: { load: 'fail' } };
  threads.named('engine 1').crash();
  await pass(0);
  const text = 'the engine broke down: it crashed';
  expect(daemon.troubles).toEqual([`${text}, and cannot be replaced: actuator 2 cannot`]);
  expect(lines[1]).toBe('error: cannot replace it: actuator 2 cannot');
  // The old actuator goes on, and holds the addresses.
  expect(threads.alive).toEqual(['actuator 1', 'service 1']);
  threads.manners = {};
  await pass(1000);
  expect(daemon.troubles).toEqual([]);
  expect(threads.alive).toEqual(['service 1', 'engine 3', 'actuator 3']);
});

test('a crash while a reload waits for a file is not kept waiting', async () => {
  const { daemon, threads } = await running(START);
  let read!: () => void;
  const file = new Promise<void>((resolve) => {
    read = resolve;
  });
  const next = startOf([router(1)], serviceStart());
  const reload = daemon.turns.take(async ({ aside }) => {
    await aside(file);
    await daemon.reload(next);
  });
  threads.named('engine 1').crash();
  await pass(0);
  expect(threads.alive).toEqual(['service 1', 'engine 2', 'actuator 2']);
  expect(daemon.info.generation).toBe(2);
  read();
  await reload;
  expect(daemon.info.generation).toBe(3);
  expect(daemon.start).toBe(next);
});

test('a crash in the midst of a reload is over with it', async () => {
  const { daemon, threads, lines } = await running(START);
  threads.manners = { 'engine 2': { load: 'hang' } };
  const reload = daemon.turns.take(() => daemon.reload(startOf([router(1)], serviceStart())));
  await quiet();
  threads.named('engine 1').crash();
  await quiet();
  expect(daemon.troubles).toHaveLength(1);
  threads.named('engine 2').says({ type: 'prepared' });
  await reload;
  await quiet();
  expect(threads.alive).toEqual(['service 1', 'engine 2', 'actuator 2']);
  expect(daemon.info).toMatchObject({ generation: 2, troubles: [] });
  expect(lines).toEqual([expect.stringMatching(/^error: the engine broke down/)]);
});

test('a stop: good-bye, then the kernel, and nobody is replaced', async () => {
  const { daemon, threads } = await running(START);
  await daemon.stop();
  expect(threads.journal.filter((line) => !line.startsWith('service'))).toEqual([
    ...['engine 1: stop', 'engine 1: ended', 'actuator 1: stop', 'actuator 1: ended'],
  ]);
  expect(threads.journal.filter((line) => line.startsWith('service'))).toEqual([
    ...['service 1: stop', 'service 1: ended'],
  ]);
  await pass(60_000);
  expect(threads.alive).toEqual([]);
});

test('a stop does not wait for a reload that waits for a file, nor for those behind it', async () => {
  const { daemon, threads } = await running(START);
  void daemon.turns.take(({ aside }) => aside(NEVER));
  void daemon.turns.take(() => daemon.reload(startOf([router(1)])));
  await daemon.stop();
  expect(threads.alive).toEqual([]);
  expect(threads.all).toHaveLength(3);
});

test('what was asked for before a stop and has its turn after it is refused', async () => {
  const { daemon, threads } = await running(START);
  let read!: () => void;
  const file = new Promise<void>((resolve) => {
    read = resolve;
  });
  const reload = daemon.turns.take(async ({ aside }) => {
    await aside(file);
    await daemon.reload(startOf([router(1)]));
  });
  const failOver = daemon.turns.take(() => daemon.orders.failOver([{ interface: 'eth0', group: 1 }]));
  await daemon.stop();
  read();
  await expect(reload).rejects.toMatchObject({ code: 'stopping' });
  await expect(failOver).rejects.toMatchObject({ code: 'stopping' });
  expect(threads.all).toHaveLength(3);
});

test.each(['engine', 'actuator', 'service'])(
  'a stop while the %s of a reload loads for ever calls the reload off',
  async (name) => {
    const { daemon, threads } = await running(START);
    threads.manners = { [name]: { load: 'hang' } };
    const reload = daemon.turns.take(() => daemon.reload(startOf([router(1)], serviceStart('b'))));
    reload.catch(() => {});
    await quiet();
    const stopped = daemon.stop();
    await pass(0);
    await stopped;
    await expect(reload).rejects.toMatchObject({
      ...{ code: 'stopping', message: expect.stringContaining(`the ${name} is loading its code`) },
    });
    expect(threads.alive).toEqual([]);
    expect(threads.named('engine 1').told('hand-over')).toBe(0);
    expect(threads.journal).toContain('engine 1: stop');
    expect(threads.journal).toContain('actuator 1: stop');
  },
);

test('a stop while the engines hand over waits a moment for them, so that somebody says good-bye', async () => {
  const { daemon, threads } = await running(START);
  threads.named('engine 1').manner = { handOver: 'hang' };
  threads.manners = { engine: { go: 'hang' } };
  const reload = daemon.turns.take(() => daemon.reload(startOf([router(1)], serviceStart())));
  await quiet();
  const stopped = daemon.stop();
  await pass(299);
  threads.named('engine 1').says({ type: 'stopped' });
  threads.named('engine 2').says({ type: 'ready' });
  await quiet();
  await stopped;
  await reload;
  expect(threads.alive).toEqual([]);
  expect(threads.journal).toContain('engine 2: stop');
  expect(threads.journal).toContain('actuator 2: stop');
});

test('one that they do not get done with in that moment is called off', async () => {
  const { daemon, threads } = await running(START);
  threads.named('engine 1').manner = { handOver: 'hang' };
  threads.manners = { engine: { go: 'hang' } };
  const reload = daemon.turns.take(() => daemon.reload(startOf([router(1)], serviceStart())));
  reload.catch(() => {});
  await quiet();
  const stopped = daemon.stop();
  await pass(300);
  await stopped;
  await expect(reload).rejects.toThrow('the new engine is taking in the state of its plugins');
  expect(threads.alive).toEqual([]);
  expect(threads.journal).toContain('engine 1: stop');
  expect(threads.journal).toContain('actuator 1: stop');
});

test('a worker that crashes at its stop is not replaced', async () => {
  const { daemon, threads, lines } = await running(START);
  threads.named('actuator 1').manner = { stop: 'hang' };
  const stopped = daemon.stop();
  await quiet();
  threads.named('actuator 1').crash();
  await stopped;
  await pass(60_000);
  expect(threads.alive).toEqual([]);
  expect(lines).toEqual([]);
});
