import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Doorbell } from '../threads/doorbell.ts';
import { Cause, EventRing, EventType } from '../threads/event-ring.ts';
import { State } from '../threads/state-table.ts';
import { Generation } from './generation.ts';
import { engineInit, FakeThreads } from './test/fake-threads.ts';
import {
  enter,
  outcome,
  pass,
  quiet,
  recordedLog,
  router,
  serviceStart,
  startOf,
  useFakeTime,
} from './test/stage.ts';

beforeEach(useFakeTime);
afterEach(() => void vi.useRealTimers());

const INFO = { version: '1', pid: 1, since: '', generation: 1, lastReload: null, plugins: [] };

function made(threads = new FakeThreads(), start = startOf([router(1), router(2)])) {
  const { log, lines } = recordedLog();
  return { threads, lines, generation: new Generation(start, log, threads.start, [1]) };
}

/** One that runs, and another beside it that is prepared. */
async function two(next = startOf([router(2), router(3)])) {
  const old = made();
  await old.generation.go();
  const heir = made(old.threads, next);
  await heir.generation.prepared();
  old.threads.journal.length = 0;
  return { old, heir, threads: old.threads };
}

test('its workers are started with one table, one ring and the configuration, and do nothing yet', async () => {
  const { threads, generation } = made();
  await generation.prepared();
  const [engine, actuator] = ['engine 1', 'actuator 1'].map((name) => threads.named(name).plan);
  expect(engine!.init).toMatchObject({ table: generation.table.buffer, config: generation.start.config });
  expect(actuator!.init).toMatchObject({
    ...{ table: generation.table.buffer, checked: [1], journal: '/run/x.journal', namespaceCookie: '1' },
  });
  expect(engine!.resourceLimits).toEqual({ maxYoungGenerationSizeMb: 3 });
  expect(threads.journal).toEqual([]);
});

test('the first one starts, the actuator first', async () => {
  const { threads, generation } = made();
  await generation.go();
  expect(threads.journal).toEqual(['actuator 1: go', 'engine 1: go']);
});

test('where both workers cannot start, the cause is told, which is the actuator’s', async () => {
  const threads = new FakeThreads();
  threads.manners = { engine: { go: 'fail' }, actuator: { go: 'fail' } };
  const { generation } = made(threads);
  await expect(generation.go()).rejects.toMatchObject({
    ...{ code: 'plugin-refused', message: 'actuator 1 cannot' },
  });
});

test('it tells who is not prepared', async () => {
  const threads = new FakeThreads();
  threads.manners = { engine: { load: 'hang' } };
  const { generation } = made(threads);
  expect(await outcome(generation.prepared())).toBe('waiting');
  threads.named('engine 1').says({ type: 'loading', plugin: 'rvrrpd-plugin-x 1.0.0' });
  expect(generation.unprepared).toBe('the engine is loading plugin rvrrpd-plugin-x 1.0.0');
  await generation.discard();
  expect(threads.alive).toEqual([]);
  expect(threads.journal).toEqual(['engine 1: ended', 'actuator 1: ended']);
});

test('a hand-over: the engines first, then the kernel goes from one actuator to the next', async () => {
  const { old, heir, threads } = await two();
  await heir.generation.takeOver(old.generation);
  expect(threads.journal).toEqual([
    ...['engine 1: hand-over', 'engine 2: go', 'engine 1: ended'],
    ...['actuator 1: retire', 'actuator 1: ended', 'actuator 2: go'],
  ]);
  const { port, authMemories, ...succession } = threads.named('engine 2').succession!;
  expect(authMemories).toBeInstanceOf(SharedArrayBuffer);
  expect(port).toBeDefined();
  expect(succession).toEqual({
    ...{ table: old.generation.table.buffer, slots: [1, -1], changed: [false, false], sockets: [] },
  });
  expect(threads.named('engine 1').orders.at(-1)).toMatchObject({ type: 'hand-over', leaving: [0] });
  await heir.generation.finishTakeOver(old.generation);
  expect(threads.alive).toEqual(['engine 2', 'actuator 2']);
});

test('a new engine that fails before the old one let go leaves everything as it was', async () => {
  const { old, heir, threads } = await two();
  threads.named('engine 1').manner = { handOver: 'hang' };
  threads.named('engine 2').manner = { go: 'fail' };
  await expect(heir.generation.takeOver(old.generation)).rejects.toThrow('engine 2 cannot');
  await heir.generation.discard();
  expect(threads.alive).toEqual(['engine 1', 'actuator 1']);
  expect(threads.journal).not.toContainEqual(expect.stringMatching(/^actuator \d: (retire|go)/));
  expect(await outcome(old.generation.broken)).toBe('waiting');
});

test('one that fails after that breaks the old generation, so that another is found', async () => {
  const { old, heir, threads } = await two();
  threads.named('engine 2').manner = { go: 'fail' };
  await expect(heir.generation.takeOver(old.generation)).rejects.toThrow('engine 2 cannot');
  expect(await outcome(old.generation.broken)).toMatchObject({ code: 'worker-failed' });
  expect(threads.journal).not.toContainEqual(expect.stringMatching(/^actuator \d: (retire|go)/));
});

test('a new engine that does not run a second after the old one let go is taken for crashed', async () => {
  const { old, heir, threads } = await two();
  threads.named('engine 2').manner = { go: 'hang' };
  const over = heir.generation.takeOver(old.generation);
  over.catch(() => {});
  await pass(999);
  expect(threads.named('engine 2').gone).toBe(false);
  await pass(1);
  await expect(over).rejects.toThrow('the new engine did not run within 1000 ms after the old one let go');
  expect(threads.named('engine 1').gone).toBe(true);
});

test('an actuator that is stuck keeps the kernel from the next one for two seconds', async () => {
  const { old, heir, threads } = await two();
  threads.named('actuator 1').manner = { stop: 'hang' };
  const over = heir.generation.takeOver(old.generation);
  await pass(1999);
  expect(threads.journal).not.toContain('actuator 2: go');
  await pass(1);
  await over;
  expect(threads.journal.slice(-2)).toEqual(['actuator 1: ended', 'actuator 2: go']);
});

test('after a crash of the engine the next one has its sockets, and waits for the links', async () => {
  const { old, heir, threads } = await two();
  const socket = { descriptor: 20, link: 3, family: 4 as const };
  threads.named('engine 1').says({ type: 'sockets', closed: [], opened: [socket] });
  threads.named('engine 1').crash();
  threads.named('actuator 2').manner = { go: 'hang' };
  const over = heir.generation.takeOver(old.generation);
  expect(await outcome(over)).toBe('waiting');
  expect(threads.named('engine 2').succession).toMatchObject({ slots: [1, -1], sockets: [socket] });
  expect(threads.named('engine 2').succession!.port).toBeUndefined();
  threads.named('actuator 2').says({ type: 'ready' });
  expect(await outcome(over)).toBe('done');
});

test('after a crash of the actuator there is nothing to retire', async () => {
  const { old, heir, threads } = await two();
  threads.named('actuator 1').crash();
  await heir.generation.takeOver(old.generation);
  expect(threads.journal.filter((line) => line.startsWith('actuator'))).toEqual([
    ...['actuator 1: ended', 'actuator 2: go'],
  ]);
});

test('an actuator that fails after the hand-over is a crash of the new generation, not the end of it', async () => {
  const { old, heir, threads } = await two();
  threads.named('actuator 2').manner = { go: 'fail' };
  await heir.generation.takeOver(old.generation);
  await expect(heir.generation.finishTakeOver(old.generation)).rejects.toThrow('actuator 2 cannot');
  expect(threads.alive).toEqual(['engine 2']);
  expect(await outcome(heir.generation.broken)).toMatchObject({
    message: expect.stringMatching(/^the actuator broke down: /),
  });
});

test('what the old engine has told is logged when the new generation has taken over', async () => {
  const { old, heir, threads } = await two();
  const ring = new EventRing(engineInit(threads.named('engine 1')).events);
  const cause = Cause.FailOver;
  ring.write(EventType.Transition, 1, State.Master, State.Backup, cause, 0);
  await heir.generation.takeOver(old.generation);
  expect(old.lines).toEqual([]);
  await heir.generation.finishTakeOver(old.generation);
  expect(old.lines).toEqual([expect.stringMatching(/^info: eth0 group 2: Master -> Backup: /)]);
});

test('events are logged in their order, so many at a time, and those that were lost are counted', async () => {
  const { threads, generation, lines } = made();
  const init = engineInit(threads.named('engine 1'));
  const ring = new EventRing(init.events);
  const count = ring.capacity + 5;
  const bell = new Doorbell(init.eventBell, init.eventPort);
  for (let i = 0; i < count; i++) ring.write(EventType.Ownership, i % 2, 1, 0, 0, 0);
  bell.ring();
  while (lines.length < ring.capacity + 1) await quiet();
  const told = lines.filter((line) => line.startsWith('info: '));
  expect(told[0]).toMatch(/^info: eth0 group 2: /); // the sixth
  expect(told[1]).toMatch(/^info: eth0 group 1: /);
  expect(told).toHaveLength(ring.capacity);
  expect(lines.filter((line) => line.startsWith('warn: '))).toEqual([
    'warn: 5 events not logged: too many at once',
  ]);
  init.eventPort.close();
  await generation.discard();
});

test('a stop: good-bye on the wire first, then the kernel; an engine that hangs is not waited for', async () => {
  const { threads, generation } = made();
  await generation.go();
  threads.journal.length = 0;
  threads.named('engine 1').manner = { stop: 'hang' };
  const stopped = generation.stop();
  await pass(599);
  expect(threads.journal).toEqual(['engine 1: stop']);
  await pass(1);
  await stopped;
  expect(threads.journal.slice(1)).toEqual(['engine 1: ended', 'actuator 1: stop', 'actuator 1: ended']);
});

test('its names of virtual routers, and an order to fail over', async () => {
  const both = [router(1), router(1, { family: 6 }), router(2), router(1, { interface: 'eth1' })];
  const { threads, generation } = made(new FakeThreads(), startOf(both));
  expect(generation.slotsOf({ interface: 'eth0', group: 1 })).toEqual([0, 1]);
  expect(generation.slotsOf({ interface: 'eth0', group: 1, family: 6 })).toEqual([1]);
  expect(generation.slotsOf({ interface: 'eth2', group: 1 })).toEqual([]);
  generation.failOver([
    { interface: 'eth1', group: 1 },
    { interface: 'eth0', group: 1, family: 4 },
  ]);
  expect(threads.named('engine 1').orders).toEqual([{ type: 'fail-over', slots: [3, 0] }]);
});

test('its summary and its troubles', async () => {
  const { threads, generation } = made();
  enter(threads.named('engine 1'), 0, State.Master);
  expect(generation.summary()).toBe('1 Master, 1 Init');
  const told = vi.fn();
  generation.onTrouble = told;
  threads.named('actuator 1').says({ type: 'trouble', topic: 'x', text: 'no routes' });
  threads.named('engine 1').says({ type: 'trouble', topic: 'x', text: 'no filter' });
  expect(generation.troubles).toEqual(['no filter', 'no routes']);
  expect(told).toHaveBeenCalledTimes(2);
});

test('its service sees the configuration without the secrets of virtual routers', () => {
  expect(made().generation.service(INFO)).toBeUndefined();
  const { generation } = made(new FakeThreads(), startOf([router(1)], serviceStart()));
  const { init, fingerprint } = generation.service(INFO)!;
  expect(fingerprint).toBe('a');
  expect(init).toMatchObject({ name: 'x', stateFile: '/run/x.service' });
  expect(init.view.configuration).toMatchObject({ file: '/etc/rvrrpd.toml', temporary: false });
  expect(init.view.table).toBe(generation.table.buffer);
  expect(JSON.stringify(init.view)).not.toContain('"secret"');
});
