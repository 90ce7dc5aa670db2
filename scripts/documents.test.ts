import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter(
  (name) => name.endsWith('.md'),
);

/** Files that a document speaks of: in code marks, or as the target of a link. */
function filesIn(document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
  const quoted = [...text.matchAll(/`((?:[\w@.-]+\/)+[\w.-]+\.(?:ts|cc|mjs|sh))`/g)].map(([, file]) => file!);
  const linked = [...text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, file]) =>
    join(document, '..', file!),
  );
  return [...new Set([...quoted, ...linked])];
}

test.each(documents)('what %s speaks of is there', (document) => {
  const missing = filesIn(document).filter(
    (file) => ![file, `core/${file}`].some((place) => existsSync(join(root, place))),
  );
  expect(missing).toEqual([]);
});

test('documents speak of files', () => {
  expect(filesIn('docs/architecture.md').length).toBeGreaterThan(50);
});

test('README.md and `make bench` know every benchmark', () => {
  const read = (...at: string[]): string => readFileSync(join(root, ...at), 'utf8');
  // What others take something from is no program.
  const programs = readdirSync(join(root, 'bench'))
    .filter((name) => !/^export /m.test(read('bench', name)))
    .map((name) => name.replace('.ts', ''));
  const told = [...read('README.md').matchAll(/^\| `bench\/(\w+)\.ts` \|/gm)].map(([, name]) => name!);
  const made = /^BENCHES = ((?:.*\\\n)*.*)$/m.exec(read('Makefile'))![1]!.split(/[\s\\]+/);
  expect([...told].sort()).toEqual(programs.sort());
  expect([...made].sort()).toEqual(programs);
});
