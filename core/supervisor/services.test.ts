import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ChangeOutcome, ChangeRequest, DaemonInfo } from '../plugin/contracts/index.ts';
import type { ServiceOrder } from '../threads/service-messages.ts';
import type { ServiceSpec } from './service-host.ts';
import { Services } from './services.ts';
import { type FakeThread, FakeThreads } from './test/fake-threads.ts';
import { outcome, pass, quiet, recordedLog, serviceStart, useFakeTime } from './test/stage.ts';

beforeEach(useFakeTime);
afterEach(() => void vi.useRealTimers());

const NO_CHANGE: ChangeOutcome = { ok: true, tag: 'b', data: {}, issues: [] };
const INFO: DaemonInfo = {
  ...{ version: '1', pid: 1, since: '', generation: 1, lastReload: null, plugins: [] },
};

/** A service to run. @param host that it listens at */
function spec(fingerprint = 'a', host = '127.0.0.1:1', name?: string): ServiceSpec {
  const { plugin } = serviceStart(fingerprint, name);
  const configuration = { file: '/x', data: {}, effective: {}, tag: host, temporary: false };
  return {
    init: {
      ...{ plugin, name: 'x', stateFile: '/run/x.service' },
      settings: { options: {}, api: { users: [], host, tls: false, tlsKey: '', tlsCert: '' } },
      view: {
        ...{ virtualRouters: [], table: new SharedArrayBuffer(8), events: new SharedArrayBuffer(8) },
        ...{ configuration, daemon: INFO, trackers: [], trackCells: [], hooks: [], hookCells: [] },
      },
    },
    fingerprint,
  };
}

function made() {
  const threads = new FakeThreads();
  const { log, lines } = recordedLog();
  const change = vi.fn(async (_request: ChangeRequest): Promise<ChangeOutcome> => NO_CHANGE);
  const onTrouble = vi.fn();
  const services = new Services(log, change, threads.start, onTrouble);
  /** Has one run, to begin with or in the place of another. */
  const use = async (next: ServiceSpec | undefined): Promise<void> => {
    (await services.stage(next)).commit();
    await quiet();
  };
  return { threads, lines, change, onTrouble, services, use };
}

/** Orders for services alone. */
function toldOf(thread: FakeThread): ServiceOrder[] {
  return thread.orders.flatMap((order) => (order.type === 'service' ? [order.order] : []));
}

test('a service is prepared before it is committed, and begins to serve only then', async () => {
  const { services, threads } = made();
  const staged = await services.stage(spec());
  expect(threads.journal).toEqual([]);
  staged.commit();
  await services.tried();
  expect(threads.journal).toEqual(['service 1: go']);
  expect(services.troubles).toEqual([]);
});

test('one that cannot be prepared is ended, and what runs goes on', async () => {
  const { services, threads, use } = made();
  await use(spec());
  threads.manners = { service: { load: 'fail' } };
  await expect(services.stage(spec('b'))).rejects.toMatchObject({ code: 'plugin-refused' });
  expect(threads.alive).toEqual(['service 1']);
});

test('the same plugin goes on: it makes ready for the new settings, and uses them when they are in force', async () => {
  const { services, threads, use } = made();
  await use(spec());
  const next = spec('a', '127.0.0.1:2');
  const staged = await services.stage(next);
  expect(toldOf(threads.named('service 1'))).toEqual([{ type: 'settings', settings: next.init.settings }]);
  staged.commit();
  expect(toldOf(threads.named('service 1'))[1]).toEqual({
    ...{ type: 'view', view: next.init.view, settings: next.init.settings },
  });
  expect(threads.all).toHaveLength(1);
});

test('settings that did not come into force are given up', async () => {
  const { services, threads, use } = made();
  await use(spec());
  await (await services.stage(spec('a', '127.0.0.1:2'))).abandon();
  expect(toldOf(threads.named('service 1')).map(({ type }) => type)).toEqual(['settings', 'abandon']);
  expect(threads.alive).toEqual(['service 1']);
});

test('settings that it refuses call the reload off', async () => {
  const { services, threads, use } = made();
  threads.manners = { service: { settings: 'refused' } };
  await use(spec());
  await expect(services.stage(spec('a', '127.0.0.1:2'))).rejects.toMatchObject({
    ...{ code: 'plugin-refused', message: 'no such port' },
  });
  expect(threads.alive).toEqual(['service 1']);
});

test('one that cannot change its settings gives way to another', async () => {
  const { threads, use } = made();
  threads.manners = { service: { settings: 'unsupported', state: { sessions: 3 } } };
  await use(spec());
  await use(spec('a', '127.0.0.1:2'));
  expect(threads.alive).toEqual(['service 2']);
});

test('one that says nothing of its settings for three seconds is stuck, and gives way', async () => {
  const { services, threads, use } = made();
  threads.manners = { service: { settings: 'hang' } };
  await use(spec());
  const staged = services.stage(spec('a', '127.0.0.1:2'));
  await pass(2999);
  expect(threads.all).toHaveLength(1);
  await pass(1);
  (await staged).commit();
  await quiet();
  expect(threads.alive).toEqual(['service 2']);
});

test('another version takes the place of the one before, with its state, after it has stopped', async () => {
  const { threads, use } = made();
  threads.manners = { service: { state: { sessions: 3 } } };
  await use(spec());
  threads.journal.length = 0;
  await use(spec('b'));
  expect(threads.journal).toEqual([
    ...['service 1: export', 'service 1: stop', 'service 1: ended', 'service 2: import', 'service 2: go'],
  ]);
  expect(toldOf(threads.named('service 2'))).toEqual([{ type: 'import', state: { sessions: 3 } }]);
});

test('another package takes its place without: the state is not its own', async () => {
  const { threads, use } = made();
  threads.manners = { service: { state: { sessions: 3 } } };
  await use(spec());
  threads.journal.length = 0;
  await use(spec('a', '127.0.0.1:1', 'rvrrpd-plugin-api-y'));
  expect(threads.journal).toEqual(['service 1: stop', 'service 1: ended', 'service 2: go']);
});

test('one that has just taken a place is not asked before it serves', async () => {
  const { services, threads, use } = made();
  threads.manners = { 'service 1': { stop: 'hang' } };
  await use(spec());
  await use(spec('b'));
  const next = spec('b', '127.0.0.1:2');
  const staged = services.stage(next);
  await pass(499);
  expect(await outcome(staged)).toBe('waiting');
  await pass(1);
  (await staged).commit();
  expect(threads.alive).toEqual(['service 2']);
  expect(toldOf(threads.named('service 2')).map(({ type }) => type)).toEqual(['settings', 'view']);
});

test('without one any more it is stopped', async () => {
  const { threads, services, use } = made();
  await use(spec());
  await use(undefined);
  expect(threads.alive).toEqual([]);
  await services.tried();
  await services.end();
});

test('what it asks for is done and answered, unless it is gone by then', async () => {
  const { change, threads, use } = made();
  await use(spec());
  const service = threads.named('service 1');
  const request = { changes: [], by: 'carol' };
  service.says({ type: 'service', report: { type: 'request', number: 7, request } });
  await quiet();
  expect(change).toHaveBeenCalledExactlyOnceWith(request);
  expect(toldOf(service)).toEqual([{ type: 'answer', number: 7, outcome: NO_CHANGE }]);
  service.says({ type: 'service', report: { type: 'request', number: 8, request } });
  service.crash();
  await quiet();
  expect(toldOf(service)).toHaveLength(1);
});

test('one that crashes is started again, later each time, and is a trouble until it serves', async () => {
  const { lines, onTrouble, services, threads, use } = made();
  await use(spec());
  for (const [index, pause] of [1000, 2000, 5000].entries()) {
    threads.named(`service ${index + 1}`).crash();
    await quiet();
    const text = 'service rvrrpd-plugin-api-x 1.0.0 broke down: it crashed';
    expect(services.troubles).toEqual([text]);
    expect(lines.at(-1)).toBe(`error: ${text}; starting it again in ${pause / 1000} s`);
    await pass(pause - 1);
    expect(threads.all).toHaveLength(index + 1);
    await pass(1);
    expect(threads.named(`service ${index + 2}`).told('go')).toBe(1);
    expect(services.troubles).toEqual([]);
  }
  expect(onTrouble).toHaveBeenCalledTimes(6);
});

test('one that had run for a minute starts again as after its first crash', async () => {
  const { lines, threads, use } = made();
  await use(spec());
  threads.named('service 1').crash();
  await pass(1000);
  await pass(60_001);
  threads.named('service 2').crash();
  await quiet();
  expect(lines.at(-1)).toMatch(/starting it again in 1 s$/);
});

test('one that cannot begin to serve says why, and is tried again', async () => {
  const { lines, services, threads, use } = made();
  threads.manners = { service: { go: 'fail' } };
  await use(spec());
  await services.tried();
  expect(services.troubles).toEqual(['service rvrrpd-plugin-api-x 1.0.0 cannot start: service 1 cannot']);
  threads.manners = {};
  await pass(1000);
  expect(services.troubles).toEqual([]);
  expect(lines).toHaveLength(1);
});

test('one that takes long to begin is a trouble after five seconds, and none once it serves', async () => {
  const { services, threads, use } = made();
  threads.manners = { service: { go: 'hang' } };
  await use(spec());
  const tried = services.tried();
  await pass(4999);
  expect(await outcome(tried)).toBe('waiting');
  await pass(1);
  await tried;
  expect(services.troubles).toEqual(['service rvrrpd-plugin-api-x 1.0.0 has not begun to serve within 5 s']);
  threads.named('service 1').says({ type: 'ready' });
  await quiet();
  expect(services.troubles).toEqual([]);
});

test('it is told of reloads and of another generation', async () => {
  const { services, threads, use } = made();
  await use(spec());
  const daemon = { ...INFO, generation: 2 };
  services.told(daemon);
  services.show({ ...spec().init.view, daemon });
  await quiet();
  expect(toldOf(threads.named('service 1')).map(({ type }) => type)).toEqual(['view', 'daemon']);
});

test('at the end one that is stuck is not waited for', async () => {
  const { services, threads, use } = made();
  threads.manners = { service: { stop: 'hang' } };
  await use(spec());
  const ended = services.end();
  await pass(499);
  expect(threads.alive).toEqual(['service 1']);
  await pass(1);
  await ended;
  expect(threads.alive).toEqual([]);
});

test('one that is ended before it was started again stays away', async () => {
  const { services, threads, use } = made();
  await use(spec());
  threads.named('service 1').crash();
  await quiet();
  await services.end();
  await pass(60_000);
  expect(threads.all).toHaveLength(1);
});

test('one that is still loading is given up', async () => {
  const { services, threads } = made();
  threads.manners = { service: { load: 'hang' } };
  const staged = services.stage(spec());
  staged.catch(() => {});
  await quiet();
  expect(services.unprepared).toBe('the service is loading its code');
  await services.giveUp();
  expect(threads.alive).toEqual([]);
  expect(services.unprepared).toBeUndefined();
});
