import { describe, expect, test } from 'vitest';
import { Num, State } from '../threads/state-table.ts';
import { SOCKET, stage as stageOf, theirs as theirsOf } from './test/engine-in-memory.ts';
import { KINDS } from './test/kinds.ts';

// The engine wakes two ms before a Backup's deadline and stays awake until then. Times in ms, on a made-up clock.

const LEAD = 2;
const START = 1000;

describe.each(KINDS)('$name', (kind) => {
  const { interval: INTERVAL, messageAt } = kind;
  const DOWN = kind.down();
  const stage = (priorities: readonly number[], settled?: (wantedChanged: boolean) => void) =>
    stageOf(priorities, settled, kind);
  const theirs = (vrid: number, priority: number) => theirsOf(vrid, priority, kind);

  test('before a Backup’s deadline: woken early, awake until it, Master exactly at it, asleep again', () => {
    const { io, table, start, state, armed } = stage([100]);
    start();
    expect(armed()).toEqual({ deadline: START + DOWN - LEAD, awake: false });

    io.pass(START + DOWN - LEAD);
    expect(state()).toBe(State.Backup);
    expect(io.sent).toHaveLength(0);
    expect(armed()).toEqual({ deadline: START + DOWN, awake: true });

    io.pass(START + DOWN);
    expect(state()).toBe(State.Master);
    expect(io.sent.map(({ time, descriptor }) => [time, descriptor])).toEqual([[START + DOWN, SOCKET]]);
    expect(armed().awake).toBe(false);
    expect(io.fired).toEqual({ asleep: 1, awake: 1 });
    expect(table.num(table.strangers, Num.WakeUps)).toBe(2);
  });

  test('there is time to make ready for it: once, with more than a ms left', () => {
    const { io, engine, start } = stage([100, 100]);
    const called: number[] = [];
    engine.onAwake = () => called.push(io.time);
    start();
    io.pass(START + DOWN - LEAD - 0.001);
    expect(called).toEqual([]);
    io.pass(START + DOWN);
    expect(called).toEqual([START + DOWN - LEAD]);
    // What has just run needs no more of it: for so short a time nothing gets cold.
    io.deliver(SOCKET, [theirs(1, 200)]);
    io.pass(START + 2 * DOWN);
    expect(called).toEqual([START + DOWN - LEAD, ...(DOWN < 100 ? [] : [START + 2 * DOWN - LEAD])]);
  });

  test('no time is taken that is not there', () => {
    const { io, engine, start } = stage([100]);
    let called = 0;
    engine.onAwake = () => called++;
    start();
    io.pass(START + DOWN - LEAD - 0.001);
    io.time = START + DOWN - 0.5; // woken late
    expect(called).toBe(0);
    io.pass(START + DOWN);
    expect(called).toBe(0);
  });

  test('a Master is woken for its advertisements alone, once each, and never kept awake', () => {
    const { io, start, state, armed } = stage([255]); // the address owner is Master at once
    start();
    expect(state()).toBe(State.Master);
    for (let tick = 1; tick <= 5; tick++) {
      expect(armed()).toEqual({ deadline: START + tick * INTERVAL, awake: false });
      io.pass(START + tick * INTERVAL);
      expect(io.sent).toHaveLength(1 + tick);
    }
    expect(io.fired).toEqual({ asleep: 5, awake: 0 });
  });

  test('a Backup that hears its Master all the time is never kept awake', () => {
    const { io, start, state } = stage([100]);
    start();
    for (let now = START + INTERVAL; now < START + 60 * INTERVAL; now += INTERVAL) {
      io.pass(now);
      io.deliver(SOCKET, [theirs(1, 200)]);
    }
    expect(state()).toBe(State.Backup);
    expect(io.fired.awake).toBe(0);
    expect(io.timers.filter(({ awake }) => awake)).toEqual([]);
    expect(io.fired.asleep, 'one wake-up for each Master_Down_Interval at most').toBeLessThanOrEqual(60 / 3);
    expect(io.sent).toHaveLength(0);
  });

  test('an advertisement that comes while the engine is awake lets it sleep again, and counts', () => {
    const { io, start, state, armed } = stage([100]);
    start();
    io.pass(START + DOWN - 0.25);
    expect(armed().awake).toBe(true);
    io.deliver(SOCKET, [theirs(1, 200)]);
    expect(armed()).toEqual({ deadline: START + DOWN - 0.25 + DOWN - LEAD, awake: false });
    io.pass(START + DOWN + INTERVAL / 10);
    expect(state()).toBe(State.Backup);
    expect(io.sent).toHaveLength(0);
    io.pass(START + DOWN - 0.25 + DOWN);
    expect(state()).toBe(State.Master);
    expect(io.sent.map(({ time }) => time)).toEqual([START + DOWN - 0.25 + DOWN]);
  });

  test('a deadline that is nearer than the lead is waited for awake at once', () => {
    // One whose skew time is some ms: packets that have waited for long are another matter.
    const priority = INTERVAL < 1000 ? 152 : 254;
    const { io, start, state, armed } = stage([priority]);
    start();
    const now = START + INTERVAL / 10;
    io.time = now;
    io.deliver(SOCKET, [theirs(1, 0)], kind.skew(priority) - 0.3125); // has waited: so much of the skew time is left
    expect(armed()).toEqual({ deadline: now + 0.3125, awake: true });
    io.pass(now + 0.2);
    expect(state()).toBe(State.Backup);
    io.pass(now + 0.3125);
    expect(state()).toBe(State.Master);
  });

  test('of many Backups the first one’s deadline counts, and those within the lead are each on time', () => {
    const priorities = [100, 100, 101, 254];
    const { io, start, state, routers } = stage(priorities);
    start();
    io.pass(START + 4 * INTERVAL);
    expect(routers.map(({ slot }) => state(slot))).toEqual(priorities.map(() => State.Master));
    const due = [...priorities].sort((a, b) => b - a).map((priority) => START + kind.down(priority));
    const first = io.sent.filter(
      ({ bytes }, at) => io.sent.findIndex((s) => s.bytes[messageAt + 1] === bytes[messageAt + 1]) === at,
    );
    expect(first.map(({ time }) => time)).toEqual(due);
  });

  test('sending comes before telling: what Masters want is told once nothing is due within the lead, or 0.3 ms later', () => {
    const told: number[] = [];
    const { io, start, state, routers } = stage([100, 100, 100, 100, 100], (changed) => {
      if (changed) told.push(io.time);
    });
    start();
    io.time = START + INTERVAL / 2;
    const waited = [4, 3.875, 3.625, 3.5, 1.75];
    io.deliver(
      SOCKET,
      waited.map((_, slot) => theirs(slot + 1, 200)),
      waited,
    );
    const last = io.time + DOWN;
    io.pass(last);
    expect(routers.map(({ slot }) => state(slot))).toEqual(waited.map(() => State.Master));
    expect(io.sent.map(({ time }) => time)).toEqual(waited.map((age) => last - age));
    // The first is told with the third, 0.375 ms after it was wanted; the fourth when the fifth's deadline is over.
    expect(told).toEqual([last - 3.625, last - 1.75]);
  });

  test('a stopped engine that comes back too late neither stays awake nor takes over', () => {
    const { io, table, start, state, armed } = stage([100]);
    start();
    io.time = START + DOWN + 2000; // the process stood still
    io.loops[0]!.memory[5](0, true, io.time);
    expect(state()).toBe(State.Backup);
    expect(armed()).toEqual({ deadline: io.time + INTERVAL - LEAD, awake: false });
    expect(table.num(0, Num.Deadline)).toBe(io.time + INTERVAL);
  });

  test('the timer is set anew only when its time is another one', () => {
    const { io, engine, start } = stage([100]);
    start();
    expect(io.timers).toHaveLength(1);
    for (let turn = 0; turn < 5; turn++) engine.settle();
    expect(io.timers).toHaveLength(1);
    io.time = START + INTERVAL / 10;
    io.deliver(SOCKET, [theirs(1, 200)]); // the deadline has moved, and is looked at when the timer fires
    expect(io.timers.every(({ awake }) => !awake)).toBe(true);
    expect(io.timers.length).toBeLessThanOrEqual(2);
  });
});
