import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { packageFingerprint } from './fingerprint.ts';
import { TestPackages } from './test-packages.ts';

const packages = new TestPackages();
afterEach(() => packages.remove());

test('changes with every file of the package, and with nothing else', () => {
  const folder = join(packages.folder, 'p');
  const file = packages.file('p/dist/index.js', 'export default 1');
  packages.file('p/package.json', '{}');
  const seen = [packageFingerprint(folder)];
  const same = (): void => expect(packageFingerprint(folder)).toBe(seen.at(-1));
  const changed = (): void => {
    const now = packageFingerprint(folder);
    expect(seen).not.toContain(now);
    seen.push(now);
  };
  same();
  packages.file('p/node_modules/x/index.js', '1');
  packages.file('p/.git/index', '1');
  mkdirSync(join(folder, 'empty'));
  same();
  writeFileSync(file, 'export default 22');
  changed();
  utimesSync(file, 1, 1);
  changed();
  renameSync(file, join(folder, 'dist/main.js'));
  changed();
  packages.file('p/dist/other.js', '');
  changed();
  rmSync(join(folder, 'dist/other.js'));
  expect(packageFingerprint(folder)).toBe(seen.at(-2));
});
