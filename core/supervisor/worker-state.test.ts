import { describe, expect, test } from 'vitest';
import { holdsNothing, isGone, next, type WorkerEvent, type WorkerState } from './worker-state.ts';

const EVENTS: readonly WorkerEvent[] = [
  ...(['prepared', 'ready', 'failed', 'stopped'] as const),
  ...(['dismissed', 'crash', 'gone'] as const),
];

/** Every state that can be reached from `from`, by the events that lead there. */
function reachable(from: WorkerState): Map<WorkerState, WorkerEvent[]> {
  const ways = new Map<WorkerState, WorkerEvent[]>([[from, []]]);
  for (const [state, way] of ways) {
    for (const event of EVENTS) {
      const to = next(state, event);
      if (!ways.has(to)) ways.set(to, [...way, event]);
    }
  }
  return ways;
}

const STATES = [...reachable('loading').keys()];

test('every state of the table can be reached', () => {
  expect([...STATES].sort()).toEqual(
    [
      ...(['breaking', 'broken', 'done', 'ended', 'ending'] as const),
      ...(['failed', 'loading', 'prepared', 'released', 'running'] as const),
    ].sort(),
  );
});

describe.each(STATES)('%s', (state) => {
  test('ends with its thread', () => {
    expect(isGone(next(state, 'gone'))).toBe(true);
  });

  test('what was told to end and goes has ended; what goes by itself is broken', () => {
    const told = next(state, 'dismissed');
    if (!isGone(state)) expect(next(told, 'gone')).toBe('ended');
    if (['loading', 'prepared', 'running', 'failed', 'released'].includes(state)) {
      expect(next(state, 'gone')).toBe('broken');
    }
  });

  test('what holds nothing never holds anything again', () => {
    if (!holdsNothing(state) || state === 'released' || state === 'failed') return;
    for (const reached of reachable(state).keys()) expect(holdsNothing(reached)).toBe(true);
  });
});

test('a way from the start to a good end', () => {
  const way: readonly [WorkerEvent, WorkerState][] = [
    ['prepared', 'prepared'],
    ['ready', 'running'],
    ['stopped', 'released'],
    ['dismissed', 'done'],
    ['gone', 'ended'],
  ];
  let state: WorkerState = 'loading';
  for (const [event, to] of way) {
    state = next(state, event);
    expect(state).toBe(to);
  }
});

test('failing after it was ready is a crash: it holds something', () => {
  expect(next('running', 'failed')).toBe('breaking');
  expect(holdsNothing('breaking')).toBe(false);
});
