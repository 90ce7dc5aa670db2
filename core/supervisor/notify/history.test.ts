import { describe, expect, test } from 'vitest';
import type { SyncState } from '../../vrrp/sync.ts';
import { History } from './history.ts';

const step = (from: SyncState, to: SyncState, time: number, ends = false) => ({ from, to, time, ends });

describe('a virtual router', () => {
  test('is told with the state before and how long that lasted', () => {
    const history = new History();
    expect(history.router('a', step('Init', 'Backup', 1000))).toEqual({
      ...{ state: 'Backup', previous: 'Init', lasted: null },
    });
    expect(history.router('a', step('Backup', 'Master', 4500))).toEqual({
      ...{ state: 'Master', previous: 'Backup', lasted: 3.5 },
    });
    expect(history.router('a', step('Master', 'Init', 5000, true))).toEqual({
      ...{ state: 'Stop', previous: 'Master', lasted: 0.5 },
    });
    expect(history.running).toEqual([]);
  });

  test('passes through Initialize without its being told', () => {
    const history = new History();
    history.router('a', step('Init', 'Master', 0));
    expect(history.router('a', step('Master', 'Init', 1000))).toBeUndefined();
    expect(history.router('a', step('Init', 'Backup', 1000))).toEqual({
      ...{ state: 'Backup', previous: 'Master', lasted: 1 },
    });
    history.router('a', step('Backup', 'Init', 2000));
    expect(history.router('a', step('Init', 'Backup', 2000))).toBeUndefined();
  });

  test('that never ran does not stop', () => {
    expect(new History().router('a', step('Init', 'Init', 0, true))).toBeUndefined();
  });

  test('of which nothing is known yet has the engine’s word for what it was', () => {
    expect(new History().router('a', step('Backup', 'Master', 0))).toEqual({
      ...{ state: 'Master', previous: 'Backup', lasted: null },
    });
  });
});

describe('a group', () => {
  /** Has a member change. @returns what is told of the group */
  const move = (
    history: History,
    key: string,
    from: SyncState,
    to: SyncState,
    time: number,
    ends = false,
  ) => {
    history.router(key, step(from, to, time, ends));
    return history.group('gw', ['a', 'b'], time);
  };

  test('is Master once all are, and stops with the first', () => {
    const history = new History();
    expect(move(history, 'a', 'Init', 'Backup', 0)).toBeUndefined();
    expect(move(history, 'b', 'Init', 'Backup', 0)).toEqual({
      ...{ state: 'Backup', previous: 'Init', lasted: null },
    });
    expect(move(history, 'a', 'Backup', 'Master', 2000)).toBeUndefined();
    expect(move(history, 'b', 'Backup', 'Master', 2001)).toEqual({
      ...{ state: 'Master', previous: 'Backup', lasted: 2.001 },
    });
    expect(move(history, 'a', 'Master', 'Init', 3000, true)).toMatchObject({
      state: 'Stop',
      previous: 'Master',
    });
    expect(move(history, 'b', 'Master', 'Init', 3000, true)).toBeUndefined();
  });

  test('is in Fault while a member is, and goes on in another process', () => {
    const history = new History();
    for (const key of ['a', 'b']) move(history, key, 'Init', 'Backup', 0);
    expect(move(history, 'a', 'Backup', 'Fault', 1000)).toMatchObject({ state: 'Fault', lasted: 1 });
    const next = new History();
    next.inherit(structuredClone(history.state));
    expect(move(next, 'b', 'Backup', 'Down', 1500)).toBeUndefined();
    expect(move(next, 'a', 'Fault', 'Backup', 2000)).toMatchObject({
      state: 'Down',
      previous: 'Fault',
      lasted: 1,
    });
    expect(move(next, 'b', 'Down', 'Backup', 2500)).toMatchObject({ state: 'Backup', lasted: 0.5 });
  });
});
