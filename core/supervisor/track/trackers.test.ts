import { afterEach, expect, test, vi } from 'vitest';
import type { TrackerConfig } from '../../config/model.ts';
import { fromPlain, toPlain } from '../../shared/plain.ts';
import type { ResolvedPlugin } from '../../threads/resolved-plugins.ts';
import { whereIs } from '../../threads/table-place.ts';
import { TrackCell, VERDICT_NAMES, Verdict } from '../../threads/track-cell.ts';
import type { TrackInit } from '../../threads/track-messages.ts';
import { type FakeThread, FakeThreads } from '../test/fake-threads.ts';
import { quiet, recordedLog } from '../test/stage.ts';
import { type TrackConfiguration, type TrackerStates, Trackers } from './trackers.ts';

afterEach(() => {
  vi.useRealTimers();
});

function tracker(name: string, more: Partial<TrackerConfig> = {}): TrackerConfig {
  return {
    ...{ position: { file: 'f', line: 1 }, name, type: 'x', interval: 1000, timeout: 1000 },
    ...{ rise: 1, fall: 1, initial: 'wait', hold: 0, settings: {}, ...more },
  };
}

/** A configuration whose trackers are all of one plugin. @param fingerprint of its code */
function configuration(trackers: readonly TrackerConfig[], fingerprint = 'a'): TrackConfiguration {
  const plugin: ResolvedPlugin = {
    ...{ package: 'rvrrpd-plugin-x', version: '1.0.0', names: ['x'], default: false },
    ...{ kind: 'track', provides: [], needs: [], entry: '/x/index.js', options: {} },
  };
  return { config: { trackers }, tracks: [{ plugin, fingerprint, trackers: [...trackers.keys()] }] };
}

function made() {
  const threads = new FakeThreads();
  const { log, lines } = recordedLog();
  const [onVerdict, onTrouble] = [vi.fn(), vi.fn()];
  const trackers = new Trackers(log, threads.start, onVerdict, onTrouble);
  /** Has a configuration run. @returns the memory of its trackers */
  const use = async (next: TrackConfiguration): Promise<TrackCell[]> => {
    const cells = trackers.cells(next.config.trackers).map((buffer) => new TrackCell(buffer));
    (await trackers.stage(next)).commit();
    await quiet();
    return cells;
  };
  return { threads, lines, trackers, use, onVerdict, onTrouble };
}

const checked = (thread: FakeThread): number[] =>
  thread.orders.flatMap((order) => (order.type === 'track' ? order.order.tracker : []));
const finds = (thread: FakeThread, index: number, up: boolean, words = 'so'): void =>
  thread.says({ type: 'track', report: { type: 'found', tracker: index, up, words } });
const verdicts = (cells: readonly TrackCell[]): string[] =>
  cells.map((cell) => VERDICT_NAMES[cell.read().verdict]);

test('a plugin has one thread for all its trackers, which are checked once it runs', async () => {
  const { threads, use, onVerdict, lines } = made();
  const cells = await use(configuration([tracker('a'), tracker('b')]));
  const thread = threads.named('track 1');
  expect(
    (thread.plan.init as TrackInit).trackers.map(({ name, place }) => [name, whereIs(place, '')]),
  ).toEqual([
    ['a', 'f:1: track[0]'],
    ['b', 'f:1: track[1]'],
  ]);
  expect(checked(thread)).toEqual([0, 1]);
  finds(thread, 1, false, 'no way');
  expect(verdicts(cells)).toEqual(['waiting', 'down']);
  expect(onVerdict).toHaveBeenCalledTimes(1);
  expect(lines.at(-1)).toBe('warn: tracker b: waiting -> down: no way');
});

test('one that cannot be prepared calls the reload off, and what runs goes on', async () => {
  const { threads, use, trackers } = made();
  const cells = await use(configuration([tracker('a')]));
  finds(threads.named('track 1'), 0, true);
  threads.manners = { track: { load: 'fail' } };
  const next = configuration([tracker('a'), tracker('b')], 'b');
  trackers.cells(next.config.trackers);
  await expect(trackers.stage(next)).rejects.toMatchObject({ code: 'plugin-refused' });
  expect(threads.alive).toEqual(['track 1']);
  expect(verdicts(cells)).toEqual(['up']);
});

test('a reload that changes nothing of a plugin leaves its thread alone, where its tables stand does not matter', async () => {
  const { threads, use } = made();
  const before = await use(configuration([tracker('a')]));
  const after = await use(configuration([tracker('a', { position: { file: 'f', line: 9 }, rise: 3 })]));
  expect(threads.all).toHaveLength(1);
  expect(after[0]!.buffer).toBe(before[0]!.buffer);
});

test('another version of a plugin takes its place; verdicts stay, and nothing is told of them', async () => {
  const { threads, use, onVerdict } = made();
  const before = await use(configuration([tracker('a'), tracker('gone')]));
  finds(threads.named('track 1'), 0, true);
  finds(threads.named('track 1'), 1, true);
  const after = await use(
    configuration([tracker('a', { interval: 500 }), tracker('new', { initial: 'down' })], 'b'),
  );
  expect(threads.alive).toEqual(['track 2']);
  expect(after[0]!.buffer).toBe(before[0]!.buffer);
  // What is new has no verdict yet: nobody falls for it before there is one.
  expect(verdicts(after)).toEqual(['up', 'waiting']);
  expect(onVerdict).toHaveBeenCalledTimes(2);
  finds(threads.named('track 1'), 0, false); // nobody listens to it any more
  expect(verdicts(after)).toEqual(['up', 'waiting']);
});

test('at a start what is down at first is down', async () => {
  const { use } = made();
  expect(
    verdicts(await use(configuration([tracker('a', { initial: 'down' }), tracker('b', { initial: 'up' })]))),
  ).toEqual(['down', 'up']);
});

test('a thread that crashes is started again at once, then less and less often; verdicts stay', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  const { threads, use, trackers, onTrouble, lines } = made();
  const cells = await use(configuration([tracker('a')]));
  finds(threads.named('track 1'), 0, true);
  threads.named('track 1').crash();
  await quiet();
  expect(trackers.troubles).toEqual(['plugin rvrrpd-plugin-x 1.0.0 broke down: it crashed']);
  await vi.advanceTimersByTimeAsync(1);
  await quiet();
  expect([threads.alive, trackers.troubles]).toEqual([['track 2'], []]);
  expect(onTrouble).toHaveBeenCalledTimes(2);
  expect(verdicts(cells)).toEqual(['up']);
  threads.named('track 2').crash();
  await quiet();
  expect(lines.at(-1)).toBe(
    'error: plugin rvrrpd-plugin-x 1.0.0 broke down: it crashed; it is started again in 1 s',
  );
  await vi.advanceTimersByTimeAsync(999);
  expect(threads.alive).toEqual([]);
  await vi.advanceTimersByTimeAsync(2);
  expect(threads.alive).toEqual(['track 3']);
  await trackers.end();
  expect(threads.alive).toEqual([]);
});

test('a thread that does not answer is ended, and its tracker has failed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  const { threads, use, lines } = made();
  const cells = await use(configuration([tracker('a', { initial: 'up' })]));
  await vi.advanceTimersByTimeAsync(3001);
  expect(verdicts(cells)).toEqual(['down']);
  expect(cells[0]!.read().words).toBe('no answer within 3 s: its plugin is stuck');
  await vi.advanceTimersByTimeAsync(1);
  expect(threads.alive).toEqual(['track 2']);
  expect(lines.some((line) => line.includes('does not answer: one of its checks holds up all others'))).toBe(
    true,
  );
});

test('those of another process go on with all that these have come to', async () => {
  const rules = { rise: 2, fall: 3 };
  const old = made();
  await old.use(configuration([tracker('a', rules), tracker('b', rules), tracker('gone')]));
  const thread = old.threads.named('track 1');
  for (let round = 0; round < 3; round++) finds(thread, 0, false, 'no answer');
  const young = made();
  young.trackers.inherit(fromPlain(toPlain(old.trackers.state)) as TrackerStates);
  const next = configuration([tracker('b', rules), tracker('a', rules), tracker('new', rules)]);
  const cells = young.trackers.cells(next.config.trackers).map((buffer) => new TrackCell(buffer));
  const was = old.trackers.state.get('a')!;
  expect(cells[1]!.read()).toMatchObject({ words: was.words, since: was.since });
  expect(verdicts(cells)[2]).toBe('waiting');
  // What has come meanwhile is told again, before they are checked here.
  young.trackers.inherit(new Map([['b', { ...was, verdict: Verdict.Up, words: 'late' }]]));
  expect(cells[0]!.read()).toMatchObject({ verdict: Verdict.Up, words: 'late' });
  (await young.trackers.stage(next)).commit();
  await quiet();
  expect(young.trackers.state.get('a')).toMatchObject({ good: was.good, bad: was.bad, verdict: was.verdict });
});
