import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Heir } from './heir.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'heir-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What is told of a process that runs this script in place of the new version. @param words where its words go */
async function epitaph(script: string, words = folder): Promise<string> {
  const file = path.join(folder, 'new-version');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  const heir = Heir.start([file], false, words);
  try {
    return (await heir.epitaph()).message;
  } finally {
    await heir.kill();
    heir.forget();
  }
}

test('how it has ended, and what it has complained of', async () => {
  expect(await epitaph('echo "it is" >&2; echo "too old" >&2; exit 7')).toBe(
    'the new process ended with code 7: it is; too old',
  );
  expect(readdirSync(folder)).toEqual(['new-version']);
});

test('of much that it has written the end is told', async () => {
  const said = await epitaph('yes noise | head -n 20000 >&2; echo "the reason" >&2; exit 1');
  expect(said).toMatch(/noise; the reason$/);
  expect(said.length).toBeLessThan(2100);
});

test('where no file can be made it is started all the same', async () => {
  const nowhere = path.join(folder, 'no', 'such', 'folder');
  expect(await epitaph('echo lost >&2; exit 7', nowhere)).toBe('the new process ended with code 7');
});

test('what is no program', async () => {
  const heir = Heir.start([folder], false, folder);
  expect((await heir.epitaph()).message).toMatch(/^the new process could not be started: .*EACCES/);
  await heir.kill();
  heir.forget();
});
