import { describe, expect, test } from 'vitest';
import { State } from './state.ts';
import { groupState, isFit, orderFor, rankMembers, type SyncMember } from './sync.ts';

const MASTER: SyncMember = { state: State.Master, deadline: 1000 };
const LISTENING: SyncMember = { state: State.Backup, deadline: 1000 };
const WAITING: SyncMember = { state: State.Backup, deadline: 0 };
const DOWN: SyncMember = { state: State.Down, deadline: 0 };
const NEW: SyncMember = { state: State.Initialize, deadline: 0 };

describe('a Master_Down_Timer expires', () => {
  const expired = { ...LISTENING };
  test.each([
    ['all others wait', [WAITING, WAITING], 'take'],
    ['there is no other', [], 'take'],
    ['the others are Master already', [MASTER, MASTER], 'take'],
    ['one may still hear from its Master', [WAITING, LISTENING], 'wait'],
    ['one is down', [WAITING, DOWN], 'wait'],
    ['one has not started', [NEW, WAITING], 'wait'],
  ] as const)('%s: %s', (_, others, order) => {
    expect(orderFor([...others, expired], expired, 'expired')).toBe(order);
  });
});

describe('one is not Master any more, or must not be', () => {
  test.each(['left', 'stopped', 'followed'] as const)('%s: Masters yield, if there is any', (happening) => {
    expect(orderFor([LISTENING, MASTER], LISTENING, happening)).toBe('yield');
    expect(orderFor([LISTENING, WAITING], LISTENING, happening)).toBe('none');
  });
});

test('a farewell is for all; who has met another Master announces with all', () => {
  expect(orderFor([LISTENING, LISTENING], LISTENING, 'farewell')).toBe('heed');
  expect(orderFor([MASTER, MASTER], MASTER, 'met')).toBe('announce');
});

describe('without an event, after another engine', () => {
  test.each([
    ['Masters with one that is down', [MASTER, DOWN], 'yield'],
    ['Masters with one that has just come', [MASTER, LISTENING], 'none'],
    ['all wait', [WAITING, WAITING], 'take'],
    ['one may still hear from its Master', [WAITING, LISTENING], 'none'],
    ['all Master', [MASTER, MASTER], 'none'],
    ['one is down', [WAITING, DOWN], 'none'],
    ['one is Master and another stands by', [MASTER, { ...LISTENING, held: true }], 'yield'],
    ['none is Master and one stands by', [WAITING, { ...LISTENING, held: true }], 'none'],
  ] as const)('%s', (_, members, order) => {
    expect(orderFor(members, undefined, 'nothing')).toBe(order);
  });
});

test('fit is who runs', () => {
  expect([MASTER, LISTENING, WAITING, DOWN, NEW].map(isFit)).toEqual([true, true, true, false, false]);
});

test('the state of a group', () => {
  expect(groupState(['Master', 'Master'])).toBe('Master');
  expect(groupState(['Master', 'Backup'])).toBe('Backup');
  expect(groupState(['Master', 'Down', 'Init'])).toBe('Down');
  expect(groupState(['Down', 'Fault', 'Init'])).toBe('Fault');
  expect(groupState(['Backup', 'Init'])).toBe('Init');
});

test('the order of links is the same on all routers, whatever their interfaces and order', () => {
  const lan = {
    version: 2 as const,
    config: { family: 4 as const, vrid: 7, addresses: ['10.0.0.1', '10.0.0.2'] },
  };
  const six = { version: 3 as const, config: { family: 6 as const, vrid: 7, addresses: ['fe80::1'] } };
  const uplink = { version: 2 as const, config: { family: 4 as const, vrid: 20, addresses: ['192.0.2.1'] } };
  expect(rankMembers([lan, six, uplink])).toEqual([0, 2, 1]);
  const other = { ...lan, config: { ...lan.config, addresses: ['10.0.0.2', '10.0.0.1'] } };
  expect(rankMembers([uplink, other, six])).toEqual([1, 0, 2]);
});
