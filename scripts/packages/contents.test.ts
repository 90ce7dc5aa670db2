import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { npmPack } from './npm.ts';
import { manifestIn, ROOT, workspacePackages } from './workspace.ts';

// What `npm publish` would take of each folder; what is built need not be there for that.

const packages = workspacePackages();
const listings = npmPack(packages.map(({ folder }) => path.join(ROOT, folder)));

/** Paths in a package that no build makes. */
async function written(folder: string): Promise<string[]> {
  const index = packages.findIndex((each) => each.folder === folder);
  return (await listings)
    [index]!.files.map((file) => file.path)
    .filter((name) => !/^dist\/|prebuilds\//.test(name));
}

test('each comes after what it depends on', () => {
  const names = packages.map(({ manifest }) => manifest.name);
  for (const [index, { manifest }] of packages.entries()) {
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      expect(names.indexOf(name)).toBeLessThan(index);
    }
  }
  expect(names.at(-1)).toBe('rvrrpd');
});

describe('the package rvrrpd', () => {
  test('has what its users read and start from, and nothing else', async () => {
    const files = await written('');
    for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json', 'docs/configuration.md']) {
      expect(files).toContain(file);
    }
    for (const file of ['package.json', 'README.md', 'index.js', 'tsconfig.json', 'test/plugin.test.js']) {
      expect(files).toContain(`templates/plugin-auth/${file}`);
    }
    const elsewhere = files.filter((file) => !/^(?:docs|templates|packaging)\//.test(file));
    expect(elsewhere.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
    expect(files.filter((file) => file.startsWith('packaging/debian'))).toEqual([]);
  });

  test('depends on every plugin of this repository, and installs without a script', () => {
    const { dependencies, scripts } = manifestIn('') as ReturnType<typeof manifestIn> & {
      scripts: Record<string, string>;
    };
    const plugins = packages
      .filter(({ manifest }) => manifest.rvrrpd !== undefined)
      .map(({ manifest }) => manifest.name);
    expect(Object.keys(dependencies ?? {}).filter((name) => name.startsWith('rvrrpd-plugin-'))).toEqual(
      plugins.sort(),
    );
    for (const each of packages) {
      const own = (each.manifest.scripts ?? {}) as Record<string, string>;
      for (const hook of ['preinstall', 'install', 'postinstall', 'prepare'])
        expect(own[hook]).toBeUndefined();
      expect(existsSync(path.join(ROOT, each.folder, 'binding.gyp')) && each.manifest.gypfile !== false).toBe(
        false,
      );
    }
    expect(scripts['pack:all']).toBeDefined();
  });
});

describe.each(packages.filter(({ folder }) => folder !== ''))('$manifest.name', ({ folder, manifest }) => {
  test('has its README and what its manifest names, no sources and no tests', async () => {
    const files = await written(folder);
    const { optionsSchema, configSchema } = (manifest.rvrrpd ?? {}) as Record<string, string | undefined>;
    const schemas = [optionsSchema, configSchema].flatMap((schema) =>
      schema ? [schema.replace(/^\.\//, '')] : [],
    );
    expect(files.sort()).toEqual(['README.md', 'package.json', ...schemas].sort());
  });
});
