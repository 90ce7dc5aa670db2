import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RawTable } from './document.ts';
import { redact, redactConfiguration, withDefaults } from './redact.ts';
import { asNode, ConfigSchema, type SchemaNode } from './schema.ts';

const CONFIGURATION = {
  debug: 1,
  vrouter: [
    {
      group: 1,
      interface: 'eth0',
      vip: ['10.0.0.1'],
      auth_type: 'x',
      auth_secret: 'geheim',
      timers: { advert: 2 },
    },
    { group: 2, interface: 'eth0', vip: '10.0.0.2' },
  ],
  protocols: { routes: [{ route: '0.0.0.0', password: 'visible' }], other: [{ key: 'k' }] },
  api: { users: ['{{SHA256}}a:0:geheim:geheim', 'geheim'], secret: 'geheim', host: '0.0.0.0:7080' },
  plugins: {
    known: { version: '^1', options: { token: 'geheim', url: 'u', typo: 'geheim' } },
    unknown: { options: { token: 'geheim' } },
    short: '^1',
    __proto__x: {},
  },
};
const OPTIONS: SchemaNode = {
  type: 'object',
  properties: { token: { type: 'string', writeOnly: true }, url: { type: 'string' } },
};

test('secrets of a configuration are hidden, all else is shown', () => {
  const before = structuredClone(CONFIGURATION);
  const [one, two] = CONFIGURATION.vrouter;
  expect(redactConfiguration(CONFIGURATION, new Map([['known', OPTIONS]]))).toEqual({
    ...CONFIGURATION,
    vrouter: [{ ...one, auth_secret: '***' }, two],
    api: { users: ['***', '***'], secret: '***', host: '0.0.0.0:7080' },
    plugins: {
      ...CONFIGURATION.plugins,
      known: { version: '^1', options: { token: '***', url: 'u', typo: '***' } },
      unknown: { options: { token: '***' } },
    },
  });
  expect(CONFIGURATION).toEqual(before);
});

test('nothing else of the core’s own schema is hidden', () => {
  const hidden: string[] = [];
  const look = (schema: SchemaNode, path: string): void => {
    if (schema.writeOnly === true) return;
    // A value that no schema describes further, in place of what is described.
    const { items, properties, additionalProperties } = schema;
    if (redact(0, { ...schema, properties: { ...properties, secret: { writeOnly: true } } }) !== 0)
      hidden.push(path);
    if (items !== undefined) look(items, `${path}[]`);
    for (const [name, inner] of Object.entries(properties ?? {})) look(inner, `${path}.${name}`);
    if (typeof additionalProperties === 'object') look(additionalProperties, `${path}.*`);
  };
  look(asNode(ConfigSchema), '');
  expect(hidden).toEqual([]);
});

test('secrets of protocols are hidden where there is a schema', () => {
  const schema: SchemaNode = { properties: { route: {}, password: { writeOnly: true } } };
  const { protocols } = redactConfiguration(CONFIGURATION, new Map(), new Map([['routes', schema]]));
  expect(protocols).toEqual({ routes: [{ route: '0.0.0.0', password: '***' }], other: [{ key: 'k' }] });
});

describe('by schema', () => {
  const secret = { writeOnly: true };
  test.each<[string, unknown, object, unknown]>([
    ['a value', 5, secret, '***'],
    ['a table', { a: [1] }, secret, '***'],
    ['an element', ['a', 'b'], { items: secret }, ['***', '***']],
    [
      'in a table in an array',
      [{ a: 1, b: 2 }],
      { items: { properties: { a: secret, b: {} } } },
      [{ a: '***', b: 2 }],
    ],
    [
      'of any name',
      { x: { s: 1 } },
      { additionalProperties: { properties: { s: secret } } },
      { x: { s: '***' } },
    ],
    ['an unknown name among known ones', { a: 1, b: 2 }, { properties: { a: {} } }, { a: 1, b: '***' }],
    ['a table of which nothing is said', { a: { b: [1] } }, { type: 'object' }, { a: { b: [1] } }],
    ['an array of which nothing is said', [{ b: 1 }], { type: 'array' }, [{ b: 1 }]],
    [
      'a name that objects inherit',
      JSON.parse('{ "constructor": 1, "__proto__": { "s": 1 } }'),
      { properties: { s: secret } },
      JSON.parse('{ "constructor": "***", "__proto__": "***" }'),
    ],
    [
      'a reference',
      { a: 'x', b: 1 },
      { properties: { a: { $ref: '#/definitions/s' }, b: {} }, definitions: { s: secret } },
      { a: '***', b: 1 },
    ],
    ['said twice', { a: 'x' }, { properties: { a: {} }, allOf: [{ properties: { a: secret } }] }, '***'],
    [
      'elements each for itself',
      { a: ['x', 1] },
      { properties: { a: { items: [secret, {}] } } },
      { a: '***' },
    ],
    [
      'one of several that are none',
      { a: 'x', b: 0 },
      { properties: { a: secret, b: { anyOf: [{ const: 0 }, { minimum: 1 }] } } },
      { a: '***', b: 0 },
    ],
    [
      'one of several',
      { a: 'x' },
      { properties: { a: { anyOf: [{ type: 'number' }, secret] } } },
      { a: '***' },
    ],
    ['a reference where nothing is secret', { a: 'x' }, { properties: { a: { $ref: '#' } } }, { a: 'x' }],
  ])('%s', (_, data, schema, shown) => {
    expect(redact(data, schema as SchemaNode)).toEqual(shown);
  });

  test('no secret is in what is shown, wherever it stands', () => {
    const [leaf, marked] = [fc.constant({}), fc.constant({ writeOnly: true })];
    const { node } = fc.letrec<{ node: object }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        leaf,
        marked,
        tie('node').map((items) => ({ items })),
        fc
          .dictionary(fc.constantFrom('a', 'b'), tie('node'), { maxKeys: 2, minKeys: 1 })
          .map((properties) => ({ properties })),
        tie('node').map((additionalProperties) => ({ additionalProperties })),
        tie('node').map((inner) => ({ allOf: [inner] })),
        fc.tuple(tie('node'), tie('node')).map((items) => ({ items })),
      ),
    }));
    // Each value is made by the schema: text that says whether it is a secret.
    type Open = SchemaNode & {
      readonly allOf?: readonly Open[];
      readonly items?: SchemaNode | readonly SchemaNode[];
    };
    const example = (schema: Open, hidden: boolean): unknown => {
      const secretHere = hidden || schema.writeOnly === true;
      const { items, properties, additionalProperties, allOf } = schema;
      if (allOf?.[0] !== undefined) return example(allOf[0], secretHere);
      if (Array.isArray(items)) return items.map((item: Open) => example(item, secretHere));
      if (items !== undefined) return [example(items as Open, secretHere)];
      if (typeof additionalProperties === 'object')
        return { any: example(additionalProperties as Open, secretHere) };
      if (properties === undefined) return secretHere ? 'geheim' : 'open';
      return Object.fromEntries(
        Object.entries(properties).map(([key, of]) => [key, example(of as Open, secretHere)]),
      );
    };
    fc.assert(
      fc.property(node, (schema) => {
        const data = example(schema as Open, false);
        const shown = JSON.stringify(redact(data, schema as SchemaNode));
        expect(shown).not.toContain('geheim');
        if (!JSON.stringify(schema).includes('writeOnly')) expect(shown).toBe(JSON.stringify(data));
      }),
      { numRuns: 500 },
    );
  });
});

test('withDefaults fills in every default, and changes nothing else', () => {
  const data: RawTable = { debug: 2, vrouter: [{ group: 1, interface: 'eth0', vip: 'x', priority: 7 }] };
  const before = structuredClone(data);
  const full = withDefaults(data);
  expect(data).toEqual(before);
  expect(full).toEqual({
    debug: 2,
    time_zone: 'local',
    time_format: 'disabled',
    pid: '/var/run/rvrrpd.pid',
    working_dir: '/tmp',
    main_log: '/var/log/rvrrpd.log',
    vrouter: [
      {
        group: 1,
        interface: 'eth0',
        vip: 'x',
        priority: 7,
        preemption: false,
        version: 2,
        timers: { advert: 1 },
        rfc3768: true,
        socket_filter: true,
      },
    ],
    protocols: {},
    api: {
      users: [],
      host: '0.0.0.0:7080',
      tls: false,
      tls_key: '/etc/rvrrpd/ssl/key.pem',
      tls_cert: '/etc/rvrrpd/ssl/cert.pem',
    },
    plugins: {},
  });
  expect(withDefaults(full)).toEqual(full);
});

test('what authentication is told is hidden, but for what its schema shows', () => {
  const vrouter = [
    { auth_type: 'seal', auth: { keys: { 1: 'geheim' }, active_key: 1, kyes: 'geheim' } },
    { auth_type: 'other', auth: { keys: 'geheim' } },
    { auth: { keys: 'geheim' } },
    { auth: {} },
    { auth: 'geheim' },
    { auth: ['geheim'] },
  ];
  const schema: SchemaNode = {
    properties: {
      keys: { additionalProperties: { type: 'string', writeOnly: true } },
      active_key: { type: 'integer' },
    },
  };
  const shown = redactConfiguration({ vrouter }, new Map(), new Map(), new Map([['seal', schema]]));
  expect(shown.vrouter).toEqual([
    { auth_type: 'seal', auth: { keys: { 1: '***' }, active_key: 1, kyes: '***' } },
    { auth_type: 'other', auth: { keys: '***' } },
    { auth: { keys: '***' } },
    { auth: {} },
    { auth: '***' },
    { auth: '***' },
  ]);
});
