import { expect, test } from 'vitest';
import { asNode, ConfigSchema, type SchemaNode } from '../config/schema.ts';
import { checkSchema } from '../config/validate.ts';
import { discoverPlugins } from './discover.ts';
import { MANIFEST_SCHEMA } from './manifest.ts';

/** Those of built-in plugins, by package and field. */
const shipped = discoverPlugins().plugins.flatMap(({ resolved, configSchema, optionsSchema }) =>
  Object.entries({ configSchema, optionsSchema }).flatMap(([field, schema]): [string, SchemaNode][] =>
    schema === undefined ? [] : [[`${resolved.package} ${field}`, schema]],
  ),
);

// A start does not check them again.
test.each<[string, SchemaNode]>([
  ['the configuration', asNode(ConfigSchema)],
  ['a manifest', MANIFEST_SCHEMA],
  ...shipped,
])('the schema of %s is a JSON Schema', (_, schema) => {
  expect(() => checkSchema(schema)).not.toThrow();
});

test('there are built-in plugins with schemas', () => {
  expect(shipped.length).toBeGreaterThan(0);
});

test.each<[string, object]>([
  ['an unknown type', { type: 'nothing' }],
  ['a reference into nowhere', { properties: { a: { $ref: '#/definitions/none' } } }],
  ['another draft', { $schema: 'https://json-schema.org/draft/2020-12/schema' }],
])('%s is refused', (_, schema) => {
  expect(() => checkSchema(schema as SchemaNode)).toThrow();
});
