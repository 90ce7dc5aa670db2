import { expect, test } from 'vitest';
import { ReadingSchedule } from './reading.ts';

/** When a reading is due that is asked for at once after one that took so long, which ended at 0. */
function dueAfter(took: number, urgency: 'now' | 'later'): number {
  const schedule = new ReadingSchedule();
  schedule.started();
  schedule.finished(-took, 0);
  schedule.ask(urgency, 0);
  return schedule.due;
}

test.each([
  [0, 2, 200],
  [1, 4, 200],
  [20, 80, 380],
  [100, 400, 1900],
  [1000, 2000, 2000], // a machine that has no time for us
])('after a reading of %d ms the next one is due in %d ms, after mere echoes in %d', (took, now, later) => {
  expect([dueAfter(took, 'now'), dueAfter(took, 'later')]).toEqual([now, later]);
});

test('the most urgent news counts, and a reading answers all that came before it', () => {
  const schedule = new ReadingSchedule();
  expect(schedule.due).toBe(Number.POSITIVE_INFINITY);
  schedule.ask('later', 1000);
  schedule.ask('now', 1010);
  schedule.ask('later', 1011);
  expect(schedule.due).toBe(1012);
  schedule.started();
  expect(schedule.due).toBe(Number.POSITIVE_INFINITY);
  schedule.ask('now', 1013);
  schedule.finished(1012, 1022);
  expect(schedule.due).toBe(1015);
});
