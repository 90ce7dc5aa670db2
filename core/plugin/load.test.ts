import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';
import type { AuthPlugin } from './contracts/index.ts';
import { loadPlugin, PluginError } from './load.ts';
import { TestPackages } from './test-packages.ts';

let packages: TestPackages;
beforeEach(() => {
  packages = new TestPackages();
});
afterEach(() => {
  packages.remove();
});

/** A plugin of kind auth whose module has this code. */
function plugin(code?: string, kind: ResolvedPlugin['kind'] = 'auth'): ResolvedPlugin {
  const entry = code === undefined ? `${packages.folder}/none.mjs` : packages.file('index.mjs', code);
  return {
    package: 'rvrrpd-plugin-x',
    version: '1.2.3',
    kind,
    names: ['x'],
    default: false,
    provides: [],
    needs: [],
    entry,
    options: {},
  };
}

async function fault(broken: ResolvedPlugin): Promise<string> {
  const error: unknown = await loadPlugin(broken, 'auth').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PluginError);
  return (error as PluginError).message.replaceAll(packages.folder, '');
}

test('a plugin that keeps its contract', async () => {
  const contract = await loadPlugin(
    plugin(
      'export default { kind: "auth", create: (context, secret) => ({ authType: secret.length, sign() {}, verify: () => true }) };',
    ),
    'auth',
  );
  const context = { name: 'x', options: {}, log: () => {} };
  expect((contract as AuthPlugin).create(context, new Uint8Array(5)).authType).toBe(5);
});

describe('the fault names plugin, version and remedy', () => {
  const start = 'plugin rvrrpd-plugin-x 1.2.3 (kind auth): ';

  test.each([
    ['export const x = 1;', '/index.mjs must have an object as its default export'],
    ['export default () => {};', '/index.mjs must have an object as its default export'],
    ['export default null;', '/index.mjs must have an object as its default export'],
    ['export default {};', 'its manifest says kind "auth", its default export has no kind'],
    [
      'export default { kind: "filter", create() {} };',
      'its manifest says kind "auth", its default export has kind "filter"',
    ],
    [
      'export default { kind: "auth", placement: "trailer", create() {} };',
      'its manifest says placement "data", its default export "trailer"',
    ],
    ['export default { kind: "auth" };', 'its default export must have a function "create"'],
    ['export default { kind: "auth", create: 1 };', 'its default export must have a function "create"'],
  ])('%s', async (code, message) => {
    expect(await fault(plugin(code))).toBe(`${start}${message}: install another version, or tell its author`);
  });

  test('no module: not built', async () => {
    expect(await fault(plugin())).toBe(
      `${start}its module /none.mjs does not exist: build it (npm run build) or reinstall it`,
    );
  });

  test('a module that throws', async () => {
    expect(await fault(plugin('throw new Error("libpigeon.so.3 is missing");'))).toBe(
      `${start}its module /index.mjs cannot be loaded: libpigeon.so.3 is missing: reinstall it, or tell its author`,
    );
  });

  test('a module that imports what is not installed', async () => {
    expect(await fault(plugin('import "not-installed-anywhere";'))).toMatch(
      /^plugin rvrrpd-plugin-x 1\.2\.3 \(kind auth\): its module \/index\.mjs cannot be loaded: .*not-installed-anywhere/,
    );
  });

  test('another kind than is needed', async () => {
    expect(await fault(plugin('export default {};', 'filter'))).toBe(
      'plugin rvrrpd-plugin-x 1.2.3 (kind filter): a plugin of kind auth is needed here',
    );
  });
});
