import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatIssue, hasErrors } from './issues.ts';
import { loadConfig } from './load.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rvrrpd-load-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Writes a file below the test's folder. */
function put(name: string, content: string): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

const GOOD = '[[vrouter]]\ngroup = 1\ninterface = "eth0"\nvip = "10.0.0.1"\n';
const GOOD_JSON = '{ "vrouter": [{ "group": 1, "interface": "eth0", "vip": "10.0.0.1" }] }';

describe("the guide's sample", () => {
  const expected = JSON.parse(readFileSync(fixture('sample.expected.json'), 'utf8')) as {
    virtualRouters: object[];
  };

  test.each([
    ['sample.toml', 8, 30],
    ['sample.json', 11, 41],
  ])('%s', async (name, routerLine, userLine) => {
    const file = fixture(name);
    const { config, issues } = await loadConfig(file);
    expect(config).toEqual({
      ...expected,
      file,
      virtualRouters: [{ ...expected.virtualRouters[0], position: { file, line: routerLine } }],
    });
    // its user's hash is abbreviated in the guide: a warning, so that the sample starts unmodified
    expect(issues.map((issue) => [issue.severity, formatIssue(issue)])).toEqual([
      [
        'warning',
        `${file}:${userLine}: api.users[0] = "{{SHA256}}admin:…": this user is ignored: the line must be ` +
          '{{ALG}}name:level:salt:hash, with a hash of 16 to 256 characters, as rvrrpd-pw prints it',
      ],
    ]);
  });
});

describe('format', () => {
  test.each([
    ['x.conf', GOOD, undefined],
    ['x.conf', GOOD_JSON, undefined],
    ['x.conf', `\n \t${GOOD_JSON}`, undefined],
    ['x.json.conf', GOOD_JSON, undefined],
    ['x.toml', GOOD, undefined],
    ['x.json', GOOD_JSON, undefined],
    ['x.json', GOOD, 'toml'],
    ['x.toml', GOOD_JSON, 'json'],
    ['x', GOOD, undefined],
    ['x.anything', GOOD, undefined],
    ['package.json', GOOD_JSON, undefined], // cosmiconfig would look for a field in it
    ['x.conf', `\uFEFF${GOOD}`, undefined],
    ['x.conf', `\uFEFF${GOOD_JSON}`, undefined],
    ['x.conf', GOOD.replaceAll('\n', '\r\n'), undefined],
  ] as const)('%s %#', async (name, content, format) => {
    const { config, issues } = await loadConfig(put(name, content), format);
    expect(issues).toEqual([]);
    expect(config?.virtualRouters[0]).toMatchObject({ vrid: 1, addresses: ['10.0.0.1'] });
  });

  test('a wrong -g is a syntax error, not a guess', async () => {
    const file = put('x.conf', GOOD);
    const { issues } = await loadConfig(file, 'json');
    expect(issues.map(formatIssue)).toEqual([
      expect.stringContaining(`${file}:1:3: not valid JSON: invalid symbol`),
    ]);
  });
});

describe('search', () => {
  test('the first of the two places', async () => {
    const first = put('rvrrpd.conf', GOOD);
    put('rvrrpd/rvrrpd.conf', GOOD.replace('1', '2'));
    expect((await loadConfig(undefined, undefined, folder)).config?.file).toBe(first);
  });

  test('the second, if there is no first', async () => {
    const second = put('rvrrpd/rvrrpd.conf', GOOD_JSON);
    expect((await loadConfig(undefined, undefined, folder)).config?.file).toBe(second);
  });

  test('none', async () => {
    const { issues, config } = await loadConfig(undefined, undefined, folder);
    expect(config).toBeUndefined();
    expect(issues.map(formatIssue)).toEqual([
      `${folder}/rvrrpd.conf: no configuration: looked for ${folder}/rvrrpd.conf and ` +
        `${folder}/rvrrpd/rvrrpd.conf; name one with -c FILE`,
    ]);
  });

  test('one that is a directory does not pass for none', async () => {
    mkdirSync(join(folder, 'rvrrpd.conf'));
    const { issues } = await loadConfig(undefined, undefined, folder);
    expect(issues.map(formatIssue)).toEqual([`${folder}/rvrrpd.conf: is a directory`]);
  });

  test('an empty first place is not passed over', async () => {
    const first = put('rvrrpd.conf', '\n');
    put('rvrrpd/rvrrpd.conf', GOOD);
    const { issues } = await loadConfig(undefined, undefined, folder);
    expect(issues.map(formatIssue)).toEqual([
      `${first}:1: vrouter: is missing: there must be one [[vrouter]] at least`,
    ]);
  });
});

describe('files that cannot be read', () => {
  test('missing', async () => {
    const file = join(folder, 'x.conf');
    const { issues } = await loadConfig(file);
    expect(hasErrors(issues)).toBe(true);
    expect(issues.map(formatIssue)).toEqual([
      `${file}: there is no such file: name the configuration with -c FILE`,
    ]);
  });

  test('a directory', async () => {
    const { issues } = await loadConfig(folder);
    expect(issues.map(formatIssue)).toEqual([
      `${folder}: is a directory: name the configuration file itself with -c FILE`,
    ]);
  });
});

test('a relative path is taken from the working directory', async () => {
  const before = process.cwd();
  const file = put('x.conf', GOOD);
  process.chdir(folder);
  try {
    expect((await loadConfig('x.conf')).config?.file).toBe(file);
    expect(process.cwd()).toBe(folder);
  } finally {
    process.chdir(before);
  }
});

describe("cosmiconfig's own configuration in the working directory", () => {
  const before = process.cwd();
  afterEach(() => process.chdir(before));

  test('is not run', async () => {
    const marker = join(folder, 'it-ran');
    const code = `require('node:fs').writeFileSync(${JSON.stringify(marker)}, ''); module.exports = {};`;
    put('.config/config.js', code);
    const file = put('rvrrpd.conf', GOOD);
    process.chdir(folder);
    expect((await loadConfig(undefined, undefined, folder)).config?.file).toBe(file);
    await new Promise((resolve) => setTimeout(resolve, 50)); // it would be imported asynchronously
    expect(existsSync(marker)).toBe(false);
  });

  test('does not say where to look', async () => {
    put('.config/config.json', '{ "cosmiconfig": { "searchPlaces": ["evil.conf"] } }');
    put('evil.conf', GOOD.replace('eth0', 'evil0'));
    const file = put('rvrrpd.conf', GOOD);
    process.chdir(folder);
    expect((await loadConfig(undefined, undefined, folder)).config?.file).toBe(file);
  });
});

test('a file does not import another one', async () => {
  const other = put('other.conf', GOOD);
  const file = put('x.conf', `"$import" = ${JSON.stringify(other)}\n${GOOD}`);
  const { issues } = await loadConfig(file);
  expect(issues.map(formatIssue)).toEqual([
    expect.stringContaining(`${file}:1: "$import": unknown directive`),
  ]);
});

test('thousands of virtual routers', async () => {
  const tables = Array.from(
    { length: 4000 },
    (_, index) =>
      `[[vrouter]]\ngroup = ${(index % 250) + 1}\ninterface = "veth${Math.floor(index / 250)}"\n` +
      `vip = "10.${Math.floor(index / 250)}.${index % 250}.1"\ntimers = { advert = 1 }\n`,
  );
  const { config, issues } = await loadConfig(put('x.conf', tables.join('')));
  expect(issues).toEqual([]);
  expect(config?.virtualRouters.length).toBe(4000);
  expect(config?.virtualRouters[3999]?.position.line).toBe(3999 * 5 + 1);
});
