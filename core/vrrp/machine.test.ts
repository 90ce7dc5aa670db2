import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Event, transition, type VirtualRouter } from './machine.ts';
import { State } from './state.ts';
import { masterDownInterval, nextDeadline, skewTime } from './timers.ts';

const router = (over: Partial<VirtualRouter> = {}): VirtualRouter => ({
  version: 2,
  priority: 100,
  preempt: true,
  advertisementInterval: 1000,
  state: State.Initialize,
  deadline: 0,
  masterAdverInterval: 1000,
  ...over,
});
const backup = (over: Partial<VirtualRouter> = {}) =>
  router({ state: State.Backup, deadline: 3609.375, ...over });
const master = (over: Partial<VirtualRouter> = {}) =>
  router({ state: State.Master, deadline: 1000, ...over });
const heard = (priority: number, addressOrder = -1, interval = 1000): Event => ({
  type: 'advertisement',
  priority,
  interval,
  addressOrder,
});
/** Master_Down_Interval of priority 100 at 1 s: 3 s + 156/256 s. */
const DOWN = 3609.375;
const SKEW = 609.375;

type Expected = Partial<ReturnType<typeof transition>>;

// With a second between advertisements both versions have the same timers; the last column is version 3's where it differs.
describe.each([2, 3] as const)('RFC 3768 §6.4 and RFC 9568 §6.4, version %d', (version) => {
  test.each<[string, VirtualRouter, Event, number, Expected, Expected?]>([
    // §6.4.1 Initialize
    [
      '(110) the owner starts as Master',
      router({ priority: 255 }),
      { type: 'startup' },
      5,
      { state: State.Master, deadline: 1005, actions: ['send-advertisement', 'acquire-addresses'] },
    ],
    [
      '(150) others start as Backup',
      router(),
      { type: 'startup' },
      5,
      { state: State.Backup, deadline: 5 + DOWN, actions: [] },
    ],
    [
      'Initialize ignores a timer',
      router(),
      { type: 'timer' },
      5,
      { state: State.Initialize, deadline: 0, actions: [] },
    ],
    [
      'Initialize ignores an advertisement',
      router(),
      heard(200),
      5,
      { state: State.Initialize, deadline: 0, actions: [] },
    ],
    [
      'Down starts like Initialize',
      router({ state: State.Down }),
      { type: 'startup' },
      5,
      { state: State.Backup },
    ],
    // §6.4.2 Backup
    [
      '(340) shutdown',
      backup(),
      { type: 'shutdown' },
      5,
      { state: State.Initialize, deadline: 0, actions: [] },
    ],
    [
      '(365) Master_Down_Timer',
      backup(),
      { type: 'timer' },
      4000,
      { state: State.Master, deadline: 5000, actions: ['send-advertisement', 'acquire-addresses'] },
    ],
    [
      '(415) priority 0: skew time',
      backup(),
      heard(0),
      100,
      { state: State.Backup, deadline: 100 + SKEW, actions: [] },
    ],
    [
      'priority 0 shortens the Master_Down_Timer, and never moves it back: a flood keeps nobody from taking over',
      backup({ deadline: 150 }),
      heard(0),
      100,
      { state: State.Backup, deadline: 150, actions: [] },
    ],
    [
      '(425) higher priority restarts',
      backup(),
      heard(200),
      100,
      { state: State.Backup, deadline: 100 + DOWN, actions: [] },
    ],
    [
      '(425) equal priority restarts, whatever the address',
      backup(),
      heard(100, -1),
      100,
      { deadline: 100 + DOWN },
    ],
    [
      '(450) lower priority is discarded: it will be preempted',
      backup(),
      heard(99),
      100,
      { state: State.Backup, deadline: DOWN },
    ],
    [
      '(425) without preemption lower priority restarts',
      backup({ preempt: false }),
      heard(1),
      100,
      { deadline: 100 + DOWN },
    ],
    // §6.4.3 Master
    [
      '(540) shutdown',
      master(),
      { type: 'shutdown' },
      5,
      { state: State.Initialize, deadline: 0, actions: ['send-priority-zero', 'release-addresses'] },
    ],
    [
      '(560) Adver_Timer',
      master(),
      { type: 'timer' },
      1000.2,
      { state: State.Master, deadline: 2000, actions: ['send-advertisement'] },
    ],
    [
      '(605) priority 0: an advertisement at once',
      master(),
      heard(0),
      300,
      { state: State.Master, deadline: 1300, actions: ['send-advertisement'] },
    ],
    [
      'priority 0 that is not to be answered: the cadence goes on',
      master(),
      { ...heard(0), answer: false } as Event,
      300,
      { state: State.Master, deadline: 1000, actions: [] },
    ],
    [
      '(625) higher priority: give way',
      master(),
      heard(101),
      300,
      { state: State.Backup, deadline: 300 + DOWN, actions: ['release-addresses'] },
    ],
    [
      '(625) higher priority: give way, preemption or not',
      master({ preempt: false }),
      heard(101),
      300,
      { state: State.Backup },
    ],
    [
      '(630) equal priority, higher address: give way',
      master(),
      heard(100, 1),
      300,
      { state: State.Backup, actions: ['release-addresses'] },
    ],
    [
      '(650) equal priority, lower address: stay',
      master(),
      heard(100, -1),
      300,
      { state: State.Master, deadline: 1000, actions: ['announce-addresses'] },
      { state: State.Master, deadline: 1300, actions: ['send-advertisement', 'announce-addresses'] },
    ],
    [
      '(650) lower priority: stay',
      master(),
      heard(99, 1),
      300,
      { state: State.Master, deadline: 1000, actions: ['announce-addresses'] },
      { state: State.Master, deadline: 1300, actions: ['send-advertisement', 'announce-addresses'] },
    ],
    [
      'lower priority that is not to be answered: the cadence goes on',
      master(),
      { ...heard(99), answer: false } as Event,
      300,
      { state: State.Master, deadline: 1000, actions: ['announce-addresses'] },
    ],
    ['equal priority of an equal address: stay', master(), heard(100, 0), 300, { state: State.Master }],
    [
      'the owner stays, whatever it hears',
      master({ priority: 255 }),
      heard(254, 1),
      300,
      { state: State.Master },
    ],
  ])('%s', (_, from, event, now, expected, expectedOf3 = expected) => {
    expect(transition({ ...from, version }, event, now)).toMatchObject(
      version === 2 ? expected : expectedOf3,
    );
  });
});

describe('VRRPv3', () => {
  const v3 = { version: 3, advertisementInterval: 100, masterAdverInterval: 100 } as const;
  test('a Backup adopts the interval of its Master (RFC 5798 §6.4.2 (450))', () => {
    const out = transition(backup({ ...v3 }), heard(200, 1, 500), 0);
    expect(out).toMatchObject({ masterAdverInterval: 500, deadline: 3 * 500 + (156 * 500) / 256 });
  });
  test('a Master that gives way adopts it too', () => {
    const out = transition(master({ ...v3 }), heard(200, 1, 500), 0);
    expect(out).toMatchObject({ state: State.Backup, masterAdverInterval: 500 });
  });
  test('not from an advertisement that it discards: a lower priority, with Preempt_Mode', () => {
    const out = transition(backup({ ...v3 }), heard(99, 1, 500), 0);
    expect(out).toMatchObject({ masterAdverInterval: 100, deadline: 3609.375 });
    const following = transition(backup({ ...v3, preempt: false }), heard(99, 1, 500), 0);
    expect(following).toMatchObject({ masterAdverInterval: 500 });
  });
  test('the skew after priority 0 counts in the interval that was adopted', () => {
    const out = transition(backup({ ...v3, masterAdverInterval: 10, deadline: 1000 }), heard(0, 1, 500), 100);
    expect(out).toMatchObject({ deadline: 100 + (156 * 10) / 256, masterAdverInterval: 10 });
  });
  test('of two Backups the one of the higher priority is first, however short the interval', () => {
    for (const interval of [10, 20, 1000, 40_950]) {
      for (let priority = 1; priority < 254; priority++) {
        const [low, high] = [priority, priority + 1].map((one) => masterDownInterval(3, one, interval));
        expect(high).toBeLessThan(low!);
      }
    }
  });
  test('a Master uses its own interval again', () => {
    const out = transition(backup({ ...v3, masterAdverInterval: 500 }), { type: 'timer' }, 0);
    expect(out).toMatchObject({ masterAdverInterval: 100, deadline: 100 });
  });
  test('a Master asserts itself at once (RFC 9568 §6.4.3)', () => {
    const out = transition(master({ ...v3 }), heard(99, 1, 100), 20);
    expect(out).toMatchObject({
      state: State.Master,
      deadline: 120,
      actions: ['send-advertisement', 'announce-addresses'],
    });
  });
});

test('skew time and Master_Down_Interval', () => {
  expect(skewTime(2, 100, 5000)).toBe(SKEW);
  expect(masterDownInterval(2, 254, 1000)).toBe(3007.8125);
  expect(masterDownInterval(3, 100, 10)).toBeCloseTo(30 + 6.09375);
});

test('a late timer keeps to its grid and never bursts', () => {
  expect(nextDeadline(1000, 1000, 1000.4)).toBe(2000);
  expect(nextDeadline(1000, 1000, 999.6)).toBe(2000);
  expect(nextDeadline(1000, 1000, 2000)).toBe(3000);
  expect(nextDeadline(1000, 1000, 4999)).toBe(5000);
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.integer({ min: 10, max: 255_000 }),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      (deadline, interval, late) => {
        const next = nextDeadline(deadline, interval, deadline + late);
        expect(next).toBeGreaterThan(deadline + late);
        expect(next - (deadline + late)).toBeLessThanOrEqual(interval * 1.000001);
      },
    ),
  );
});

test('the lent outcome is filled completely', () => {
  const lent = {
    state: State.Master as State,
    deadline: 77,
    masterAdverInterval: 77,
    actions: ['send-advertisement' as const],
  };
  const from = backup();
  expect(transition(from, heard(99), 10, lent)).toBe(lent);
  expect(lent).toEqual({
    state: from.state,
    deadline: from.deadline,
    masterAdverInterval: 1000,
    actions: [],
  });
});
