import { expect, test } from 'vitest';
import { ANSWERS_PER_INTERVAL, AnswerLimit } from './answer-limit.ts';

test('a flood gets so many answers in each interval, and a burst before', () => {
  const limit = new AnswerLimit(2);
  let answers = 0;
  for (let now = 5000; now < 15_000; now++) if (limit.take(1, now, 1000)) answers++;
  expect(answers).toBeGreaterThanOrEqual(10 * ANSWERS_PER_INTERVAL);
  expect(answers).toBeLessThanOrEqual(11 * ANSWERS_PER_INTERVAL);
  expect(limit.take(0, 15_000, 1000), 'another router').toBe(true);
});

test('some at once are all answered, and again an interval later', () => {
  const limit = new AnswerLimit(1);
  for (const now of [100, 1100, 2100]) {
    const taken = Array.from({ length: 10 }, () => limit.take(0, now, 1000));
    expect(taken.filter(Boolean)).toHaveLength(ANSWERS_PER_INTERVAL);
  }
});
