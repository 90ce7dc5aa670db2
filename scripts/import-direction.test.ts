import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { coreFiles } from './core-names.ts';
import { findCircles, findClimbers, type Imports, readImports, readRooms } from './import-direction.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Tests may look into any room. */
const isTest = (file: string): boolean => /\.test\.ts$|\/test\/|\/test-[^/]*\.ts$/.test(file);

describe('the core', () => {
  const rooms = readRooms(readFileSync(`${root}docs/architecture.md`, 'utf8'));
  const files = coreFiles(`${root}core`)
    .map((file) => relative(root, file))
    .filter((file) => file.endsWith('.ts') && !isTest(file))
    .map((file) => readImports(root, file));

  test('has rooms and files', () => {
    expect(rooms.flat()).toContain('core/vrrp');
    expect(files.length).toBeGreaterThan(150);
    expect(files.reduce((sum, { imports }) => sum + imports.length, 0)).toBeGreaterThan(500);
  });

  test('imports downwards only', () => {
    expect(findClimbers(rooms, files)).toEqual([]);
  });

  test('has no circles of imports', () => {
    // The contracts are types alone: the kinds of plugins are made of them, and manifests tell of a kind.
    const behaving = files.filter(({ file }) => !file.startsWith('core/plugin/contracts/'));
    expect(findCircles(behaving)).toEqual([]);
  });
});

const ROOMS = readRooms(`# x

## Direction of imports

Words.

\`\`\`
core/top                 the top
core/left, core/right    beside each other
core/low/inner           below
core/low
\`\`\`

## Other
`);

function imports(file: string, ...paths: string[]): Imports {
  return { file, imports: paths.map((path, index) => ({ path, line: index + 1 })) };
}

test('rooms are read from the document', () => {
  expect(ROOMS).toEqual([['core/top'], ['core/left', 'core/right'], ['core/low/inner'], ['core/low']]);
  expect(() => readRooms('## Folders\n')).toThrow('no block of code');
});

test.each([
  ['upwards', 'core/left/a.ts', 'core/top/b.ts', 'core/left must not import from core/top'],
  ['sideways', 'core/left/a.ts', 'core/right/b.ts', 'core/left must not import from core/right'],
  [
    'into a room above its own',
    'core/low/a.ts',
    'core/low/inner/b.ts',
    'core/low must not import from core/low/inner',
  ],
  ['out of the core', 'core/low/a.ts', 'plugins/x/b.ts', 'core/low must not import from plugins/x/b.ts'],
])('an import %s is found', (_, from, to, message) => {
  expect(findClimbers(ROOMS, [imports(from, 'core/low/z.ts', to)])).toContain(`${from}:2: ${message}`);
});

test('imports downwards and within a room are none', () => {
  const fine = [
    imports('core/top/a.ts', 'core/left/b.ts', 'core/low/c.ts', 'core/low/inner/d.ts', 'core/top/e.ts'),
    imports('core/low/inner/a.ts', 'core/low/b.ts'),
  ];
  expect(findClimbers(ROOMS, fine)).toEqual([]);
});

test('a file in no room is found', () => {
  expect(findClimbers(ROOMS, [imports('core/new/a.ts')])).toEqual([
    'core/new/a.ts: in no room of docs/architecture.md',
  ]);
});

test('a circle is found once', () => {
  const files = [
    imports('a.ts', 'b.ts'),
    imports('b.ts', 'c.ts', 'd.ts'),
    imports('c.ts', 'a.ts'),
    imports('d.ts'),
  ];
  expect(findCircles(files)).toEqual(['a.ts -> b.ts -> c.ts -> a.ts']);
  expect(findCircles(files.slice(1))).toEqual([]);
});

test('types, re-exports and import() are read, other strings are not', () => {
  const { imports: found } = readImports(root, 'scripts/import-direction.test.ts');
  expect(found.map(({ path }) => path)).toEqual(['scripts/core-names.ts', 'scripts/import-direction.ts']);
  const { imports: more } = readImports(root, 'core/plugin/index.ts');
  expect(more.map(({ path }) => path)).toContain('core/plugin/contracts/index.ts');
});
