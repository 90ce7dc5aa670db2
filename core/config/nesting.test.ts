import { expect, test } from 'vitest';
import { formatIssue } from './issues.ts';
import { DEEPEST, scanNesting } from './nesting.ts';
import { parseDocument } from './parse.ts';

const faults = (content: string, format: 'toml' | 'json') =>
  parseDocument('f', content, format).issues.map(formatIssue);

const MANY = 100_000;
const TOO_DEEP = `nested deeper than ${DEEPEST} levels: no directive needs that`;

test.each<[string, 'toml' | 'json', string, number]>([
  ['arrays in TOML', 'toml', `debug = 0\nx = ${'['.repeat(MANY)}`, 2],
  ['closed arrays in TOML', 'toml', `\n\nx = ${'['.repeat(MANY)}${']'.repeat(MANY)}\n`, 3],
  ['arrays over many lines in TOML', 'toml', `x = ${'[\n'.repeat(MANY)}`, DEEPEST + 1],
  ['inline tables in TOML', 'toml', `x = ${'{a='.repeat(MANY)}`, 1],
  ['a dotted key in TOML', 'toml', `${Array(MANY).fill('a').join('.')} = 1`, 1],
  ['a dotted header in TOML', 'toml', `# a\n[${Array(MANY).fill('"a"').join(' . ')}]`, 2],
  ['arrays in JSON', 'json', `{ "x":\n${'['.repeat(MANY)}`, 2],
  ['closed arrays in JSON', 'json', `{"x":${'['.repeat(MANY)}${']'.repeat(MANY)}}`, 1],
  ['objects in JSON', 'json', '{"a":'.repeat(MANY), 1],
])('%s are refused, whatever their depth', (_what, format, text, line) => {
  expect(faults(text, format)).toEqual([`f:${line}:1: ${TOO_DEEP}`]);
});

test('brackets and dots that nest nothing are passed over', () => {
  const brackets = '[{'.repeat(MANY);
  const toml = [
    `# ${brackets}`,
    `a = "${brackets}\\""`,
    `b = '${brackets}'`,
    `c = """\n${brackets}\\"""" # "${brackets}`,
    `d = '''\n${brackets}'''`,
    `e = [ ${Array(MANY).fill('1.5').join(', ')} ]`,
    `f = "${'a.'.repeat(MANY)}"`,
  ].join('\n');
  expect(scanNesting(toml, 'toml')).toEqual({ open: [] });
  expect(scanNesting(JSON.stringify({ a: `${brackets}\\"'#`, b: [[]] }), 'json')).toEqual({ open: [] });
});

test('as deep as allowed is allowed', () => {
  const deep = `x = ${'['.repeat(DEEPEST)}${']'.repeat(DEEPEST)}`;
  expect(parseDocument('f', deep, 'toml').issues).toEqual([]);
});

test.each<[string, string[]]>([
  [
    'debug = 0\n\n[[vrouter]\ngroup = 1\n',
    ['f:3:1: not valid TOML: the table header is not closed: it ends with ]]'],
  ],
  [
    'debug = 0\n[api\n# a\n\nhost = "x"\n',
    ['f:2:1: not valid TOML: the table header is not closed: it ends with ]'],
  ],
  ['[[vrouter\ngroup = 1\n', ['f:1:1: not valid TOML: the table header is not closed: it ends with ]]']],
  ['[[vrouter]\n', ['f:1:1: not valid TOML: the table header is not closed: it ends with ]]']],
])('a header that is not closed is reported at its own line: %j', (text, expected) => {
  expect(faults(text, 'toml')).toEqual(expected);
});

test('an array that is not closed is named where the parser gives up', () => {
  expect(faults('[api]\nusers = [\n  "a",\n\n[[vrouter]]\ngroup = 1\n', 'toml')).toEqual([
    expect.stringMatching(/^f:5:3: not valid TOML: .*; the \[ in line 2 is still open here$/),
  ]);
});
