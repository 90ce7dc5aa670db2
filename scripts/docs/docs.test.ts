import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { SchemaNode } from '../../core/config/schema.ts';
import { configurationDocument, outputs, root } from './outputs.ts';
import { fileSections, gaps, pluginNames, sections } from './sections.ts';

const generated = outputs();

test.each([...generated.keys()])('%s is up to date', (file) => {
  const there = existsSync(`${root}${file}`) ? readFileSync(`${root}${file}`, 'utf8') : undefined;
  expect(there, 'run "npm run docs", and commit what it writes').toBe(generated.get(file));
});

test('every directive has a description, says what it may be, and what holds without it', () => {
  expect(gaps(sections())).toEqual([]);
});

test('a directive without any of these is found', () => {
  const schema: SchemaNode = {
    properties: {
      bare: { type: 'string' },
      whole: { type: 'string', description: 'A thing. Default: another one. Or so.', expected: 'a thing' },
      list: {
        type: 'array',
        items: { type: 'object', properties: { inner: { type: 'boolean' } } },
        description: 'A.',
      },
    },
  };
  expect(gaps(fileSections(schema))).toEqual([
    'the configuration (general): bare has no description',
    'the configuration (general): bare does not say what its value may be ("expected")',
    'the configuration (general): bare has no default: its description must say "Default: …."',
    '[[list]] (list): inner has no description',
    '[[list]] (list): inner has no default: its description must say "Default: …."',
  ]);
  const [general] = fileSections(schema);
  expect(general?.directives[1]).toEqual({
    name: 'whole',
    values: 'thing',
    fallback: 'another one',
    text: 'A thing. Or so.',
  });
});

test('the reference and its manual page have every directive, and every name of a built-in plugin', () => {
  const page = generated.get('packaging/man/rvrrpd.conf.5')!.replaceAll('\\-', '-').replaceAll('\\(aq', "'");
  const reference = generated.get('docs/configuration.md')!;
  const names = [
    ...sections().flatMap(({ directives }) => directives.map(({ name }) => name)),
    ...pluginNames().map(({ name }) => name),
  ];
  expect(names.length).toBeGreaterThan(60);
  expect(names.filter((name) => !reference.includes(`\`${name}\``))).toEqual([]);
  expect(names.filter((name) => !page.includes(`\\fB${name}\\fR`))).toEqual([]);
});

test('a table that the reference has no place for is there all the same', () => {
  const schema: SchemaNode = {
    properties: {
      news: {
        type: 'array',
        description: 'News.',
        items: {
          type: 'object',
          required: ['paper'],
          properties: { paper: { type: 'string', description: 'Which one.', expected: 'a name' } },
        },
      },
    },
  };
  const document = '# R\n\n<!-- generated: other tables -->\nold\n<!-- end -->\n';
  const made = configurationDocument(document, fileSections(schema), []);
  expect(made).toContain('### `[[news]]`\n\nNews.');
  expect(made).toContain('| `paper` | name | required | Which one. |');
  expect(made).not.toContain('old');
});

test('a marker of nothing is told', () => {
  const document = '<!-- generated: nothing -->\n<!-- end -->';
  expect(() => configurationDocument(document, [], [])).toThrow('there is no section "nothing"');
});
