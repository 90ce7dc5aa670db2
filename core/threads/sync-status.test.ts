import { expect, test } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import { causeText, memberName } from './cause-words.ts';
import { CAUSES, Cause, groupCause, groupSlot, trackerCause } from './event-ring.ts';
import { Int, Num, State, StateTable } from './state-table.ts';
import { readSyncGroups } from './sync-status.ts';
import { TrackBoard } from './track-board.ts';

const router = (vrid: number, more: Partial<VirtualRouterConfig> = {}): VirtualRouterConfig => ({
  ...{ position: { file: 'f', line: 1 }, vrid, interface: 'eth0', family: 4, version: 2, addresses: [] },
  ...{ priority: 100, preempt: false, advertisementIntervalCs: 100, rfc3768: true, authSecret: '' },
  ...{ vifname: '', socketFilter: true, sync: 'gw' },
  ...more,
});

test('groups are read from the state table; who waits has no deadline', () => {
  const routers = [router(1), router(2, { sync: 'other' }), router(3)];
  const table = StateTable.allocate(3);
  table.setInt(0, Int.State, State.Backup);
  table.setInt(1, Int.State, State.Master);
  table.setInt(2, Int.State, State.Backup);
  table.setNum(2, Num.Deadline, 5000);
  table.setNum(2, Num.Since, 77);
  expect(readSyncGroups(table, routers)).toEqual([
    {
      ...{ name: 'gw', state: 'Backup', since: 77 },
      routers: [
        { name: 'eth0/1', state: 'Backup', waiting: true },
        { name: 'eth0/3', state: 'Backup', waiting: false },
      ],
    },
    {
      name: 'other',
      state: 'Master',
      since: 0,
      routers: [{ name: 'eth0/2', state: 'Master', waiting: false }],
    },
  ]);
});

test('names have family and version where another one has the same', () => {
  const routers = [router(1), router(1, { version: 3 }), router(1, { version: 3, family: 6 }), router(2)];
  expect(routers.map((each) => memberName(each, routers))).toEqual([
    'eth0/1/ipv4/v2',
    'eth0/1/ipv4/v3',
    'eth0/1/ipv6/v3',
    'eth0/2',
  ]);
});

test('a cause with and without another router', () => {
  expect(groupSlot(groupCause(Cause.GroupYielded, 4000))).toBe(4000);
  expect(groupSlot(trackerCause(Cause.TrackerFailed, 1))).toBe(-1);
  expect(CAUSES.length).toBeLessThanOrEqual(256);
  const routers = [router(1), router(2)];
  const board = new TrackBoard([], []);
  expect(causeText(Cause.InterfaceDown, routers, board)).toBe('the interface is down');
  expect(causeText(groupCause(Cause.GroupYielded, 1), routers, board)).toBe('group gw: eth0/2 yielded');
});
