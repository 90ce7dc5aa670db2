import { beforeEach, expect, test, vi } from 'vitest';
import { serve } from './serve.ts';
import { type FakeThread, FakeThreads } from './test/fake-threads.ts';
import { quiet, recordedLog, router, serviceStart, startOf, useFakeTime } from './test/stage.ts';

/** What is around the daemon: threads, and whether it may have its place. */
const world = vi.hoisted(() => ({ start: undefined as unknown, taken: false, opened: 0, closed: 0 }));

vi.mock('./worker-thread.ts', () => ({
  startWorkerThread: (...args: unknown[]) => (world.start as (...given: unknown[]) => unknown)(...args),
}));
vi.mock('./instance.ts', () => ({
  takeInstance: async () => {
    if (world.taken) throw new Error('another rvrrpd, process 7, already runs it');
    return {
      journal: '/run/x.journal',
      namespaceCookie: '1',
      serviceState: '/run/x',
      control: '/run/x.sock',
    };
  },
}));
vi.mock('./twin-guard.ts', () => ({
  TwinGuard: class {
    async expect(): Promise<void> {}
    runs(): void {}
    watch(): void {}
  },
}));
vi.mock('./control-keeper.ts', () => ({
  Control: class {
    async open(): Promise<void> {
      world.opened++;
    }
    close(): void {
      world.closed++;
    }
  },
}));

beforeEach(() => {
  Object.assign(world, { taken: false, opened: 0, closed: 0 });
  useFakeTime();
  return () => void vi.useRealTimers();
});

function made(start = startOf([router(1)])) {
  const threads = new FakeThreads();
  world.start = threads.start;
  const { log, lines } = recordedLog();
  let stop!: (signal: NodeJS.Signals) => void;
  const on: { counters?: () => void; hangUp?: () => void } = {};
  const signals = {
    stop: new Promise<NodeJS.Signals>((resolve) => {
      stop = resolve;
    }),
    onCounters: (told: () => void) => void Object.assign(on, { counters: told }),
    onHangUp: (told: () => void) => void Object.assign(on, { hangUp: told }),
  };
  const [ran, failed] = [vi.fn(), vi.fn()];
  const serving = (): Promise<0 | 1> =>
    serve({}, start, [], { log, signals, running: ran, failed } as unknown as Parameters<typeof serve>[3]);
  return { threads, lines, stop, on, ran, failed, serving };
}

test('it runs until a signal asks for the end, and takes everything back', async () => {
  const { lines, on, ran, serving, stop, threads } = made();
  const code = serving();
  await quiet();
  expect(ran).toHaveBeenCalledTimes(1);
  expect(world.opened).toBe(1);
  expect(lines).toEqual([expect.stringMatching(/^info: rvrrpd \S+ running \/etc\/rvrrpd.toml: 1 Init$/)]);
  on.counters?.();
  expect(lines.at(-1)).toBe('info: counters');
  stop('SIGTERM');
  expect(await code).toBe(0);
  expect(lines.slice(2)).toEqual(['info: SIGTERM: stopping', 'info: stopped']);
  expect(threads.alive).toEqual([]);
  expect(world.closed).toBe(1);
});

test('one that cannot have its place, or cannot start, says why', async () => {
  const taken = made();
  world.taken = true;
  expect(await taken.serving()).toBe(1);
  expect(taken.failed).toHaveBeenCalledExactlyOnceWith('another rvrrpd, process 7, already runs it');
  expect(taken.threads.all).toEqual([]);
  world.taken = false;
  const broken = made();
  broken.threads.manners = { engine: { load: 'fail' } };
  expect(await broken.serving()).toBe(1);
  expect(broken.lines).toEqual(['fatal: not started: engine 1 cannot']);
  expect(broken.ran).not.toHaveBeenCalled();
});

test('a signal during the start is no failure', async () => {
  const { failed, lines, serving, stop, threads } = made();
  threads.manners = { engine: { load: 'hang' } };
  const code = serving();
  await quiet();
  stop('SIGINT');
  expect(await code).toBe(0);
  expect(lines).toEqual(['info: SIGINT: stopped before it ran']);
  expect(failed).not.toHaveBeenCalled();
});

test('a stop that does not come to its end is told, with what may be left behind', async () => {
  const { lines, serving, stop, threads } = made();
  const code = serving();
  await quiet();
  threads.named('actuator 1').manner = { stop: 'hang' };
  stop('SIGTERM');
  await quiet();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await code).toBe(1);
  expect(lines.at(-1)).toMatch(/^error: not stopped within 10000 ms: addresses may be left behind/);
});

test('SIGHUP reloads, and a service is answered: both in their turn', async () => {
  const { on, serving, stop, threads } = made(startOf([router(1)], serviceStart()));
  const code = serving();
  await quiet();
  const service: FakeThread = threads.named('service 1');
  on.hangUp?.(); // there is no such file: the reload fails
  const request = { changes: 'none' as unknown as [] };
  service.says({ type: 'service', report: { type: 'request', number: 3, request } });
  const answers = (): unknown[] =>
    service.orders.flatMap((order) =>
      order.type === 'service' && order.order.type === 'answer' ? [order.order] : [],
    );
  while (answers().length === 0) await quiet();
  expect(answers()).toMatchObject([{ number: 3, outcome: { ok: false, code: 'request-invalid' } }]);
  const told = service.orders.map((order) => (order.type === 'service' ? order.order.type : order.type));
  expect(told).toEqual(['go', 'daemon', 'answer']);
  stop('SIGTERM');
  expect(await code).toBe(0);
});

test('a service that asks for a change while the daemon starts waits for somebody to do it', async () => {
  const { serving, stop, threads } = made(startOf([router(1)], serviceStart()));
  threads.manners = { actuator: { go: 'hang' } };
  const code = serving();
  await quiet();
  const service = threads.named('service 1');
  const request = { changes: 'none' as unknown as [] };
  service.says({ type: 'service', report: { type: 'request', number: 1, request } });
  await quiet();
  expect(service.told('service')).toBe(0);
  threads.named('actuator 1').says({ type: 'ready' });
  while (service.told('service') === 0) await quiet();
  stop('SIGTERM');
  expect(await code).toBe(0);
});
