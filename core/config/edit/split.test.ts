import { describe, expect, test } from 'vitest';
import type { ConfigurationChange } from '../../plugin/contracts/index.ts';
import { editTexts } from '../edit.ts';
import { loadText } from '../index.ts';
import { OutsideValues } from '../outside-values.ts';
import { add, change, refusal, remove, set } from './test-edit.ts';

const MAIN = `include = ["conf.d/*.toml"]
debug = 1

[[vrouter]]
group = 1
interface = "eth0"
vip = "10.0.0.1"
priority = 100 # main
`;
const TWO = `# two
time_zone = "utc"
[[vrouter]]
group = 2
interface = "eth0"
vip = "10.0.0.2" # its address

[[vrouter]]
group = 3
interface = "eth0"
vip = "10.0.0.3"

[api]
tls = false

[[protocols.static]] # first
route = "11.0.0.0"
mask = "255.0.0.0"
nh = "10.0.0.9"
`;
const THREE = '{ "vrouter": [ { "group": 4, "interface": "eth0", "vip": "10.0.0.4" } ] }\n';
const HOSTS = `
[host.r1]
debug = 4
accept = false
[[host.r1.vrouter]]
group = 1
priority = 200 # here
`;

interface Files {
  readonly main?: string;
  readonly two?: string;
  readonly three?: string;
}

/** Those of the files that change, after changes on host r1. */
function edited({ main = MAIN, two = TWO, three = THREE }: Files, ...changes: ConfigurationChange[]): Files {
  const texts = new Map([
    ['main', main],
    ['two', two],
    ['three', three],
  ]);
  const included = ['two', 'three'].map((file) => ({ file, text: texts.get(file)! }));
  const outside = new OutsideValues(new Map([['env P', { text: '150' }]]));
  const { document, issues } = loadText('main', main, 'toml', { included, hosts: ['r1'], outside });
  expect(issues).toEqual([]);
  const after = editTexts(document!, texts, changes);
  return Object.fromEntries([...after].filter(([file, text]) => texts.get(file) !== text));
}

describe('a change is written to the file that the value came from', () => {
  test.each<[string, readonly ConfigurationChange[], Files]>([
    ['a directive of the main file', [set('debug', 3)], { main: MAIN.replace('debug = 1', 'debug = 3') }],
    [
      'one of another file',
      [set('time_zone', 'local')],
      { two: TWO.replace('time_zone = "utc"', 'time_zone = "local"') },
    ],
    [
      'one that is new',
      [set('time_format', 'short')],
      { main: MAIN.replace('debug = 1', 'debug = 1\ntime_format = "short"') },
    ],
    ['one that goes', [set('time_zone')], { two: TWO.replace('# two\ntime_zone = "utc"\n', '') }],
    [
      'a new one of a table that another file has',
      [set('api host', '127.0.0.1:80')],
      { two: TWO.replace('tls = false', 'tls = false\nhost = "127.0.0.1:80"') },
    ],
    [
      'virtual routers of several files at once',
      [change(1, { priority: 7 }), change(3, { priority: 8 }), change(4, { priority: 9 })],
      {
        main: MAIN.replace('100 # main', '7 # main'),
        two: TWO.replace('vip = "10.0.0.3"\n', 'vip = "10.0.0.3"\npriority = 8\n'),
        three: THREE.replace('"10.0.0.4"', '"10.0.0.4", "priority": 9'),
      },
    ],
    [
      'a virtual router that goes, another that is new',
      [remove(2), add({ group: 9, interface: 'eth0', vip: '10.0.0.9' })],
      {
        main: `${MAIN}\n[[vrouter]]\ngroup = 9\ninterface = "eth0"\nvip = "10.0.0.9"\n`,
        two: TWO.replace(/\[\[vrouter\]\]\ngroup = 2[\s\S]*?\n\n/, '\n'),
      },
    ],
    ['the last virtual router of a file', [remove(4)], { three: '{}\n' }],
  ])('%s', (_, changes, expected) => {
    expect(edited({}, ...changes)).toEqual(expected);
  });

  test('entries of protocols', () => {
    const main = `${MAIN}\n[[protocols.static]]\nroute = "12.0.0.0"\nmask = "255.0.0.0"\nnh = "10.0.0.9"\n`;
    const entry = (route: string, mtu?: number) => ({
      ...{ route, mask: '255.0.0.0', nh: '10.0.0.9' },
      ...(mtu === undefined ? {} : { mtu }),
    });
    const entries = [entry('12.0.0.0', 1400), entry('11.0.0.0', 1300)];
    expect(edited({ main }, set('protocols static', entries))).toEqual({
      main: `${main}mtu = 1400\n`,
      two: `${TWO}mtu = 1300\n`,
    });
    expect(edited({ main }, set('protocols static', [entry('12.0.0.0')]))).toEqual({
      two: expect.not.stringContaining('11.0.0.0') as string,
    });
  });
});

describe('and to the table of the host that it came from', () => {
  test.each<[string, readonly ConfigurationChange[], string, string]>([
    ['a general directive', [set('debug', 5)], 'debug = 4', 'debug = 5'],
    ['one of a virtual router', [change(1, { priority: 201 })], '200 # here', '201 # here'],
    [
      'one that the host does not say',
      [change(1, { preemption: true })],
      '100 # main\n',
      '100 # main\npreemption = true\n',
    ],
  ])('%s', (_, changes, from, to) => {
    expect(edited({ main: MAIN + HOSTS }, ...changes)).toEqual({ main: (MAIN + HOSTS).replace(from, to) });
  });

  test('what goes, goes everywhere', () => {
    const { main } = edited({ main: MAIN + HOSTS }, change(1, { priority: null }));
    expect(main).not.toMatch(/priority/);
    const removed = edited({ main: MAIN + HOSTS }, remove(1));
    expect(removed.main).not.toMatch(/group/);
    expect(removed.main).toMatch(/\[host\.r1\]\ndebug = 4/);
  });

  test('what stands in one place for several is refused', () => {
    const refused = refusal(() => edited({ main: MAIN + HOSTS }, change(2, { accept: true })));
    expect(refused.reason).toBe('invalid');
    expect(refused.message).toBe(
      'accept comes from host.r1.accept (main:12), for several virtual routers: edit it there',
    );
  });
});

test('what is about the files is refused', () => {
  for (const name of ['include', 'host']) {
    expect(refusal(() => edited({}, set(name, []))).message).toBe(
      `${name} is about the files: edit them, and reload`,
    );
  }
});

describe('a value that stands elsewhere', () => {
  const main = MAIN.replace('100 # main', '{ env = "P" } # main');

  test('is not replaced, unless by itself', () => {
    expect(edited({ main }, change(1, { preemption: true }))).toEqual({
      main: main.replace('# main\n', '# main\npreemption = true\n'),
    });
    expect(edited({ main }, change(1, { priority: 150 }))).toEqual({});
    const { message } = refusal(() => edited({ main }, change(1, { priority: 160 })));
    expect(message).toMatch(/^vrouter\[0\]\.priority stands elsewhere, in \{ env = "P" \}: change it there/);
    expect(refusal(() => edited({}, set('main_log', { file: '/etc/shadow' }))).message).toMatch(
      /^main_log cannot be made to stand elsewhere but in the file/,
    );
  });

  test('may be what a virtual router is told by', () => {
    const two = TWO.replace('group = 2', 'group = { env = "P" }');
    const router = { interface: 'eth0', group: 150 };
    expect(edited({ two }, { op: 'change-router', router, patch: { priority: 9 } })).toEqual({
      two: two.replace('# its address\n', '# its address\npriority = 9\n'),
    });
    expect(
      refusal(() => edited({ two }, add({ group: 150, interface: 'eth0', vip: '10.0.0.9' }))).reason,
    ).toBe('exists');
  });
});
