import { expect, test } from 'vitest';
import { fromPlain, toPlain } from './plain.ts';

test.each([
  null,
  undefined,
  true,
  'text',
  1.5,
  -0,
  Number.POSITIVE_INFINITY,
  Number.NaN,
  12345678901234567890n,
  [1, undefined, [2]],
  { a: { b: [null] }, c: undefined },
  { $: 'map', of: 3 },
  new Map<unknown, unknown>([['a', new Map([[1, new Set(['x'])]])]]),
  new Date(1_700_000_000_000),
  new Uint8Array([0, 255, 7]),
  new Uint8Array([1, 2, 3, 4]).buffer,
])('comes back as it was: %s', (value) => {
  expect(fromPlain(toPlain({ value }))).toEqual({ value });
});

test('JSON stays as it is', () => {
  expect(toPlain({ a: [1, 'x', null] })).toBe('{"a":[1,"x",null]}');
});

test('a view of a larger buffer is its octets alone', () => {
  expect(fromPlain(toPlain(new Uint8Array([1, 2, 3, 4]).subarray(1, 3)))).toEqual(new Uint8Array([2, 3]));
});

test.each([() => 1, Symbol('x'), new Error('x'), new Float64Array(1)])(
  'what is no plain data is refused: %s',
  (value) => {
    expect(() => toPlain({ value })).toThrow('is no plain data');
  },
);

test('what is not known is refused', () => {
  expect(() => fromPlain('{"$":"regexp","of":"x"}')).toThrow('"regexp" is not known');
});
