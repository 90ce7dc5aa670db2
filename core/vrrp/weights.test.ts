import { expect, test } from 'vitest';
import { inRange, weightOf } from './weights.ts';

const [NONE, UP, DOWN] = [0, 1, 2] as const;

test.each([
  [-30, NONE, undefined, 0],
  [-30, UP, undefined, 0],
  [-30, DOWN, undefined, -30],
  [20, NONE, undefined, 0],
  [20, UP, undefined, 20],
  [20, DOWN, undefined, 0],
  [20, UP, -7, -7],
  [-30, DOWN, 5, 5],
  [-30, UP, 0, 0],
  [-30, NONE, 5, 0],
])('weight %s, verdict %s, found %s: %s', (weight, verdict, found, adds) => {
  expect(weightOf(weight, verdict, found)).toBe(adds);
});

test.each([
  [-5, 1],
  [0, 1],
  [1, 1],
  [100, 100],
  [254, 254],
  [300, 254],
])('%s is %s', (sum, priority) => {
  expect(inRange(sum)).toBe(priority);
});
