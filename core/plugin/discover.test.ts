import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { interpret } from '../config/interpret.ts';
import { formatIssue } from '../config/issues.ts';
import { OutsideValues } from '../config/outside-values.ts';
import { parseDocument } from '../config/parse.ts';
import { packageRoot } from '../shared/package-root.ts';
import { discoverPlugins, type PluginConfiguration } from './discover.ts';
import { TestPackages } from './test-packages.ts';

let packages: TestPackages;
beforeEach(() => {
  packages = new TestPackages();
});
afterEach(() => {
  packages.remove();
});

/** A configuration with this `[plugins]` table, in a file `rvrrpd.conf` of `folder`. */
function configuration(plugins: string, folder = packages.folder): PluginConfiguration {
  const { document } = parseDocument(`${folder}/rvrrpd.conf`, `[plugins]\n${plugins}\n`);
  return { document: document!, plugins: interpret(document!).plugins };
}

/** What is found, and what is wrong, with the temporary folder left out. */
function discover(plugins?: string, root = packages.folder) {
  const found = discoverPlugins(plugins === undefined ? undefined : configuration(plugins), root);
  return {
    plugins: found.plugins,
    names: found.plugins.map(({ resolved }) => `${resolved.package} ${resolved.version}`),
    issues: found.issues.map((issue) => formatIssue(issue).replaceAll(packages.folder, '')),
  };
}

describe('built-in plugins', () => {
  test('may be of any name; what is wrong with a dependency that is none is not our business', () => {
    packages.root('odd-name', 'torn');
    packages.plugin('odd-name', { kind: 'auth', names: ['one'] });
    packages.file('node_modules/torn/package.json', '{');
    expect(discover()).toMatchObject({ names: ['odd-name 1.0.0'], issues: [] });
  });

  test('are the dependencies that have a manifest', () => {
    packages.root('rvrrpd-plugin-one', 'left-pad', 'not-installed', '@scope/rvrrpd-plugin-two');
    packages.plugin('rvrrpd-plugin-one', { kind: 'auth', names: ['one'] });
    packages.plugin('@scope/rvrrpd-plugin-two', {
      kind: 'netdrv',
      names: ['two', 'zwei'],
      default: true,
      provides: ['links'],
    });
    packages.plugin('rvrrpd-plugin-stranger', { kind: 'auth', names: ['stranger'] });
    packages.package('node_modules/left-pad', 'left-pad', {});
    const { plugins, issues } = discover();
    expect(issues).toEqual([]);
    expect(plugins).toEqual([
      {
        resolved: {
          package: 'rvrrpd-plugin-one',
          version: '1.0.0',
          kind: 'auth',
          names: ['one'],
          default: false,
          provides: [],
          needs: [],
          entry: `${packages.folder}/node_modules/rvrrpd-plugin-one/index.js`,
          options: {},
        },
        folder: `${packages.folder}/node_modules/rvrrpd-plugin-one`,
      },
      {
        resolved: {
          package: '@scope/rvrrpd-plugin-two',
          version: '1.0.0',
          kind: 'netdrv',
          names: ['two', 'zwei'],
          default: true,
          provides: ['links'],
          needs: [],
          entry: `${packages.folder}/node_modules/@scope/rvrrpd-plugin-two/index.js`,
          options: {},
        },
        folder: `${packages.folder}/node_modules/@scope/rvrrpd-plugin-two`,
      },
    ]);
    expect(structuredClone(plugins)).toEqual(plugins); // it goes to the workers
  });

  test('may be hoisted above the package', () => {
    packages.package('node_modules/rvrrpd', 'rvrrpd', { dependencies: { 'rvrrpd-plugin-one': '^1.0.0' } });
    packages.plugin('rvrrpd-plugin-one', { kind: 'auth', names: ['one'] });
    expect(discover(undefined, `${packages.folder}/node_modules/rvrrpd`).names).toEqual([
      'rvrrpd-plugin-one 1.0.0',
    ]);
  });

  test('that are missing or broken say so, all of them', () => {
    packages.root(
      'rvrrpd-plugin-gone',
      'rvrrpd-plugin-old',
      'rvrrpd-plugin-mute',
      'rvrrpd-plugin-torn',
      'good',
    );
    packages.plugin('rvrrpd-plugin-old', { api: '^0.1.0', kind: 'auth', names: ['x'] });
    packages.plugin('rvrrpd-plugin-mute', { kind: 'auth', names: ['x'] }, { exports: { './x': './x.js' } });
    packages.file('node_modules/rvrrpd-plugin-torn/package.json', '{');
    packages.plugin('good', { kind: 'auth', names: ['x'] });
    const { names, issues } = discover();
    expect(names).toEqual(['good 1.0.0']);
    expect(issues).toEqual([
      '/package.json: the built-in plugin rvrrpd-plugin-gone is not installed: reinstall rvrrpd',
      '/node_modules/rvrrpd-plugin-old/package.json:6: rvrrpd.api = "^0.1.0": this rvrrpd has plugin API 1.1.0, ' +
        "which is not in the plugin's range: install a newer version of the plugin (plugin rvrrpd-plugin-old 1.0.0)",
      '/node_modules/rvrrpd-plugin-mute/package.json: plugin rvrrpd-plugin-mute 1.0.0 exports no module: its ' +
        '"exports" has no "." that can be imported',
      '/node_modules/rvrrpd-plugin-torn/package.json: not valid JSON: close brace expected: reinstall rvrrpd',
    ]);
  });

  test('an installation without package.json', () => {
    expect(discover().issues).toEqual(['/package.json: there is no such file: reinstall rvrrpd']);
  });

  test('of this checkout are all found, whole, and of the current API', () => {
    const { plugins, issues } = discoverPlugins();
    expect(issues).toEqual([]);
    const kinds = new Set(plugins.map(({ resolved }) => resolved.kind));
    for (const kind of ['auth', 'filter', 'netdrv', 'iftype', 'protocol'] as const)
      expect(kinds).toContain(kind);
    const own = JSON.parse(readFileSync(`${packageRoot()}/package.json`, 'utf8')) as { dependencies: object };
    const expected = Object.keys(own.dependencies).filter((name) => name.startsWith('rvrrpd-plugin-'));
    expect(plugins.map(({ resolved }) => resolved.package)).toEqual(expected);
    for (const { resolved } of plugins)
      expect(dirname(resolved.entry)).toBe(`${root(resolved.package)}/dist`);
    expect(plugins.find(({ resolved }) => resolved.kind === 'protocol')?.configSchema).toBeDefined();
  });
});

/** Where the workspace has the source of a package. */
function root(name: string): string {
  return `${packageRoot()}/plugins/${name.replace('rvrrpd-plugin-', '')}`;
}

describe('[plugins]', () => {
  beforeEach(() => {
    packages.root('rvrrpd-plugin-one');
    packages.plugin('rvrrpd-plugin-one', { kind: 'auth', names: ['one'] });
  });

  test('adds a package, before the built-in ones', () => {
    packages.plugin('rvrrpd-plugin-extra', { kind: 'auth', names: ['extra'] }, { version: '1.4.0' });
    const { names, plugins, issues } = discover('"rvrrpd-plugin-extra" = "^1.2"');
    expect(issues).toEqual([]);
    expect(names).toEqual(['rvrrpd-plugin-extra 1.4.0', 'rvrrpd-plugin-one 1.0.0']);
    expect(plugins[0]?.path).toEqual(['plugins', 'rvrrpd-plugin-extra']);
  });

  test('adds a folder, relative to the configuration file', () => {
    packages.package('plugins/mine', 'whatever', {
      main: 'lib/main.js',
      rvrrpd: { api: '1', kind: 'auth', names: ['mine'] },
    });
    const { plugins, issues } = discover('"./plugins/mine" = {}');
    expect(issues).toEqual([]);
    expect(plugins[0]?.resolved.entry).toBe(`${packages.folder}/plugins/mine/lib/main.js`);
  });

  test("looks from the configuration file's folder first, then from the installation", () => {
    packages.package('etc/node_modules/rvrrpd-plugin-one', 'rvrrpd-plugin-one', {
      version: '1.9.0',
      rvrrpd: { api: '1', kind: 'auth', names: ['one'] },
    });
    const from = (folder: string) =>
      discoverPlugins(configuration('"rvrrpd-plugin-one" = "*"', folder), packages.folder).plugins.map(
        ({ resolved }) => resolved.version,
      );
    expect(from(`${packages.folder}/etc`)).toEqual(['1.9.0']); // in place of the built-in one, not beside it
    expect(from('/nowhere')).toEqual(['1.0.0']);
  });

  test.each([
    [
      '"rvrrpd-plugin-none" = "^1"',
      ' = "^1": is not installed: run "npm install rvrrpd-plugin-none" in , or remove this entry',
    ],
    [
      '"rvrrpd-plugin-one" = "^2"',
      ' = "^2": version 1.0.0 is installed in /node_modules/rvrrpd-plugin-one: install a version of ' +
        'rvrrpd-plugin-one that fits ^2, or change the range',
    ],
    [
      '"rvrrpd-plugin-left" = "*"',
      ' = "*": rvrrpd-plugin-left 1.0.0 is not a plugin: its package.json has no "rvrrpd" field',
    ],
    ['"./nowhere" = "*"', ' = "*": /nowhere/package.json: there is no such file'],
    ['"./odd" = {}', ': /odd/package.json: must have a "name" and a semver "version"'],
    [
      '"rvrrpd-plugin-one" = { options = { x = 1 } }',
      '.options.x: unknown directive (plugin rvrrpd-plugin-one 1.0.0)',
    ],
  ])('%s', (line, complaint) => {
    packages.package('node_modules/rvrrpd-plugin-left', 'rvrrpd-plugin-left', {});
    packages.package('odd', 'odd', { version: 'new' });
    const name = line.split('"')[1]!;
    const shown = /[./]/.test(name) ? `"${name}"` : name;
    expect(discover(line).issues).toEqual([`/rvrrpd.conf:2: plugins.${shown}${complaint}`]);
  });

  test('the same plugin twice', () => {
    expect(discover('"rvrrpd-plugin-one" = "*"\n"./node_modules/rvrrpd-plugin-one" = "*"').issues).toEqual([
      '/rvrrpd.conf:3: plugins."./node_modules/rvrrpd-plugin-one" = "*": is the same plugin as ' +
        'plugins.rvrrpd-plugin-one: remove one of the two',
    ]);
  });

  describe('options', () => {
    beforeEach(() => {
      packages.plugin('rvrrpd-plugin-choosy', {
        kind: 'auth',
        names: ['choosy'],
        optionsSchema: 'options.schema.json',
      });
      packages.file(
        'node_modules/rvrrpd-plugin-choosy/options.schema.json',
        JSON.stringify({
          $id: 'https://example.com/options', // the same for every load: it must not clash with itself
          type: 'object',
          additionalProperties: false,
          properties: {
            level: { type: 'integer', maximum: 9, default: 3, description: 'How much.' },
            key: { type: 'string', minLength: 8, writeOnly: true, expected: 'at least 8 characters' },
          },
        }),
      );
    });

    test('are validated and completed', () => {
      const { plugins, issues } = discover('"rvrrpd-plugin-choosy" = { options = { key = "12345678" } }');
      expect(issues).toEqual([]);
      expect(plugins[0]?.resolved.options).toEqual({ key: '12345678', level: 3 });
    });

    test('have defaults without an entry, too', () => {
      packages.root('rvrrpd-plugin-choosy');
      expect(discover().plugins[0]?.resolved.options).toEqual({ level: 3 });
    });

    test('that are wrong are reported with their line; secrets are not shown', () => {
      const text = '[plugins."rvrrpd-plugin-choosy".options]\nlevel = 10\nkey = "geheim"\nlevle = 1';
      const { document } = parseDocument(`${packages.folder}/rvrrpd.conf`, text);
      const found = discoverPlugins(
        { document: document!, plugins: interpret(document!).plugins },
        packages.folder,
      );
      expect(found.issues.map((issue) => formatIssue(issue).replaceAll(packages.folder, '')).sort()).toEqual([
        '/rvrrpd.conf:2: plugins.rvrrpd-plugin-choosy.options.level = 10: must be <= 9 (How much.) (plugin ' +
          'rvrrpd-plugin-choosy 1.0.0)',
        '/rvrrpd.conf:3: plugins.rvrrpd-plugin-choosy.options.key: must be at least 8 characters (plugin ' +
          'rvrrpd-plugin-choosy 1.0.0)',
        '/rvrrpd.conf:4: plugins.rvrrpd-plugin-choosy.options.levle: unknown directive, did you mean "level"? ' +
          '(plugin rvrrpd-plugin-choosy 1.0.0)',
      ]);
    });

    test('have secrets that stand elsewhere', () => {
      const text = (key: string) => `[plugins."rvrrpd-plugin-choosy".options]\nkey = { env = "${key}" }`;
      const outside = new OutsideValues(
        new Map([
          ['env GOOD', { text: '12345678' }],
          ['env SHORT', { text: 'geheim' }],
          ['env NONE', { fault: 'is not there' }],
        ]),
      );
      const found = (key: string) => {
        const parsed = parseDocument(`${packages.folder}/rvrrpd.conf`, text(key)).document!;
        const document = { ...parsed, outside };
        return discoverPlugins({ document, plugins: interpret(document).plugins }, packages.folder);
      };
      expect(found('GOOD').plugins[0]?.resolved.options).toEqual({ key: '12345678', level: 3 });
      expect(found('GOOD').issues).toEqual([]);
      const messages = ['SHORT', 'NONE'].map((key) => found(key).issues.map(formatIssue));
      const place = `${packages.folder}/rvrrpd.conf:2: plugins.rvrrpd-plugin-choosy.options.key`;
      expect(messages).toEqual([
        [`${place} = { env = "SHORT" }: must be at least 8 characters (plugin rvrrpd-plugin-choosy 1.0.0)`],
        [`${place} = { env = "NONE" }: is not there (plugin rvrrpd-plugin-choosy 1.0.0)`],
      ]);
    });

    test.each([
      ['missing.json', 'there is no such file'],
      ['../rvrrpd-plugin-one/package.json', 'must be a file of the package'],
      ['/etc/hostname', 'must be a file of the package'],
      ['torn.json', 'is not a JSON Schema: '],
      ['odd.json', 'is not a JSON Schema: '],
    ])('schema %s', (path, complaint) => {
      packages.plugin('rvrrpd-plugin-choosy', { kind: 'auth', names: ['choosy'], optionsSchema: path });
      packages.file('node_modules/rvrrpd-plugin-choosy/torn.json', '{');
      packages.file('node_modules/rvrrpd-plugin-choosy/odd.json', '{ "type": "colour" }');
      const { issues } = discover('"rvrrpd-plugin-choosy" = "*"');
      expect(issues).toHaveLength(1);
      expect(issues[0]).toContain(
        `/node_modules/rvrrpd-plugin-choosy/package.json:11: rvrrpd.optionsSchema = "${path}": ${complaint}`,
      );
      expect(issues[0]).toContain('(plugin rvrrpd-plugin-choosy 1.0.0: reinstall it, or tell its author)');
    });
  });
});
