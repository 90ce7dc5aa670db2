import { describe, expect, test } from 'vitest';
import { Cause, causeParts, EventRing, EventType } from '../threads/event-ring.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import { TrackCell, Verdict } from '../threads/track-cell.ts';
import { skewTime } from '../vrrp/timers.ts';
import { stage } from './test/engine-in-memory.ts';
import { Kind } from './test/kinds.ts';
import { Tracking } from './tracking.ts';

const NAMES = ['uplink', 'web', 'dns'];
type Tracks = Readonly<Record<string, number | undefined>>;

/** Virtual routers with these trackers, and their weights, and what the trackers say. */
function tracked(priorities: readonly number[], tracks: readonly Tracks[]) {
  const world = stage(priorities, () => {}, new Kind(2, 4));
  const { engine, table, routers } = world;
  for (const [slot, names] of tracks.entries()) {
    const track = Object.entries(names).map(([name, weight]) => ({
      name,
      ...(weight !== undefined && { weight }),
    }));
    Object.assign(routers[slot]!.config, { track });
  }
  const cells = NAMES.map(() => TrackCell.allocate());
  const looked: number[][] = [];
  const soon: (() => void)[] = [];
  const tracking = new Tracking(engine, table, NAMES, cells, {
    lookAgain: (slots) => looked.push([...slots]),
    soon: (then) => soon.push(then),
  });
  const say = (name: string, verdict: Verdict, weight?: number): void => {
    cells[NAMES.indexOf(name)]!.write({ verdict, weight, since: 0, heldUntil: 0, words: 'x' });
  };
  const events = new EventRing(world.ring).reader('start');
  /** Since the last time. */
  const told = (): string[] => {
    const lines: string[] = [];
    events.read(({ type, a, b, c }) => {
      if (type === EventType.Transition) lines.push(`${a} -> ${b}: ${causeParts(c).cause}`);
      if (type === EventType.Priority) lines.push(`priority ${a} -> ${b}`);
      if (type === EventType.Tracker) lines.push(`${NAMES[a]} ${b}`);
    }, 100);
    return lines;
  };
  const fault = (slot = 0) => causeParts(table.int(slot, Int.Fault));
  return { ...world, tracking, say, looked, soon, told, fault };
}

describe('a tracker without a weight', () => {
  test('has a Master say good-bye when it fails, and has it looked at when it recovers', () => {
    const { say, tracking, start, routers, state, fault, looked, told, table } = tracked(
      [100],
      [{ uplink: undefined }],
    );
    say('uplink', Verdict.Up);
    tracking.prepare();
    table.setInt(0, Int.Priority, 255);
    start(); // at once, as an owner
    table.setInt(0, Int.Priority, 100);
    expect(state()).toBe(State.Master);
    tracking.begin();
    told();
    say('uplink', Verdict.Down);
    tracking.rung();
    expect(state()).toBe(State.Down);
    expect(table.num(0, Num.PriorityZeroSent)).toBe(1);
    expect(fault()).toEqual({ cause: Cause.TrackerFailed, tracker: 0 });
    expect(told()).toEqual(['uplink 2', `${State.Master} -> ${State.Down}: ${Cause.TrackerFailed}`]);
    expect(looked).toEqual([]);
    say('uplink', Verdict.Up);
    tracking.rung();
    expect(table.int(0, Int.Fault)).toBe(0);
    expect(looked).toEqual([[0]]);
    expect(causeParts(routers[0]!.startCause!)).toEqual({ cause: Cause.TrackersUp, tracker: 0 });
  });

  test('without a verdict keeps one from starting, and one that runs runs on', () => {
    const { tracking, start, state, fault, say, looked } = tracked([100], [{ uplink: undefined }]);
    tracking.prepare();
    expect(fault()).toEqual({ cause: Cause.TrackerAwaited, tracker: 0 });
    start();
    tracking.begin();
    expect(state()).toBe(State.Backup);
    expect(fault().cause).toBe(0);
    say('uplink', Verdict.Up);
    tracking.rung();
    expect(state()).toBe(State.Backup);
    expect(looked).toEqual([]);
  });

  test('that fails before anything has started leads to Down, with the reason', () => {
    const { tracking, state, say, told } = tracked([100], [{ uplink: undefined }]);
    tracking.prepare();
    tracking.begin();
    expect(state()).toBe(State.Initialize);
    say('uplink', Verdict.Down);
    tracking.rung();
    expect(state()).toBe(State.Down);
    expect(told()).toEqual(['uplink 2', `${State.Initialize} -> ${State.Down}: ${Cause.TrackerFailed}`]);
  });

  test('two of them: one that recovers is not enough', () => {
    const { tracking, say, looked, fault } = tracked([100], [{ uplink: undefined, dns: undefined }]);
    say('uplink', Verdict.Down);
    say('dns', Verdict.Down);
    tracking.prepare();
    tracking.begin();
    say('uplink', Verdict.Up);
    tracking.rung();
    expect([fault(), looked]).toEqual([{ cause: Cause.TrackerFailed, tracker: 2 }, []]);
    say('dns', Verdict.Up);
    tracking.rung();
    expect(looked).toEqual([[0]]);
  });
});

describe('weights', () => {
  test('add up, within 1 to 254; frames and timers follow, nothing changes its state', () => {
    const { tracking, say, start, table, routers, state, told, io } = tracked(
      [100],
      [{ uplink: -30, web: -200, dns: 20 }],
    );
    for (const name of NAMES) say(name, Verdict.Up);
    tracking.prepare();
    table.setInt(0, Int.Priority, routers[0]!.priorityAs(false));
    expect(routers[0]!.priority).toBe(120);
    start();
    tracking.begin();
    told();
    const before = table.num(0, Num.Deadline);
    say('uplink', Verdict.Down);
    tracking.rung();
    expect(routers[0]!.priority).toBe(90);
    expect(table.num(0, Num.Deadline) - before).toBeCloseTo(skewTime(2, 90, 1000) - skewTime(2, 120, 1000));
    say('web', Verdict.Down);
    tracking.rung();
    expect(routers[0]!.priority).toBe(1);
    expect(table.int(0, Int.Weight)).toBe(-210);
    expect(state()).toBe(State.Backup);
    expect(told()).toEqual(['uplink 2', 'priority 120 -> 90', 'web 2', 'priority 90 -> 1']);
    expect(io.loops).toHaveLength(1);
  });

  test('found by a check stand in place of the configured one', () => {
    const { tracking, say, routers, start } = tracked([100], [{ web: -30 }]);
    say('web', Verdict.Up, -7);
    tracking.prepare();
    start();
    tracking.begin();
    expect(routers[0]!.priority).toBe(93);
    say('web', Verdict.Up, 12);
    tracking.rung();
    expect(routers[0]!.priority).toBe(112);
  });

  test('mean nothing to an address owner', () => {
    const { tracking, say, routers, start, table } = tracked([100], [{ web: -30 }]);
    say('web', Verdict.Up);
    tracking.prepare();
    table.setInt(0, Int.Priority, 255);
    start();
    tracking.begin();
    say('web', Verdict.Down);
    tracking.rung();
    expect(routers[0]!.priority).toBe(255);
  });

  test('without a verdict keep one from starting, as any other', () => {
    const { tracking, fault } = tracked([100], [{ web: -30 }]);
    tracking.prepare();
    expect(fault()).toEqual({ cause: Cause.TrackerAwaited, tracker: 1 });
  });
});

test('many routers are brought in line a part at a time, others not at all', () => {
  const count = 100;
  const priorities = [...new Array<number>(count).fill(100), 100];
  const uses: Tracks[] = [...new Array<Tracks>(count).fill({ uplink: undefined }), { dns: undefined }];
  const { tracking, say, start, state, soon } = tracked(priorities, uses);
  for (const name of NAMES) say(name, Verdict.Up);
  tracking.prepare();
  start();
  tracking.begin();
  while (soon.length > 0) soon.shift()!();
  say('uplink', Verdict.Down);
  tracking.rung();
  const down = (): number => priorities.filter((_, slot) => state(slot) === State.Down).length;
  expect(down()).toBe(64);
  while (soon.length > 0) soon.shift()!();
  expect(down()).toBe(count);
  expect(state(count)).toBe(State.Backup);
});

test('after its end nothing is touched any more', () => {
  const { tracking, say, start, state } = tracked([100], [{ uplink: undefined }]);
  say('uplink', Verdict.Up);
  tracking.prepare();
  start();
  tracking.begin();
  tracking.stop();
  say('uplink', Verdict.Down);
  tracking.rung();
  expect(state()).toBe(State.Backup);
});
