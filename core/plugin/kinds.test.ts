import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { KINDS, kindsOfField, PLUGIN_KINDS } from './kinds.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const THREADS = { engine: 'engine', actuator: 'actuator', service: 'a worker of its own' };

describe.each(PLUGIN_KINDS)('%s', (kind) => {
  const { thread, directive } = KINDS[kind];

  test('is in the table of docs/architecture.md, with its directive and its thread', () => {
    const document = readFileSync(`${root}docs/architecture.md`, 'utf8');
    const row = document.split('\n').find((line) => line.startsWith(`| \`${kind}\` |`));
    const [, , answers, runsIn] = row?.split('|').map((cell) => cell.trim()) ?? [];
    expect(answers).toMatch(new RegExp(`^\`\\[?${directive}\\]?\``));
    expect(runsIn).toBe(THREADS[thread]);
  });

  test('has a contract and a compliance kit', () => {
    expect(existsSync(`${root}core/plugin/contracts/${kind}.ts`)).toBe(true);
    expect(existsSync(`${root}core/plugin/compliance/${kind}.ts`)).toBe(true);
  });

  test('has a chapter in the guide for authors', () => {
    expect(readFileSync(`${root}docs/plugins.md`, 'utf8')).toMatch(new RegExp(`^#+ .*\`${kind}\``, 'm'));
  });
});

test('a field of the manifest belongs to some kinds, or to all', () => {
  expect(kindsOfField('provides')).toEqual(['netdrv']);
  expect(kindsOfField('needs')).toEqual(['iftype']);
  expect(kindsOfField('placement')).toEqual(['auth']);
  expect(kindsOfField('configSchema')).toEqual(['auth', 'protocol', 'track', 'notify']);
  for (const common of ['api', 'kind', 'names', 'default', 'optionsSchema']) {
    expect(kindsOfField(common)).toEqual([]);
  }
});
