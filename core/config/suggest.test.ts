import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, nearest } from './suggest.ts';

describe('nearest', () => {
  const directives = ['priority', 'preemption', 'vip', 'vifname', 'auth_type', 'auth_secret', 'debug'];

  test.each([
    ['prioritty', 'priority'],
    ['PRIORITY', 'priority'],
    ['auth-type', 'auth_type'],
    ['authtype', 'auth_type'],
    ['vpi', 'vip'],
    ['vips', 'vip'],
    ['preempt', 'preemption'],
    ['debug_level', 'debug'],
    ['auth', undefined], // two directives start like that
    ['x', undefined],
    ['', undefined],
    ['gateway', undefined],
  ])('%s: %s', (word, meant) => {
    expect(nearest(word, directives)).toBe(meant);
  });
});

describe('editDistance', () => {
  test.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'abd', 1],
    ['abc', 'acb', 1],
    ['abc', 'ab', 1],
    ['kitten', 'sitting', 3],
  ])('%s to %s', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });

  test('is symmetric, 0 only for equal words, and at most the longer length', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });

  test('with a limit it is the same below it, and the limit otherwise', () => {
    fc.assert(
      fc.property(word, word, fc.integer({ min: 0, max: 9 }), (a, b, limit) => {
        expect(editDistance(a, b, limit)).toBe(Math.min(limit, editDistance(a, b)));
      }),
    );
  });
});
