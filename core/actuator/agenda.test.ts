import { describe, expect, it } from 'vitest';
import { Agenda, byInterface, UP_CHUNK } from './agenda.ts';
import { backOff } from './back-off.ts';
import { LogLimit } from './log-limit.ts';
import { ReadingSchedule } from './reading.ts';

describe('agenda', () => {
  it('takes a chunk at a time, everybody in turn', () => {
    const agenda = new Agenda(new Array(100).fill(0));
    const first = agenda.take(() => 1, 0);
    expect(first.up.map(({ slot }) => slot)).toEqual(Array.from({ length: UP_CHUNK }, (_, i) => i));
    expect(first.wake).toBe(0);
    for (const progress of first.up) agenda.succeeded(progress);
    // The first ones want something again at once: the others are not held up.
    const second = agenda.take((slot) => (slot < UP_CHUNK ? 3 : 1), 0);
    expect(second.up[0]?.slot).toBe(UP_CHUNK);
  });

  it('takes those of one interface together, and goes on where it was', () => {
    const homes = Array.from({ length: 100 }, (_, slot) => `eth${slot % 2}`);
    const agenda = new Agenda(new Array(100).fill(0), byInterface(homes));
    const turns: number[] = [];
    for (let round = 0; round < 3; round++) {
      for (const progress of agenda.take(() => 1, 0).up) {
        turns.push(progress.slot);
        agenda.succeeded(progress);
      }
    }
    const even = Array.from({ length: 50 }, (_, i) => 2 * i);
    expect(turns).toEqual([...even, ...even.map((slot) => slot + 1)]);
  });

  it('has nothing to do once what is wanted is applied, however often it changed before', () => {
    const agenda = new Agenda([4]);
    const [progress] = agenda.take(() => 9, 0).up;
    agenda.succeeded(progress!);
    expect(progress?.applied).toBe(9);
    expect(agenda.take(() => 9, 0)).toEqual({ up: [], down: [], wake: Number.POSITIVE_INFINITY });
  });

  it('pauses after a failure, unless something else is wanted by then', () => {
    const agenda = new Agenda([0]);
    const [progress] = agenda.take(() => 1, 1000).up;
    expect(agenda.failed(progress!, 1000)).toBe(100);
    expect(agenda.take(() => 1, 1099)).toEqual({ up: [], down: [], wake: 1100 });
    expect(agenda.take(() => 1, 1100).up).toHaveLength(1);
    expect(agenda.failed(progress!, 1100)).toBe(200);
    expect(agenda.take(() => 2, 1101).down).toHaveLength(1);
  });

  it('pauses 100 ms, then twice as long each time, 5 s at most', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 100].map(backOff)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });
});

describe('reading', () => {
  it('follows news at once, but takes a fifth of the time at most', () => {
    const schedule = new ReadingSchedule();
    expect(schedule.due).toBe(Number.POSITIVE_INFINITY);
    schedule.ask('now', 1000);
    expect(schedule.due).toBe(1002);
    schedule.started();
    schedule.ask('now', 1005); // while it reads: that may have been missed
    schedule.finished(1002, 1012);
    expect(schedule.due).toBe(1007);
    schedule.started();
    schedule.finished(1012, 1022);
    schedule.ask('now', 1023);
    expect(schedule.due).toBe(1062);
  });

  it('lets echoes wait, which urgent news overtake', () => {
    const schedule = new ReadingSchedule();
    schedule.ask('later', 1000);
    expect(schedule.due).toBe(1200);
    schedule.ask('now', 1010);
    expect(schedule.due).toBe(1012);
  });
});

describe('log limit', () => {
  it('writes ten of a topic in ten seconds, and counts the rest', () => {
    let now = 0;
    const lines: string[] = [];
    const limit = new LogLimit(
      (_, message) => lines.push(message),
      () => now,
    );
    for (let i = 0; i < 25; i++) limit.warn('topic', `message ${i}`);
    limit.warn('another', 'x');
    expect(lines).toHaveLength(11);
    now = 10_001;
    limit.warn('topic', 'again');
    expect(lines.at(-1)).toBe('again (and 15 like it before)');
  });
});
