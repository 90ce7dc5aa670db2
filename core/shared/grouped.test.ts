import { expect, test } from 'vitest';
import { grouped } from './grouped.ts';

test('items with the same key are together, in the order that they had', () => {
  const groups = grouped(['b1', 'a1', 'b2', 'c1', 'a2'], ([letter]) => letter);
  expect([...groups]).toEqual([
    ['b', ['b1', 'b2']],
    ['a', ['a1', 'a2']],
    ['c', ['c1']],
  ]);
  expect(grouped([], String).size).toBe(0);
});
