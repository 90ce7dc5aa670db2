import { describe, expect, test } from 'vitest';
import { stage, theirs } from './test/engine-in-memory.ts';
import { TurnClock } from './turn-clock.ts';

/** A clock over two that go on by 1 ms whenever they are asked. */
function ticking() {
  const asked = { wall: 0, now: 0 };
  const clock = new TurnClock({ wall: () => 1000 + asked.wall++, now: () => 50 + asked.now++ });
  return { asked, clock };
}

describe('the clocks of plugins', () => {
  test('are the time, outside of a turn', () => {
    const { clock } = ticking();
    expect([clock.wall(), clock.wall(), clock.monotonic()]).toEqual([1000, 1001, 52]);
  });

  test('stand still in a turn, both at one moment, and in the next at a later one', () => {
    const { asked, clock } = ticking();
    clock.begin();
    expect(asked).toEqual({ wall: 0, now: 0 }); // who does not ask pays nothing
    expect([clock.monotonic(), clock.wall(), clock.wall(), clock.monotonic()]).toEqual([50, 1000, 1000, 50]);
    expect(asked).toEqual({ wall: 1, now: 1 });
    clock.begin();
    expect([clock.wall(), clock.monotonic()]).toEqual([1001, 51]);
    clock.end();
    expect([clock.wall(), clock.wall()]).toEqual([1002, 1003]);
  });

  test('an engine’s turn is one wake-up, with its packets, its deadlines and what it sends', () => {
    const turns: string[] = [];
    const { engine, io, start } = stage([100], () => turns.push('settled'), undefined, {
      begin: () => turns.push('begin'),
      end: () => turns.push('end'),
    });
    start();
    turns.length = 0;
    engine.place(0, theirs(1, 200), 0);
    engine.wake(1, true, io.now());
    expect(turns).toEqual(['begin', 'settled', 'end']);
  });
});
