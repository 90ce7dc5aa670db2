import { describe, expect, test } from 'vitest';
import { Num, State } from '../threads/state-table.ts';
import { SOCKET, stage as stageOf, theirs as theirsOf } from './test/engine-in-memory.ts';
import { SECONDS } from './test/kinds.ts';

// Deadlines run from when the kernel has received an advertisement, not from when the engine came to read it. Where
// intervals are as short as packets wait: short-intervals.test.ts.

const START = 1000;

describe.each(SECONDS)('$name', (kind) => {
  const DOWN = kind.down();
  const stage = (priorities: readonly number[]) => stageOf(priorities, undefined, kind);
  const theirs = (vrid: number, priority: number) => theirsOf(vrid, priority, kind);

  test('the Master_Down_Timer restarts at the time of arrival', () => {
    const { io, table, start } = stage([100]);
    start();
    io.time = START + 500;
    io.deliver(SOCKET, [theirs(1, 200)], 7.5);
    expect(table.num(0, Num.Deadline)).toBe(START + 500 - 7.5 + DOWN);
  });

  test('each of several that are read at once counts from its own arrival', () => {
    const { io, table, start } = stage([100, 100, 100]);
    start();
    io.time = START + 500;
    const frames = [theirs(1, 200), theirs(2, 200), theirs(3, 200)];
    io.deliver(SOCKET, frames, [3, 1.5, 0.25]);
    const deadlines = [0, 1, 2].map((slot) => table.num(slot, Num.Deadline));
    expect(deadlines).toEqual([3, 1.5, 0.25].map((waited) => START + 500 - waited + DOWN));
  });

  test('so it does for an advertisement that is recognised without being decoded', () => {
    const { io, table, start } = stage([100]);
    start();
    const frame = theirs(1, 200);
    for (const [at, waited] of [
      [500, 0],
      [1500, 12],
      [2500, 0.25],
    ] as const) {
      io.time = START + at;
      io.deliver(SOCKET, [frame], waited);
      expect(table.num(0, Num.Deadline)).toBe(START + at - waited + DOWN);
    }
  });

  test('the time of arrival is not known: the time of the wake-up does', () => {
    const { io, table, start } = stage([100]);
    start();
    io.time = START + 500;
    io.loops[0]!.memory[5](0, false, io.time);
    io.deliver(SOCKET, [theirs(1, 200)]);
    expect(table.num(0, Num.Deadline)).toBe(START + 500 + DOWN);
  });

  test('the skew time after a priority 0 runs from its arrival', () => {
    const { io, start, state } = stage([100]);
    start();
    io.time = START + 500;
    io.deliver(SOCKET, [theirs(1, 200)]);
    io.time = START + 800;
    io.deliver(SOCKET, [theirs(1, 0)], 20);
    io.pass(START + 780 + kind.skew() - 0.01);
    expect(state()).toBe(State.Backup);
    io.pass(START + 780 + kind.skew());
    expect(state()).toBe(State.Master);
    expect(io.sent.map(({ time }) => time)).toEqual([START + 780 + kind.skew()]);
  });

  test('an advertisement that came in time counts, though the engine reads it after the deadline', () => {
    const { io, table, start, state } = stage([100]);
    start();
    io.time = START + DOWN + 3; // woken late: the timer is due, and the advertisement is in the same wake-up
    io.deliver(SOCKET, [theirs(1, 200)], 4);
    expect(state()).toBe(State.Backup);
    expect(table.num(0, Num.Deadline)).toBe(START + DOWN - 1 + DOWN);
    expect(io.sent).toHaveLength(0);
  });

  test('a Master that gives way counts from the arrival, too', () => {
    const { io, table, start, state } = stage([100]);
    start();
    io.pass(START + DOWN);
    expect(state()).toBe(State.Master);
    io.time += 100;
    io.deliver(SOCKET, [theirs(1, 200)], 9);
    expect(state()).toBe(State.Backup);
    expect(table.num(0, Num.Deadline)).toBe(io.time - 9 + DOWN);
  });

  test('packets of one wake-up share the time of the last one: nobody takes over too early', () => {
    const { io, table, start } = stage([100, 100]);
    start();
    io.time = START + 500;
    io.deliver(SOCKET, [theirs(1, 200), theirs(2, 200)], 2);
    expect([0, 1].map((slot) => table.num(slot, Num.Deadline))).toEqual(
      [498, 498].map((at) => START + at + DOWN),
    );
  });

  test('what the engine needs to get going after the wake-up is no part of it', () => {
    const { io, table, engine, start } = stage([100]);
    start();
    io.time = START + 500;
    engine.place(0, theirs(1, 200), 0);
    io.loops[0]!.memory[5](1, true, START + 499.5);
    expect(table.num(0, Num.Deadline)).toBe(START + 499.5 + DOWN);
  });
});
