import { expect, test } from 'vitest';
import { BackOff } from './back-off.ts';

test('each pause is the next one, the last one repeats', () => {
  const backOff = new BackOff([0, 1000, 5000]);
  expect([1, 1, 1, 1].map((ran) => backOff.next(ran))).toEqual([0, 1000, 5000, 5000]);
});

test('what has run for a minute is sound: its pauses begin anew', () => {
  const backOff = new BackOff([0, 1000, 5000]);
  expect([1, 60_000, 60_001, 1].map((ran) => backOff.next(ran))).toEqual([0, 1000, 0, 1000]);
});

test('the pause of an attempt does not count as one', () => {
  const backOff = new BackOff([0, 1000]);
  expect([backOff.pause(0), backOff.pause(7), backOff.next(1)]).toEqual([0, 1000, 0]);
});
