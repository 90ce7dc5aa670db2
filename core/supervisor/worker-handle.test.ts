import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CodedError } from '../shared/errors.ts';
import type { WorkerOrder, WorkerReport } from '../threads/worker-messages.ts';
import type { Logger } from './log.ts';
import { WorkerHandle } from './worker-handle.ts';
import type { StartThread, ThreadListener, ThreadPlan } from './worker-thread.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A thread that does what a test says. */
function made(limits = {}) {
  const orders: WorkerOrder[] = [];
  const logged: unknown[][] = [];
  const log = new Proxy({} as Logger, {
    get: (_, level) => (fields: unknown, message: string) => logged.push([level, fields, message]),
  });
  let listener!: ThreadListener;
  let plan!: ThreadPlan;
  let terminations = 0;
  const startThread: StartThread = (given, told) => {
    plan = given;
    listener = told;
    return {
      post: (order) => orders.push(order),
      terminate: async () => {
        if (terminations++ === 0) listener.gone(new Error('terminated'));
      },
    };
  };
  const handle = new WorkerHandle('engine', { some: 'data' }, [], log, startThread, limits);
  const says = (report: WorkerReport): void => listener.report(report);
  return {
    handle,
    orders,
    logged,
    says,
    plan,
    gone: (e: Error) => listener.gone(e),
    ended: () => terminations,
  };
}

/** What a promise has come to by now. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  let is: unknown = 'waiting';
  promise.then(
    (value) => {
      is = value ?? 'done';
    },
    (error: Error) => {
      is = error.message;
    },
  );
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return is;
}

const FAILED: WorkerReport = { type: 'failed', error: { code: 'plugin-load-failed', message: 'no plugin' } };

test('its thread is started with what it needs', () => {
  const { plan } = made({ maxYoungGenerationSizeMb: 3 });
  expect(plan).toMatchObject({ name: 'engine', init: { some: 'data' } });
  expect(plan.resourceLimits).toEqual({ maxYoungGenerationSizeMb: 3 });
});

test('it says what it is loading until it is prepared, and is ready after that', async () => {
  const { handle, says } = made();
  expect(handle.unprepared).toBe('the engine is loading its code');
  says({ type: 'loading', plugin: 'x 1.0.0' });
  expect(handle.unprepared).toBe('the engine is loading plugin x 1.0.0');
  expect(await outcome(handle.prepared)).toBe('waiting');
  says({ type: 'prepared' });
  expect(handle.unprepared).toBeUndefined();
  expect(await outcome(handle.prepared)).toBe('done');
  expect(await outcome(handle.ready)).toBe('waiting');
  says({ type: 'ready' });
  expect(await outcome(handle.ready)).toBe('done');
});

test('one that cannot start fails whoever waits, with its code, and holds nothing', async () => {
  const { handle, says } = made();
  says(FAILED);
  await expect(handle.prepared).rejects.toBeInstanceOf(CodedError);
  await expect(handle.ready).rejects.toMatchObject({ code: 'plugin-load-failed', message: 'no plugin' });
  expect(await outcome(handle.end('stop'))).toBe('done');
  expect(await outcome(handle.ended)).toBe('done');
});

test('one that fails although it was ready counts as crashed, and its thread is ended', async () => {
  const { handle, says, ended } = made();
  says({ type: 'prepared' });
  says({ type: 'ready' });
  says(FAILED);
  expect(ended()).toBe(1);
  await expect(handle.ended).resolves.toMatchObject({ message: 'no plugin' });
});

test('it is told to stop once, and ended when it has', async () => {
  const { handle, says, orders, ended } = made();
  says({ type: 'prepared' });
  says({ type: 'ready' });
  const first = handle.end('stop');
  const again = handle.end('retire');
  expect(orders).toEqual([{ type: 'stop' }]);
  expect(await outcome(first)).toBe('waiting');
  expect(ended()).toBe(0);
  says({ type: 'stopped' });
  expect(await outcome(Promise.all([first, again]).then(() => 'both'))).toBe('both');
  expect(await outcome(handle.ended)).toBe('done');
});

test('one that does not stop in time is ended all the same', async () => {
  const { handle, says, ended } = made();
  says({ type: 'prepared' });
  const end = handle.end('retire', 2000);
  await vi.advanceTimersByTimeAsync(1999);
  expect(ended()).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(ended()).toBeGreaterThan(0);
  expect(await outcome(end)).toBe('done');
});

test('one that goes by itself has broken down, with its own words', async () => {
  const { handle, gone } = made();
  gone(new Error('out of memory'));
  expect(handle.dead).toBe(true);
  await expect(handle.ended).resolves.toMatchObject({ message: 'out of memory' });
  await expect(handle.prepared).rejects.toThrow('out of memory');
});

test('after it has handed over it is ended once its successor runs', async () => {
  const [old, heir] = [made(), made()];
  const over = old.handle.handedOver(heir.handle, 600);
  old.says({ type: 'stopped' });
  expect(old.ended()).toBe(0);
  heir.says({ type: 'prepared' });
  heir.says({ type: 'ready' });
  expect(await outcome(over)).toBe('done');
  expect(await outcome(old.handle.ended)).toBe('done');
});

test('a successor that fails before the old one let go leaves that as it is', async () => {
  const [old, heir] = [made(), made()];
  old.says({ type: 'prepared' });
  old.says({ type: 'ready' });
  const over = old.handle.handedOver(heir.handle, 600);
  heir.says(FAILED);
  expect(await outcome(over)).toBe('no plugin');
  expect(old.ended()).toBe(0);
  expect(old.handle.dead).toBe(false);
});

test('one that fails after it is crashed for, so that another is found', async () => {
  const [old, heir] = [made(), made()];
  old.says({ type: 'prepared' });
  old.says({ type: 'ready' });
  const over = old.handle.handedOver(heir.handle, 600);
  old.says({ type: 'stopped' });
  heir.says(FAILED);
  expect(await outcome(over)).toBe('no plugin');
  expect(await outcome(old.handle.ended.then((error) => error instanceof Error))).toBe(true);
});

test('a successor that does not run in time after the old one let go is taken for crashed', async () => {
  const [old, heir] = [made(), made()];
  const over = outcome(old.handle.handedOver(heir.handle, 600));
  old.says({ type: 'stopped' });
  await vi.advanceTimersByTimeAsync(600);
  await over;
  await expect(heir.handle.ended).resolves.toMatchObject({ code: 'timed-out' });
  expect(heir.handle.dead).toBe(true);
});

test('its log, its troubles and its sockets', () => {
  const { handle, says, logged } = made();
  let told = 0;
  handle.onTrouble = () => told++;
  says({ type: 'log', level: 'warn', message: 'careful', fields: { group: 7 } });
  says({ type: 'log', level: 'nonsense' as 'warn', message: 'what a plugin may say' });
  expect(logged).toEqual([
    ['warn', { group: 7 }, 'careful'],
    ['info', {}, 'what a plugin may say'],
  ]);
  says({ type: 'trouble', topic: 'eth0', text: 'no filter' });
  expect([...handle.troubles]).toEqual([['eth0', 'no filter']]);
  says({ type: 'trouble', topic: 'eth0' });
  expect(handle.troubles.size).toBe(0);
  expect(told).toBe(2);
  const [one, two] = [1, 2].map((link) => ({ descriptor: 20 + link, link, family: 4 as const }));
  says({ type: 'sockets', closed: [], opened: [one!, two!] });
  says({ type: 'sockets', closed: [21], opened: [] });
  expect(handle.sockets).toEqual([two]);
});
