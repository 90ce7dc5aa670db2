import fc from 'fast-check';
import type { ServiceEvent } from 'rvrrpd/plugin';
import { describe, expect, test } from 'vitest';
import { entryOf } from '../src/events/entry.ts';
import { EventHistory, type HistoryLimits } from '../src/events/history.ts';
import { eventfulContext } from './telemetry-app.ts';

const TIME = Date.parse('2026-01-02T03:04:05.678Z');

/** A transition that no other equals. */
const transition = (group: number, time = TIME): ServiceEvent => ({
  type: 'transition',
  time,
  interface: 'eth0',
  group,
  from: 'Backup',
  to: 'Master',
  cause: 'the Master is silent',
});

function history(limits?: HistoryLimits) {
  const { context, emit } = eventfulContext();
  return { history: new EventHistory(context, limits), emit };
}

/** The groups of everything that is still there, `lost` with its count. */
function contents(one: EventHistory): (number | string)[] {
  const found: (number | string)[] = [];
  for (let at = one.beginning; at < one.end; at++) {
    const entry = one.after(at)!;
    found.push(entry.type === 'lost' ? `lost ${JSON.parse(entry.data).count}` : entry.group!);
  }
  return found;
}

describe('an event as clients see it', () => {
  test.each<[string, Parameters<typeof entryOf>[0], object]>([
    [
      'a transition',
      transition(7),
      {
        type: 'transition',
        interface: 'eth0',
        group: 7,
        data: '{"time":"2026-01-02T03:04:05.678Z","interface":"eth0","group":7,"family":4,"version":2,"from":"Backup","to":"Master","cause":"the Master is silent"}',
      },
    ],
    [
      'what holds a virtual router back',
      { type: 'hold', time: TIME, interface: 'eth0', group: 7, reason: 'start_delay', left: 12.5 },
      {
        type: 'hold',
        interface: 'eth0',
        group: 7,
        data: '{"time":"2026-01-02T03:04:05.678Z","interface":"eth0","group":7,"family":4,"version":2,"reason":"start_delay","left":12.5}',
      },
    ],
    [
      'rejected packets of a virtual router',
      {
        type: 'rejected',
        time: TIME,
        interface: 'eth0',
        group: 7,
        family: 6,
        version: 3,
        reason: 'auth-failed',
        count: 3,
        peer: '10.0.0.9',
      },
      {
        type: 'rejected',
        interface: 'eth0',
        group: 7,
        data: '{"time":"2026-01-02T03:04:05.678Z","interface":"eth0","group":7,"family":6,"version":3,"reason":"auth-failed","count":3,"peer":"10.0.0.9"}',
      },
    ],
    [
      'rejected packets of none, from nobody knows whom',
      { type: 'rejected', time: TIME, reason: 'unknown-vrid', count: 1 },
      {
        type: 'rejected',
        data: '{"time":"2026-01-02T03:04:05.678Z","interface":null,"group":null,"family":null,"version":null,"reason":"unknown-vrid","count":1,"peer":null}',
      },
    ],
    [
      'a reload that went well',
      { type: 'reload', time: '2026-01-02T03:04:05.678Z', ok: true, issues: [], generation: 2 },
      {
        type: 'reload',
        data: '{"time":"2026-01-02T03:04:05.678Z","generation":2,"ok":true,"error":null,"issues":[]}',
      },
    ],
    [
      'a reload that did not',
      {
        type: 'reload',
        time: '2026-01-02T03:04:05.678Z',
        ok: false,
        error: 'two\nlines',
        issues: ['error: a'],
        generation: 1,
      },
      {
        type: 'reload',
        data: '{"time":"2026-01-02T03:04:05.678Z","generation":1,"ok":false,"error":"two\\nlines","issues":["error: a"]}',
      },
    ],
    [
      'lost events',
      { type: 'lost', time: TIME, count: null },
      { type: 'lost', data: '{"time":"2026-01-02T03:04:05.678Z","count":null}' },
    ],
  ])('%s', (_, event, entry) => {
    expect(entryOf(event)).toEqual(entry);
  });
});

describe('the history', () => {
  test('numbers events, and knows its own ids', () => {
    const { history: one, emit } = history();
    expect([one.beginning, one.end, one.after(0)]).toEqual([0, 0, undefined]);
    emit([transition(1), transition(2)]);
    expect([one.beginning, one.end]).toEqual([0, 2]);
    expect(one.after(1)?.group).toBe(2);
    expect(one.after(2)).toBeUndefined();
    expect(one.idOf(2)).toMatch(/^[0-9a-f]{12}-2$/);
    for (const position of [0, 1, 2]) expect(one.positionOf(one.idOf(position))).toBe(position);
  });

  test.each([
    ['empty', () => ''],
    ['of nobody', () => 'nonsense'],
    ['of another history', () => history().history.idOf(0)],
    ['of the future', (one: EventHistory) => one.idOf(3)],
    ['negative', (one: EventHistory) => one.idOf(-1)],
    ['enormous', (one: EventHistory) => `${one.idOf(1)}${'0'.repeat(400)}`],
    ['with more behind', (one: EventHistory) => `${one.idOf(1)} `],
  ])('an id that is %s is none of it', (_, id) => {
    const { history: one, emit } = history();
    emit([transition(1), transition(2)]);
    expect(one.positionOf(id(one))).toBeUndefined();
  });

  test('keeps so many events, and tells how many are missing', () => {
    const { history: one, emit } = history({ events: 3, characters: 1e6 });
    emit([1, 2].map((group) => transition(group)));
    expect(one.missingAfter(0)).toBe(0);
    emit([3, 4, 5].map((group) => transition(group)));
    expect(contents(one)).toEqual([3, 4, 5]);
    expect([0, 1, 2, 3, 5].map((position) => one.missingAfter(position))).toEqual([2, 1, 0, 0, 0]);
  });

  test('keeps so many characters', () => {
    const { length } = entryOf(transition(1)).data;
    const { history: one, emit } = history({ events: 100, characters: 2 * length });
    emit([1, 2, 3].map((group) => transition(group)));
    expect(contents(one)).toEqual([2, 3]);
    emit([{ ...transition(4), cause: 'x'.repeat(3 * length) } as ServiceEvent]);
    expect([contents(one), one.beginning, one.end]).toEqual([[], 4, 4]);
    emit([transition(5)]);
    expect(contents(one)).toEqual([5]);
  });

  test('remembers that events were lost before those that were not', () => {
    const { history: one, emit } = history();
    emit([transition(1)]);
    emit([transition(2)], 17);
    emit([], 1);
    expect(contents(one)).toEqual([1, 'lost 17', 2, 'lost 1']);
  });

  test('calls watchers, until they have enough', () => {
    const { history: one, emit } = history();
    let calls = 0;
    const unwatch = one.watch(() => calls++);
    emit([transition(1), transition(2)]);
    expect(calls).toBe(1);
    unwatch();
    emit([transition(3)]);
    expect(calls).toBe(1);
  });
});

describe('the next version', () => {
  test('continues numbers and ids', () => {
    const old = history();
    old.emit([transition(1), transition(2)]);
    const id = old.history.idOf(1);
    const next = history();
    next.history.importState(structuredClone(old.history.exportState()));
    next.emit([transition(3)]);
    expect(contents(next.history)).toEqual([1, 2, 3]);
    expect(next.history.positionOf(id)).toBe(1);
    expect(next.history.after(next.history.positionOf(id)!)?.group).toBe(2);
  });

  test('continues where the beginning is gone', () => {
    const old = history({ events: 2, characters: 1e6 });
    old.emit([1, 2, 3].map((group) => transition(group)));
    const next = history();
    next.history.importState(old.history.exportState());
    expect([next.history.beginning, next.history.end, contents(next.history)]).toEqual([1, 3, [2, 3]]);
  });

  test('knows each event once that both have seen, and those that only one has', () => {
    const old = history();
    old.emit([transition(1), transition(2), transition(2), transition(3)]);
    const next = history();
    next.emit([transition(2), transition(3), transition(3), transition(4)]);
    next.history.importState(old.history.exportState());
    expect(contents(next.history)).toEqual([1, 2, 2, 3, 3, 4]);
    expect(next.history.end).toBe(6);
  });

  test('the exported state does not change any more', () => {
    const old = history();
    old.emit([transition(1)]);
    const state = old.history.exportState();
    const before = structuredClone(state);
    old.emit([transition(2)]);
    expect(state).toEqual(before);
  });

  test.each([
    ['nothing', () => undefined],
    ['null', () => null],
    ['text', () => 'state'],
    ['another version', (state: object) => ({ ...state, version: 2 })],
    ['another epoch', (state: object) => ({ ...state, epoch: 'x\ny' })],
    ['fewer numbers than events', (state: object) => ({ ...state, last: 0 })],
    ['a number that is none', (state: object) => ({ ...state, last: Number.NaN })],
    [
      'an event with a line of its own',
      (state: object) => ({ ...state, entries: [{ type: 'reload', data: '1\n\ndata: 2' }] }),
    ],
    [
      'an event with a name that is none',
      (state: object) => ({ ...state, entries: [{ type: 'a: b', data: '' }] }),
    ],
  ])('goes without a state that is %s', (_, change) => {
    const old = history();
    old.emit([transition(1)]);
    const next = history();
    next.emit([transition(2)]);
    const id = next.history.idOf(1);
    expect(() => next.history.importState(change(old.history.exportState() as object))).not.toThrow();
    expect([contents(next.history), next.history.idOf(1)]).toEqual([[2], id]);
  });

  test('whenever versions are replaced, each event is there once, in order', () => {
    const plan = fc.array(fc.record({ before: fc.nat(5), overlap: fc.nat(3) }), { maxLength: 6 });
    fc.assert(
      fc.property(plan, (versions) => {
        let number = 0;
        let current = history();
        for (const { before, overlap } of versions) {
          current.emit(Array.from({ length: before }, () => transition(++number)));
          const next = history();
          // Both see what happens while both exist.
          const both = Array.from({ length: overlap }, () => transition(++number));
          current.emit(both);
          next.emit(both);
          next.history.importState(structuredClone(current.history.exportState()));
          current = next;
        }
        expect(contents(current.history)).toEqual(Array.from({ length: number }, (_, index) => index + 1));
      }),
    );
  });
});
