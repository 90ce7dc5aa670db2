import { expect, test } from 'vitest';
import { fileInPackage, packageEntry } from './package-files.ts';

test.each([
  [{}, '/p/index.js'],
  [{ main: 'lib/a.js' }, '/p/lib/a.js'],
  [{ main: 'lib/a.js', exports: './b.js' }, '/p/b.js'],
  [{ exports: { '.': './b.js', './package.json': './package.json' } }, '/p/b.js'],
  [{ exports: { types: './b.d.ts', default: './b.js' } }, '/p/b.js'],
  [
    { exports: { '.': { require: './b.cjs', import: { types: './b.d.ts', default: './b.mjs' } } } },
    '/p/b.mjs',
  ],
  [{ exports: { '.': { node: './n.js', import: './b.js' } } }, '/p/n.js'],
  [{ exports: { '.': { browser: './x.js' } } }, undefined],
  [{ exports: { './other': './b.js' } }, undefined],
  [{ exports: null }, undefined],
  [{ exports: '../outside.js' }, undefined],
])('the module of %j', (manifest, entry) => {
  expect(packageEntry('/p', manifest)).toBe(entry);
});

test.each([
  ['a.json', '/p/a.json'],
  ['./a/../b.json', '/p/b.json'],
  ['..a', '/p/..a'],
  ['../a', undefined],
  ['a/../../p2/x', undefined],
  ['/p/a', undefined],
])('%s in /p', (path, file) => {
  expect(fileInPackage('/p', path)).toBe(file);
});
