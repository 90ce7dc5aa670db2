import { expect, test } from 'vitest';
import type { SchemaNode } from './schema.ts';
import { isSecret } from './schema-at.ts';

test.each<[string, object, boolean]>([
  ['of alternatives, one is a secret', { anyOf: [{ type: 'number' }, { writeOnly: true }] }, true],
  ['of alternatives, none is', { anyOf: [{ const: 0 }, { minimum: 1 }] }, false],
  ['what is said elsewhere', { $ref: '#/definitions/a' }, true],
  ['elements, each for itself', { items: [{ writeOnly: true }, {}] }, true],
  ['nothing is said', {}, false],
])('whether a value may be a secret: %s', (_, schema, expected) => {
  const properties = { value: schema, other: { writeOnly: true } } as Record<string, SchemaNode>;
  expect(isSecret({ properties }, ['value'])).toBe(expected);
});

test('nothing is secret where no schema has secrets', () => {
  expect(isSecret({ properties: { value: { $ref: '#' } as SchemaNode } }, ['value'])).toBe(false);
});
