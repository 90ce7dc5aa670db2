import TOML from '@iarna/toml';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIssue } from './issues.ts';
import { detectFormat, parseDocument } from './parse.ts';

const faults = (content: string, format: 'toml' | 'json') =>
  parseDocument('f', content, format).issues.map(formatIssue);

describe('positions in TOML', () => {
  const { document } = parseDocument(
    'f',
    `# comment
debug = 5
a.b."c d" = 1

[[vrouter]]
group = 1
timers = { advert = 1 }
vip = [
  "10.0.0.1",
  "10.0.0.2",
]

[[vrouter]] # the second
"priority" = 0x10
[vrouter.timers]
advert = 2
[x.y]
z = """
two
lines"""
`,
    'toml',
  );

  test.each([
    [['debug'], 2, '5'],
    [['a'], 3, undefined],
    [['a', 'b'], 3, undefined],
    [['a', 'b', 'c d'], 3, '1'],
    [['vrouter'], 5, undefined],
    [['vrouter', 0], 5, undefined],
    [['vrouter', 0, 'group'], 6, '1'],
    [['vrouter', 0, 'timers'], 7, undefined],
    [['vrouter', 0, 'timers', 'advert'], 7, '1'],
    [['vrouter', 0, 'vip'], 8, '[ "10.0.0.1", "10.0.0.2", ]'],
    [['vrouter', 0, 'vip', 1], 10, '"10.0.0.2"'],
    [['vrouter', 0, 'missing'], 5, undefined],
    [['vrouter', 0, 'vip', 1, 'deeper', 7], 10, undefined],
    [['vrouter', 1], 13, undefined],
    [['vrouter', 1, 'priority'], 14, '0x10'],
    [['vrouter', 1, 'timers'], 15, undefined],
    [['vrouter', 1, 'timers', 'advert'], 16, '2'],
    [['x'], 17, undefined],
    [['x', 'y', 'z'], 18, '""" two lines"""'],
    [['nowhere'], 1, undefined],
    [[], 1, undefined],
  ])('%j', (path, line, source) => {
    expect(document?.places.position(path)).toEqual({ file: 'f', line });
    expect(document?.places.source(path)).toBe(source);
  });
});

describe('positions in JSON', () => {
  const { document } = parseDocument(
    'f',
    `
{
  "debug": 5,
  "vrouter": [
    {
      "vip": ["10.0.0.1",
              "10.0.0.2"], "priority":
        1e1
    },
    { "timers": { "advert": 2 }, "gone": null }
  ]
}`,
    'json',
  );

  test.each([
    [['debug'], 3, '5'],
    [['vrouter'], 4, undefined],
    [['vrouter', 0], 5, undefined],
    [['vrouter', 0, 'vip', 0], 6, '"10.0.0.1"'],
    [['vrouter', 0, 'vip', 1], 7, '"10.0.0.2"'],
    [['vrouter', 0, 'priority'], 7, '1e1'],
    [['vrouter', 1, 'timers', 'advert'], 10, '2'],
    [['vrouter', 1, 'gone'], 10, undefined],
  ])('%j', (path, line, source) => {
    expect(document?.places.position(path)).toEqual({ file: 'f', line });
    if (path.length > 1 || path[0] !== 'vrouter') expect(document?.places.source(path)).toBe(source);
  });

  test('null is absent', () => {
    expect(document?.data).toEqual({
      debug: 5,
      vrouter: [{ vip: ['10.0.0.1', '10.0.0.2'], priority: 10 }, { timers: { advert: 2 } }],
    });
  });
});

test('line endings of Windows, comments too', () => {
  const { document, issues } = parseDocument('f', '# one\r\na = 1 # two\r\n\r\nb = "x"\r\n', 'toml');
  expect(issues).toEqual([]);
  expect(document?.data).toEqual({ a: 1, b: 'x' });
  expect(document?.places.position(['b'])).toEqual({ file: 'f', line: 4 });
});

describe('syntax errors', () => {
  test.each([
    ['a = \nb = 2', 'f:2:1: not valid TOML: unexpected character'],
    ['a = 1\na = 2', 'f:2:1: not valid TOML: defining a key multiple times is invalid'],
    ['[x\n', 'f:1:1: not valid TOML: the table header is not closed: it ends with ]'],
    ['a = 1\nb = "x\n', 'f:2:7: not valid TOML: unterminated string constant'],
    ['[a]\n[a]', 'f:2:2: not valid TOML: defining a key multiple times is invalid'],
    ['a = { b = 1,\nc = 2 }', 'f:2:1: not valid TOML: no newlines are allowed'],
    ['a = tru', 'f:1:5: not valid TOML:'],
    ['just words', 'f:1:6: not valid TOML:'],
    ['a = 1\nconstructor.x = 1', 'f:2:1: unknown directive: "constructor"'],
    ['["toString"]', 'f:1:2: unknown directive: "toString"'],
    ['a = { b = { "__proto__" = 1 } }', 'f:1:13: unknown directive: "__proto__"'],
  ])('TOML %j', (content, message) => {
    const [fault, ...more] = faults(content, 'toml');
    expect(fault).toContain(message);
    expect(more).toEqual([]);
  });

  test.each([
    ['{', 'f:1:2: not valid JSON: close brace expected'],
    ['{ "a": 1, }', 'f:1:11: not valid JSON: property name expected'],
    ['{ "a": 1\n  "b": 2 }', 'f:2:3: not valid JSON: comma expected'],
    ['{ // comment\n}', 'f:1:3: not valid JSON: invalid comment token'],
    ['{ "a": 1 } x', 'f:1:12: not valid JSON:'],
    ['[]', 'f:1:1: must be a JSON object: { "vrouter": [ … ] }'],
    ['1', 'f:1:1: must be a JSON object: { "vrouter": [ … ] }'],
    ['{ "a": 1,\n"b": { "c": 1, "c": 2 } }', 'f:2:16: b.c is already in line 2'],
  ])('JSON %j', (content, message) => {
    const [fault, ...more] = faults(content, 'json');
    expect(fault).toContain(message);
    expect(more).toEqual([]);
  });

  test('the line with the error is not quoted: it may hold a secret', () => {
    for (const line of [
      'auth_secret = "geheim',
      "secret = 'geheim\n",
      'x = geheim',
      'auth_secret = "geheim" x',
    ]) {
      expect(faults(line, 'toml').join()).not.toContain('geheim');
      expect(faults(`{ ${line} }`, 'json').join()).not.toContain('geheim');
    }
  });

  test('any text is a document or has an error with a line, and nothing is thrown', () => {
    const piece = fc.constantFrom(
      'a',
      '=',
      '1',
      '"',
      "'",
      '[',
      ']',
      '{',
      '}',
      '\n',
      '.',
      ',',
      ' ',
      '#',
      ':',
      '-',
      '\\',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, fc.constantFrom('toml' as const, 'json' as const), (content, format) => {
        const { document, issues } = parseDocument('f', content, format);
        expect(document === undefined).toBe(issues.length > 0);
        for (const { position } of issues) {
          expect(position.line).toBeGreaterThan(0);
          expect(position.column).toBeGreaterThan(0);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('data', () => {
  const scalar = fc.oneof(
    fc.boolean(),
    fc.integer(),
    fc.string({ unit: fc.constantFrom('a', '"', '\\', '.', 'é', ' ') }),
  );
  const table = fc.dictionary(
    fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', ' '), minLength: 1, maxLength: 4 }),
    fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })),
    { maxKeys: 5 },
  );
  const data = fc.record({ vrouter: fc.array(table, { maxLength: 3 }), api: table, x: scalar });

  test('is the same whichever format it is written in, and each part has a place', () => {
    fc.assert(
      fc.property(data, (wanted) => {
        const toml = parseDocument('f', TOML.stringify(wanted as unknown as TOML.JsonMap), 'toml');
        const json = parseDocument('f', JSON.stringify(wanted, undefined, 2), 'json');
        expect(json.issues).toEqual([]);
        expect(toml.issues).toEqual([]);
        expect(json.document?.data).toEqual(wanted);
        // TOML cannot write an empty array of tables as a table header; the data is the same all the same
        expect(toml.document?.data).toEqual(wanted);
        for (const [index, router] of wanted.vrouter.entries()) {
          for (const key of Object.keys(router)) {
            expect(toml.document?.places.has(['vrouter', index, key])).toBe(true);
            expect(json.document?.places.has(['vrouter', index, key])).toBe(true);
          }
        }
      }),
    );
  });
});

test('detectFormat', () => {
  expect(detectFormat('x.conf', '  {')).toBe('json');
  expect(detectFormat('x.conf', '[[vrouter]]')).toBe('toml');
  expect(detectFormat('x.conf', '')).toBe('toml');
  expect(detectFormat('x.toml', '{')).toBe('toml');
  expect(detectFormat('x.json', 'a = 1')).toBe('json');
});
