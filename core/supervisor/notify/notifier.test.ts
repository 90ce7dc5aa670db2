import { afterEach, describe, expect, test, vi } from 'vitest';
import type { HookConfig, VirtualRouterConfig } from '../../config/model.ts';
import { fromPlain, toPlain } from '../../shared/plain.ts';
import { Cause, EventRing, EventType, trackerCause } from '../../threads/event-ring.ts';
import { HookCell } from '../../threads/hook-cell.ts';
import type { NotifyInit } from '../../threads/notify-messages.ts';
import type { ResolvedPlugin } from '../../threads/resolved-plugins.ts';
import { Int, State, StateTable } from '../../threads/state-table.ts';
import { whereIs } from '../../threads/table-place.ts';
import { TrackBoard } from '../../threads/track-board.ts';
import { type FakeThread, FakeThreads } from '../test/fake-threads.ts';
import { quiet, recordedLog } from '../test/stage.ts';
import type { EngineView } from './feed.ts';
import { LAST_WORDS, Notifier, type NotifierState, type NotifyConfiguration } from './notifier.ts';

afterEach(() => {
  vi.useRealTimers();
});

function router(vrid: number, more: Partial<VirtualRouterConfig> = {}): VirtualRouterConfig {
  return {
    ...{ position: { file: 'f', line: 1 }, vrid, interface: 'eth0', family: 4, version: 2 },
    ...{ addresses: [`10.0.0.${vrid}`], priority: 100, preempt: true, advertisementIntervalCs: 100 },
    ...{ rfc3768: true, authSecret: '', vifname: `standby${vrid}`, socketFilter: true, ...more },
  };
}

function hook(name: string, more: Partial<HookConfig> = {}): HookConfig {
  return {
    ...{ position: { file: 'f', line: 1 }, name, type: 'x', latest: false, timeout: 1000, retries: 0 },
    ...{ settings: {}, ...more },
  };
}

/** A configuration whose hooks are all of one plugin. @param fingerprint of its code */
function configuration(
  hooks: readonly HookConfig[],
  virtualRouters: readonly VirtualRouterConfig[],
  fingerprint = 'a',
): NotifyConfiguration {
  const plugin: ResolvedPlugin = {
    ...{ package: 'rvrrpd-plugin-x', version: '1.0.0', names: ['x'], default: false },
    ...{ kind: 'notify', provides: [], needs: [], entry: '/x/index.js', options: {} },
  };
  const notifies = hooks.length === 0 ? [] : [{ plugin, fingerprint, tables: [...hooks.keys()] }];
  return { config: { hooks, virtualRouters }, notifies };
}

/** An engine that writes what it is told to. */
class Engine implements EngineView {
  readonly start;
  readonly board = new TrackBoard([], []);
  readonly table: StateTable;
  readonly reader;
  private readonly ring: EventRing;

  constructor({ config }: NotifyConfiguration, records = 1024) {
    this.start = { config };
    this.table = StateTable.allocate(config.virtualRouters.length);
    this.ring = new EventRing(EventRing.allocate(records));
    this.reader = this.ring.reader('start');
    for (const slot of config.virtualRouters.keys()) this.table.setInt(slot, Int.Priority, 100);
  }

  says(slot: number, from: number, to: number, cause: number = Cause.Startup, peer?: number[]): void {
    const octets = peer && Uint8Array.from(peer);
    this.ring.write(EventType.Transition, slot, from, to, cause, 1_700_000_000_000, octets, 0, peer?.length);
  }
}

function made() {
  const threads = new FakeThreads();
  const { log, lines } = recordedLog();
  const onTrouble = vi.fn();
  const notifier = new Notifier(log, threads.start, onTrouble, 'host.example');
  /** Has a configuration run. */
  const use = async (next: NotifyConfiguration, engine = new Engine(next)): Promise<Engine> => {
    notifier.listen(engine);
    (await notifier.stage(next)).commit();
    await quiet();
    return engine;
  };
  return { threads, lines, notifier, use, onTrouble };
}

const { Initialize, Backup, Master, Down } = State;

/** What a thread was told to deliver: `0 eth0/1 Master`. */
const told = (thread: FakeThread): string[] =>
  thread.orders.flatMap((order) => {
    if (order.type !== 'notify' || order.order.type !== 'deliver') return [];
    const { hook: index, event } = order.order;
    return `${index} ${event.name} ${event.state}`;
  });
const events = (thread: FakeThread) =>
  thread.orders.flatMap((order) =>
    order.type === 'notify' && order.order.type === 'deliver' ? order.order.event : [],
  );
const delivered = async (thread: FakeThread, index = 0): Promise<void> => {
  thread.says({ type: 'notify', report: { type: 'delivered', hook: index } });
  await quiet();
};

const NO_EVENTS: readonly string[] = [];

describe('what an engine tells', () => {
  test('is told to hooks that it is for, with all that is known of it', async () => {
    const { threads, notifier, use } = made();
    const routers = [router(1), router(2, { family: 6, version: 3 }), router(2, { version: 3 })];
    const next = configuration(
      [
        hook('all'),
        hook('one', { routers: ['1 4 2 eth0'], groups: [], states: ['master'] }),
        hook('none', { routers: [], groups: ['gw'] }),
      ],
      routers,
    );
    const engine = await use(next);
    const thread = threads.named('notify 1');
    expect(
      (thread.plan.init as NotifyInit).hooks.map(({ name, place }) => [name, whereIs(place, '')]),
    ).toEqual([
      ['all', 'f:1: notify[0]'],
      ['one', 'f:1: notify[1]'],
      ['none', 'f:1: notify[2]'],
    ]);
    engine.says(0, Initialize, Backup);
    engine.says(1, Initialize, Backup);
    engine.says(0, Backup, Master, Cause.MasterDown, [10, 0, 0, 9]);
    notifier.look();
    for (let count = 0; count < 3; count++) await delivered(thread);
    expect(told(thread)).toEqual([
      '0 eth0/1 Backup',
      '1 eth0/1 Master',
      '0 eth0/2/ipv6 Backup',
      '0 eth0/1 Master',
    ]);
    expect(events(thread).at(-1)).toEqual({
      ...{ format: 1, sequence: 3, hook: 'all', host: 'host.example', time: '2023-11-14T22:13:20.000Z' },
      ...{ type: 'router', name: 'eth0/1', state: 'Master', previous: 'Backup', lasted: 0 },
      ...{ cause: 'the Master_Down_Timer expired', peer: '10.0.0.9', priority: 100 },
      router: { interface: 'eth0', group: 1, family: 4, version: 2, addresses: ['10.0.0.1'] },
      ...{ missed: 0, joined: 0, attempt: 1 },
    });
  });

  test('of a group is told once for all of it', async () => {
    const { threads, notifier, use } = made();
    const routers = [router(1, { sync: 'gw' }), router(2, { sync: 'gw' })];
    const engine = await use(configuration([hook('h', { routers: [], groups: ['gw'] })], routers));
    const thread = threads.named('notify 1');
    for (const slot of [0, 1]) engine.says(slot, Initialize, Backup);
    for (const slot of [0, 1]) engine.says(slot, Backup, Master);
    engine.says(1, Master, Down, trackerCause(Cause.TrackerFailed, 0));
    notifier.look();
    for (let count = 0; count < 3; count++) await delivered(thread);
    expect(told(thread)).toEqual(['0 gw Backup', '0 gw Master', '0 gw Fault']);
    expect(events(thread)[1]).toMatchObject({
      type: 'group',
      routers: ['eth0/1', 'eth0/2'],
      previous: 'Backup',
    });
    expect(events(thread)[1]).not.toHaveProperty('router');
  });

  test('and is lost, as there was too much, is missed', async () => {
    const { threads, notifier, use } = made();
    const next = configuration([hook('h')], [router(1)]);
    const engine = await use(next, new Engine(next, 4));
    for (let count = 0; count < 5; count++) {
      engine.says(0, Backup, Master);
      engine.says(0, Master, Backup);
    }
    notifier.look();
    const [first] = events(threads.named('notify 1'));
    expect(first).toMatchObject({ sequence: 7, missed: 6, state: 'Master' });
  });
});

describe('a reload', () => {
  test('with the same plugin and hooks leaves the thread alone', async () => {
    const { threads, use } = made();
    await use(configuration([hook('h')], [router(1)]));
    await use(configuration([hook('h', { retries: 3 })], [router(1), router(2)]));
    expect(threads.alive).toEqual(['notify 1']);
  });

  test('keeps what waits, and what the old engine tells comes before what the new one does', async () => {
    const { threads, notifier, use } = made();
    const next = configuration([hook('h')], [router(1)]);
    const old = await use(next);
    const thread = threads.named('notify 1');
    old.says(0, Initialize, Backup);
    notifier.look();
    const changed = configuration([hook('h', { settings: { a: 1 } })], [router(1)], 'b');
    const fresh = new Engine(changed);
    notifier.listen(fresh);
    const staged = await notifier.stage(changed);
    old.says(0, Backup, Master);
    fresh.says(0, Master, Backup);
    notifier.look();
    staged.commit();
    await quiet();
    const second = threads.named('notify 2');
    // What is under way ends where it is.
    expect([told(thread), told(second)]).toEqual([['0 eth0/1 Backup'], NO_EVENTS]);
    expect(threads.alive).toEqual(['notify 1', 'notify 2']);
    await delivered(thread);
    expect(threads.alive).toEqual(['notify 2']);
    for (let count = 0; count < 2; count++) await delivered(second);
    expect(told(second)).toEqual(['0 eth0/1 Master', '0 eth0/1 Backup']);
    expect(events(second).map(({ sequence }) => sequence)).toEqual([2, 3]);
  });

  test('leaves nothing of the generations before, even if nothing happens', async () => {
    const { notifier, use } = made();
    const next = configuration([hook('h')], [router(1)]);
    for (let count = 0; count < 5; count++) notifier.took(await use(next));
    const { feed, views } = notifier as unknown as { feed: { sources: unknown[] }; views: unknown[] };
    expect([feed.sources.length, views.length]).toEqual([1, 1]);
  });

  test('that is called off changes nothing', async () => {
    const { threads, notifier, use } = made();
    const next = configuration([hook('h')], [router(1)]);
    const old = await use(next);
    const changed = configuration([hook('h')], [router(1)], 'b');
    const fresh = new Engine(changed);
    notifier.listen(fresh);
    threads.manners = { notify: { load: 'fail' } };
    await expect(notifier.stage(changed)).rejects.toThrow('notify 2 cannot');
    notifier.forget(fresh);
    old.says(0, Initialize, Backup);
    notifier.look();
    expect(told(threads.named('notify 1'))).toEqual(['0 eth0/1 Backup']);
    expect(threads.alive).toEqual(['notify 1']);
  });

  test('without a router that was down says that it stops, and of a hook that goes what was not told', async () => {
    const { threads, notifier, use, lines } = made();
    const engine = await use(configuration([hook('h'), hook('i')], [router(1), router(2)]));
    const thread = threads.named('notify 1');
    engine.says(0, Initialize, Down, Cause.InterfaceDown);
    notifier.look();
    await delivered(thread);
    await use(configuration([hook('h')], [router(2)]));
    expect(lines).toContain('warn: hook i has gone from the configuration: 1 event not told');
    const after = [...events(thread), ...events(threads.named('notify 2'))].filter(
      (each) => each.hook === 'h',
    );
    expect(after.map(({ name, state }) => `${name} ${state}`)).toEqual(['eth0/1 Down', 'eth0/1 Stop']);
    expect(after[1]).toMatchObject({ previous: 'Down', cause: 'shutdown' });
  });
});

test('a thread that breaks down is started again, and told what was under way', async () => {
  const { threads, notifier, use, onTrouble } = made();
  const engine = await use(configuration([hook('h')], [router(1)]));
  engine.says(0, Initialize, Backup);
  notifier.look();
  threads.named('notify 1').crash();
  await quiet();
  expect(onTrouble).toHaveBeenCalled();
  await expect.poll(() => threads.all.length).toBe(2);
  await quiet();
  const second = threads.named('notify 2');
  await expect.poll(() => told(second)).toEqual(['0 eth0/1 Backup']);
  expect(events(second)[0]).toMatchObject({ sequence: 1, attempt: 2 });
  expect(notifier.troubles).toEqual([]);
});

describe('the end', () => {
  test('is told of every router before it comes, those that are down included', async () => {
    const { threads, notifier, use } = made();
    const engine = await use(configuration([hook('h')], [router(1), router(2)]));
    const thread = threads.named('notify 1');
    engine.says(0, Initialize, Backup);
    engine.says(1, Initialize, Down, Cause.InterfaceDown);
    notifier.look();
    for (let count = 0; count < 2; count++) await delivered(thread);
    engine.says(0, Backup, Initialize, Cause.Shutdown);
    let over = false;
    const concluded = notifier.conclude().then(() => {
      over = true;
    });
    await quiet();
    expect(over).toBe(false);
    for (let count = 0; count < 2; count++) await delivered(thread);
    await concluded;
    expect(told(thread).slice(2)).toEqual(['0 eth0/1 Stop', '0 eth0/2 Stop']);
  });

  test('waits for a thread that is started again, as long as there is time', async () => {
    const { threads, notifier, use } = made();
    const engine = await use(configuration([hook('h')], [router(1)]));
    engine.says(0, Initialize, Backup);
    notifier.look();
    threads.named('notify 1').crash();
    await quiet();
    engine.says(0, Backup, Initialize, Cause.Shutdown);
    const concluded = notifier.conclude();
    await expect.poll(() => threads.all.length).toBe(2);
    const second = threads.named('notify 2');
    for (const count of [1, 2]) {
      await expect.poll(() => told(second).length).toBe(count);
      await delivered(second);
    }
    await concluded;
    expect(told(second)).toEqual(['0 eth0/1 Backup', '0 eth0/1 Stop']);
  });

  test('does not wait for a hook that hangs', async () => {
    vi.useFakeTimers();
    const { threads, notifier, lines } = made();
    const next = configuration([hook('h')], [router(1)]);
    const engine = new Engine(next);
    notifier.listen(engine);
    (await notifier.stage(next)).commit();
    await vi.advanceTimersByTimeAsync(1);
    engine.says(0, Initialize, Backup);
    notifier.look();
    engine.says(0, Backup, Initialize, Cause.Shutdown);
    const concluded = notifier.conclude();
    await vi.advanceTimersByTimeAsync(LAST_WORDS);
    await concluded;
    expect(threads.named('notify 1').orders).toContainEqual({
      type: 'notify',
      order: { type: 'abort', hook: 0 },
    });
    expect(lines).toContain('warn: hook h: 2 events not told: there was no time left');
  });
});

test('another process goes on, with the history too', async () => {
  const { threads, notifier, use } = made();
  const next = configuration([hook('h'), hook('gone')], [router(1)]);
  const engine = await use(next);
  const thread = threads.named('notify 1');
  engine.says(0, Initialize, Backup);
  notifier.look();
  for (const index of [0, 1]) await delivered(thread, index);
  engine.says(0, Backup, Master);
  notifier.look();
  engine.says(0, Master, Backup, Cause.HigherPriority, [10, 0, 0, 9]);
  const handed = notifier.handOver();
  for (const index of [0, 1]) await delivered(thread, index);
  const state = fromPlain(toPlain(await handed)) as NotifierState;
  expect(told(thread)).toHaveLength(4);

  const heir = made();
  const after = configuration([hook('h')], [router(1)]);
  const other = new Engine(after);
  heir.notifier.listen(other);
  const staged = await heir.notifier.stage(after);
  other.says(0, Backup, Master);
  heir.notifier.look();
  heir.notifier.inherit(state, after.config.hooks);
  staged.commit();
  await quiet();
  const second = heir.threads.named('notify 1');
  await delivered(second);
  expect(told(second)).toEqual(['0 eth0/1 Backup', '0 eth0/1 Master']);
  expect(events(second)).toMatchObject([
    { sequence: 3, previous: 'Master', peer: '10.0.0.9' },
    { sequence: 4, previous: 'Backup', lasted: 0 },
  ]);
  expect(heir.lines).toContain('warn: hook gone has gone from the configuration: 1 event not told');
});

test('what waits for several hooks is handed over once', async () => {
  const { notifier, use } = made();
  const hooks = ['a', 'b', 'c'].map((name) => hook(name));
  const engine = await use(configuration(hooks, [router(1)]));
  const events = 300;
  for (let count = 0; count < events; count++) {
    const [from, to] = count % 2 === 0 ? [Backup, Master] : [Master, Backup];
    engine.says(0, from, to);
  }
  vi.useFakeTimers(); // the deliveries that are under way do not end
  const handing = notifier.handOver();
  await vi.advanceTimersByTimeAsync(10_000);
  vi.useRealTimers();
  const state = await handing;
  expect(state.notices).toHaveLength(events);

  const heir = made();
  heir.notifier.inherit(fromPlain(toPlain(state)) as NotifierState, hooks);
  expect(heir.notifier.status(hooks).map(({ queue }) => queue)).toEqual([events, events, events]);
  const damaged = { ...state, notices: [] };
  expect(() => made().notifier.inherit(damaged, hooks)).toThrow('no notice 0');
});

test('what services may know of a hook is in its memory', async () => {
  const { threads, notifier, use } = made();
  const hooks = [hook('h')];
  const [buffer] = notifier.memory(hooks);
  const engine = await use(configuration(hooks, [router(1)]));
  engine.says(0, Initialize, Backup);
  engine.says(0, Backup, Master);
  notifier.look();
  await delivered(threads.named('notify 1'));
  const known = { name: 'h', type: 'x' };
  const expected = { ...known, queue: 1, delivered: 1, failed: 0, dropped: 0, joined: 0 };
  expect(new HookCell(buffer!).read(known)).toEqual(expected);
  expect(notifier.status(hooks)).toEqual([{ ...expected, words: 'delivered' }]);
  expect(notifier.memory(hooks)[0]).toBe(buffer);
});
