import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostNames } from './host-tables.ts';
import { loadText } from './index.ts';
import { formatIssue } from './issues.ts';

const ROUTERS = `[[vrouter]]
group = 1
interface = "lan"
vip = "10.0.0.1"

[[vrouter]]
group = 2
interface = "lan"
vip = "10.0.0.2"
priority = 50

`;

function load(text: string, host = 'r1', included: Readonly<Record<string, string>> = {}) {
  const files = Object.entries(included).map(([file, each]) => ({ file, text: each }));
  const around = { hosts: hostNames(host), included: files };
  const { config, issues } = loadText('f', text, 'toml', around);
  return { config, text: issues.map((issue) => `${issue.severity} ${formatIssue(issue)}`) };
}

const priorities = ({ config }: ReturnType<typeof load>) =>
  config?.virtualRouters.map(({ priority }) => priority);

test('what a host is called', () => {
  expect(hostNames('R1.example.org')).toEqual(['r1', 'r1.example.org']);
  expect(hostNames('r1')).toEqual(['r1']);
});

describe('one file for several hosts', () => {
  test('a directive of [[vrouter]] is for all of them, on that host alone', () => {
    const text = `${ROUTERS}[host.r1]\npriority = 200\n[host.r2]\npriority = 100\n`;
    expect(priorities(load(text, 'r1'))).toEqual([200, 200]);
    expect(priorities(load(text, 'R2.example.org'))).toEqual([100, 100]);
    expect(priorities(load(text, 'r3'))).toEqual([100, 50]);
    expect(load(text, 'r3').text).toEqual([]);
  });

  test('[[host.NAME.vrouter]] is for those of its group, and counts more than what is for all', () => {
    const text = `${ROUTERS}[host.r1]
priority = 200
[[host.r1.vrouter]]
group = 2
priority = 150
interface = "wan"
timers.advert = 2
`;
    const { config, text: issues } = load(text);
    expect(issues).toEqual([]);
    expect(config?.virtualRouters).toMatchObject([
      { interface: 'lan', priority: 200, advertisementIntervalCs: 100 },
      { interface: 'wan', priority: 150, advertisementIntervalCs: 200 },
    ]);
  });

  test('match says which, where several have the group', () => {
    const six = ROUTERS.replaceAll('group = 2', 'group = 1\nversion = 3').replaceAll('10.0.0.2', '10.0.0.3');
    const entry = (match: string): string =>
      `[[host.r1.vrouter]]\ngroup = 1\nmatch = { ${match} }\npriority = 7\n`;
    expect(priorities(load(six + entry('version = 3')))).toEqual([100, 7]);
    expect(priorities(load(six + entry('version = 2')))).toEqual([7, 50]);
    expect(priorities(load(six + entry('interface = "lan"')))).toEqual([7, 7]);
  });

  test('general directives, tables and entries of protocols', () => {
    const route = (to: string): string => `route = "${to}"\nmask = "255.0.0.0"\nnh = "10.0.0.9"\n`;
    const text = `debug = 1
${ROUTERS}[[protocols.static]]
${route('11.0.0.0')}[api]
host = "10.0.0.2:7080"
tls = false
[host.r1]
debug = 3
[host.r1.api]
host = "10.0.0.3:7080"
[[host.r1.protocols.static]]
${route('12.0.0.0')}`;
    const { config, text: issues } = load(text);
    expect(issues).toEqual([]);
    expect(config).toMatchObject({
      ...{ debug: 3, api: { host: '10.0.0.3:7080', tls: false } },
      protocols: { static: [{ route: '11.0.0.0' }, { route: '12.0.0.0' }] },
    });
  });

  test('hooks: put over the one of the same name, or beside the others', () => {
    const text = `${ROUTERS}[[notify]]
name = "all"
type = "exec"
command = [ "/bin/true" ]
states = [ "master" ]
timeout = 5

[[notify]]
name = "other"
type = "exec"
command = [ "/bin/true" ]

[[host.r1.notify]]
name = "all"
states = [ "stop" ]

[[host.r1.notify]]
name = "own"
type = "fifo"
path = "/run/x"

[[host.r1.notify]]
name = "other"
type = "fifo"
path = "/run/y"

[[host.r2.notify]]
name = "theirs"
type = "fifo"
path = "/run/x"
`;
    const { config, text: issues } = load(text);
    expect(issues).toEqual([]);
    expect(config?.hooks).toMatchObject([
      { name: 'all', states: ['stop'], timeout: 5000, settings: { command: ['/bin/true'] } },
      { name: 'other', type: 'fifo' },
      { name: 'own', type: 'fifo', settings: { path: '/run/x' }, position: { file: 'f', line: 28 } },
    ]);
    expect(config?.hooks?.[1]?.settings).toEqual({ path: '/run/y' });
    expect(load(text, 'r3').config?.hooks?.map(({ name }) => name)).toEqual(['all', 'other']);
    expect(load(text, 'r2').config?.hooks?.map(({ name }) => name)).toEqual(['all', 'other', 'theirs']);
  });

  test('hooks of several files stand one behind the other, and a host has its own of each', () => {
    const table = (name: string): string => `name = "${name}"\ntype = "fifo"\npath = "/run/${name}"\n`;
    const { config, text: issues } = load(
      `include = ["g"]\n${ROUTERS}[[notify]]\n${table('a')}[[host.r1.notify]]\n${table('c')}`,
      'r1',
      { g: `[[notify]]\n${table('b')}[[host.r1.notify]]\n${table('d')}[[host.r1.notify]]\n${table('d')}` },
    );
    expect(config?.hooks?.map(({ name, position }) => `${name} ${position.file}:${position.line}`)).toEqual([
      ...['a f:13', 'b g:1', 'c f:17', 'd g:5', 'd g:9'],
    ]);
    expect(issues).toEqual([
      'error g:10: notify[4].name = "d": is already the name of notify[3] (g:5): must be unique',
    ]);
  });

  test('a virtual router that one host alone has; the whole name comes before the short one', () => {
    const text = `${ROUTERS}[[host.r1.vrouter]]
group = 3
interface = "lan"
vip = "10.0.0.3"

[host."r1.example.org"]
priority = 9
[host.r1]
priority = 8
`;
    const { config, text: issues } = load(text, 'r1.example.org');
    expect(issues).toEqual([]);
    expect(config?.virtualRouters.map(({ vrid, priority }) => [vrid, priority])).toEqual([
      ...[
        [1, 9],
        [2, 9],
        [3, 9],
      ],
    ]);
    expect(config?.virtualRouters[2]?.position).toEqual({ file: 'f', line: 12 });
  });
});

describe('complaints name file and line', () => {
  test.each<[string, string, readonly string[]]>([
    [
      'an unknown directive, for another host as well',
      '[host.r2]\npriorty = 1\n',
      [
        expect.stringMatching(
          /^error f:13: host\.r2\.priorty: unknown directive, did you mean "priority"\?/,
        ) as string,
      ],
    ],
    [
      'one of an entry',
      '[[host.r2.vrouter]]\ngroup = 1\npriorty = 1\n',
      ['error f:14: host.r2.vrouter[0].priorty: unknown directive, did you mean "priority"?'],
    ],
    ['a value', '[host.r1]\npriority = 300\n', ['error f:13: host.r1.priority = 300: must be 1 to 254']],
    [
      'a group that there is not',
      '[[host.r1.vrouter]]\ngroup = 9\npriority = 1\n',
      [
        'error f:12: host.r1.vrouter[0]: there is no [[vrouter]] with group 9 that it could be put over: must have ' +
          '"interface" and "vip" to be one of this host alone',
      ],
    ],
    [
      'what is wrong together with the rest',
      '[[host.r1.vrouter]]\ngroup = 1\nvip = "10.0.0.2"\n',
      [
        'error f:9: vrouter[1].vip = "10.0.0.2": is already in vrouter[0].vip (f:14) on lan: must be unique on an interface',
      ],
    ],
  ])('%s', (_, text, complaints) => {
    expect(load(ROUTERS + text).text).toEqual(complaints);
  });

  test('no table', () => {
    expect(load(`host = 5\n${ROUTERS}`).text).toEqual([
      'error f:1: host = 5: must be a table: [host.NAME]; the address of the client API belongs into [api]',
    ]);
  });

  test('a secret is not shown', () => {
    const { text } = load(
      `${ROUTERS}[host.r2]\nauth_secret = ["geheim"]\n[host.r2.api]\nsecret = ["geheim"]\n`,
    );
    expect(text).toHaveLength(2);
    expect(text.join()).not.toContain('geheim');
  });

  test('the same directive for the same host in two files', () => {
    const { text } = load(`include = ["g"]\n${ROUTERS}[host.r1]\ndebug = 1\n`, 'r1', {
      g: '[host.r1]\ndebug = 2\n',
    });
    expect(text).toEqual([
      'error g:2: host.r1.debug: is set already in f:14: must be in one of the two files alone',
    ]);
  });

  test('a reference of another host is its own affair', () => {
    const { text } = load(
      `${ROUTERS}[host.r2]\npriority = { env = "NONE" }\n[host.r2.api]\nsecret = { file = "/none" }\n`,
    );
    expect(text).toEqual([]);
  });
});

test('whatever stands there is put together or refused, never a crash, and no secret is shown', () => {
  const any = fc.jsonValue({ maxDepth: 3 });
  const secret = fc.constantFrom<unknown>('geheim', ['geheim'], { a: 'geheim' });
  const entry = fc.record(
    {
      group: fc.constantFrom<unknown>(1, 2, 'x'),
      match: any,
      priority: any,
      vip: any,
      interface: any,
      auth_secret: secret,
    },
    { requiredKeys: [] },
  );
  const table = fc.record(
    {
      debug: any,
      vrouter: fc.oneof(any, fc.array(entry)),
      api: fc.oneof(any, fc.record({ secret })),
      protocols: any,
      plugins: any,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(table, table, fc.oneof(any, table), (main, other, host) => {
      const text = JSON.stringify({ ...main, host: { r1: host } });
      const included = [{ file: 'g', text: JSON.stringify({ ...other, host: { r1: main } }) }];
      const { issues } = loadText('f', text, 'json', { hosts: ['r1'], included });
      expect(JSON.stringify(issues)).not.toContain('geheim');
      for (const { position } of issues) expect(['f', 'g']).toContain(position.file);
    }),
  );
});
