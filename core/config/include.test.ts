import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from './index.ts';
import { formatIssue } from './issues.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-include-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
});

/** Writes files of the folder. */
function put(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
}

/** Loads the first of these files, after all were written. */
async function load(files: Readonly<Record<string, string>>) {
  put(files);
  const { config, issues } = await loadConfig(path.join(folder, Object.keys(files)[0]!));
  const text = issues.map((issue) => `${issue.severity} ${formatIssue(issue)}`.replaceAll(`${folder}/`, ''));
  return { config, text };
}

const router = (group: number, more = ''): string =>
  `[[vrouter]]\ngroup = ${group}\ninterface = "eth0"\nvip = "10.0.0.${group}"\n${more}`;

describe('files that belong to a configuration', () => {
  test('patterns are sorted, relative to the file, and need not stand for anything', async () => {
    const { config, text } = await load({
      'a.toml': `include = ["conf.d/*.toml", "none.d/*.toml", "more/v?.json", "one.toml"]\ndebug = 1\n${router(1)}`,
      'conf.d/20.toml': router(3),
      'conf.d/10.toml': `include = ["sub/x.toml"]\ntime_zone = "utc"\n${router(2)}`,
      'conf.d/.hidden.toml': router(9),
      'conf.d/other.txt': 'no toml',
      'conf.d/sub/x.toml': `main_log = "/var/log/x"\n`,
      'more/v6.json': '{ "vrouter": [{ "group": 4, "interface": "eth0", "vip": "10.0.0.4" }] }',
      'more/v10.json': '{',
      'one.toml': '[api]\nhost = "127.0.0.1:7081"\n',
    });
    expect(text).toEqual([]);
    expect(config).toMatchObject({
      ...{ debug: 1, timeZone: 'utc', mainLog: '/var/log/x', api: { host: '127.0.0.1:7081' } },
      file: path.join(folder, 'a.toml'),
    });
    expect(config?.virtualRouters.map(({ vrid }) => vrid)).toEqual([1, 2, 3, 4]);
    expect(config?.virtualRouters[1]?.position).toEqual({
      file: path.join(folder, 'conf.d/10.toml'),
      line: 3,
    });
  });

  test('tables are joined by their keys, entries of protocols one behind the other', async () => {
    const route = (to: string): string =>
      `[[protocols.static]]\nroute = "${to}"\nmask = "255.0.0.0"\nnh = "10.0.0.9"\n`;
    const { config, text } = await load({
      'a.toml': `include = ["b.toml"]\n${router(1)}[api]\ntls = false\n${route('11.0.0.0')}`,
      'b.toml': `[api]\nhost = "127.0.0.1:7081"\n${route('12.0.0.0')}`,
    });
    expect(text).toEqual([]);
    expect(config).toMatchObject({
      api: { host: '127.0.0.1:7081', tls: false },
      protocols: { static: [{ route: '11.0.0.0' }, { route: '12.0.0.0' }] },
    });
  });

  test('references are relative to the file that they are in', async () => {
    put({ 'conf.d/key': 'geheim\n', key: 'other\n' });
    const { config } = await load({
      'a.toml': `include = ["conf.d/*.toml"]\n${router(1, 'auth_type = "x"\nauth_secret = { file = "key" }\n')}`,
      'conf.d/b.toml': router(2, 'auth_type = "x"\nauth_secret = { file = "key" }\n'),
    });
    expect(config?.virtualRouters.map(({ authSecret }) => authSecret)).toEqual(['other', 'geheim']);
  });

  test('a file that two patterns stand for is there once', async () => {
    const { config, text } = await load({
      'a.toml': `include = ["conf.d/*.toml", "conf.d/1*"]\n${router(1)}`,
      'conf.d/10.toml': router(2),
    });
    expect([text, config?.virtualRouters.length]).toEqual([[], 2]);
  });
});

describe('complaints name file and line', () => {
  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    [
      'a named file that is not there',
      { 'a.toml': `include = [\n  "b.toml",\n]\n${router(1)}` },
      ['error a.toml:2: include[0] = "b.toml": b.toml is not there: no such file'],
    ],
    [
      'a directory',
      { 'a.toml': `include = ["d"]\n${router(1)}`, 'd/x': '' },
      ['error a.toml:1: include[0] = "d": d is a directory'],
    ],
    [
      'a circle',
      { 'a.toml': `include = ["b.toml"]\n${router(1)}`, 'b.toml': '\ninclude = ["*.toml"]\n' },
      [
        'error b.toml:2: include[0] = "*.toml": a.toml is a file that includes this one: files must not include each ' +
          'other in a circle',
        'error b.toml:2: include[0] = "*.toml": b.toml is itself: files must not include each other in a circle',
      ],
    ],
    [
      'a file named twice',
      { 'a.toml': `include = ["b.toml",\n"./b.toml"]\n${router(1)}`, 'b.toml': '' },
      ['error a.toml:2: include[1] = "./b.toml": is included already in a.toml:1'],
    ],
    [
      'no array, no text',
      { 'a.toml': `include = "b.toml"\n${router(1)}` },
      ['error a.toml:1: include = "b.toml": must be an array of paths and patterns: [ "conf.d/*.toml" ]'],
    ],
    [
      'the syntax of an included file',
      { 'a.toml': `include = ["b.toml"]\n${router(1)}`, 'b.toml': '\nx = = 1\n' },
      [expect.stringMatching(/^error b\.toml:2:\d+: not valid TOML: /) as string],
    ],
    [
      'a directive that is in two files',
      { 'a.toml': `include = ["b.toml"]\ndebug = 1\n${router(1)}`, 'b.toml': '\ndebug = 2\n' },
      ['error b.toml:2: debug: is set already in a.toml:2: must be in one of the two files alone'],
    ],
    [
      'a key of a table that is in two files',
      {
        'a.toml': `include = ["b.toml"]\n${router(1)}[api]\ntls = false\n`,
        'b.toml': '[api]\ntls = true\n',
      },
      ['error b.toml:2: api.tls: is set already in a.toml:7: must be in one of the two files alone'],
    ],
    [
      'values, unknown directives, virtual routers that clash',
      {
        'a.toml': `include = ["b.toml"]\n${router(1)}`,
        'b.toml': `debgu = 1\n${router(1, 'priority = 300\n').replace('10.0.0.1', '10.0.0.2')}`,
      },
      [
        'error b.toml:1: debgu: unknown directive, did you mean "debug"?',
        'error b.toml:3: vrouter[1].group = 1: is already the group of vrouter[0] (a.toml:2) on eth0: must be unique on ' +
          'an interface',
        'error b.toml:6: vrouter[1].priority = 300: must be 1 to 254',
      ],
    ],
  ])('%s', async (_, files, complaints) => {
    expect((await load(files)).text).toEqual(complaints);
  });

  test('a link to a file that includes it is a circle as well', async () => {
    put({ 'a.toml': '' });
    symlinkSync('a.toml', path.join(folder, 'b.toml'));
    const { text } = await load({ 'a.toml': `include = ["b.toml"]\n${router(1)}` });
    expect(text).toEqual([expect.stringContaining('is itself') as string]);
  });

  test('more than a few in a row, more than many', async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`${index}.toml`, `include = ["${index + 1}.toml"]\n`]),
    );
    const deep = await load({ 'a.toml': `include = ["0.toml"]\n${router(1)}`, ...chain });
    expect(deep.text).toEqual(['error 7.toml:1: include[0] = "8.toml": is the 9th in a row: 8 at most']);
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`many/${index}`, '']));
    const broad = await load({ 'a.toml': `include = ["many/*"]\n${router(1)}`, ...many });
    expect(broad.text).toEqual(['error a.toml:1: include[0] = "many/*": stands for more than 1000 files']);
  });
});

describe('values that stand elsewhere', () => {
  test('are read as what the directive wants', async () => {
    put({ priority: '150\n', vip: '10.0.0.7\n', flag: 'true', advert: ' 2 ' });
    const { config, text } = await load({
      'a.toml': `main_log = { file = "vip" }\n[[vrouter]]
group = 1
interface = { file = "vip" }
vip = [ { file = "vip" }, "10.0.0.8" ]
priority = { file = "priority" }
preemption = { file = "flag" }
version = 2
timers = { advert = { file = "advert" } }
`,
    });
    expect(text).toEqual([]);
    expect(config).toMatchObject({ mainLog: '10.0.0.7' });
    expect(config?.virtualRouters[0]).toMatchObject({
      ...{ interface: '10.0.0.7', addresses: ['10.0.0.7', '10.0.0.8'], priority: 150, preempt: true },
      advertisementIntervalCs: 200,
    });
  });

  test('are refused for what they are, the reference shown', async () => {
    put({ words: 'many\n', large: '300\n' });
    const { text } = await load({
      'a.toml': `debug = { file = "words" }\n${router(1, 'priority = { file = "large" }\nversion = { file = "words" }\n')}`,
    });
    expect(text).toEqual([
      'error a.toml:1: debug = { file = "words" }: must be 0 to 5',
      'error a.toml:6: vrouter[0].priority = { file = "large" }: must be 1 to 254',
      'error a.toml:7: vrouter[0].version = { file = "words" }: must be 2 or 3',
    ]);
  });
});
