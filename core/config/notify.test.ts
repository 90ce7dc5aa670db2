import { describe, expect, test } from 'vitest';
import { hookDefaults, toHook } from './hook.ts';
import { loadText } from './load.ts';

const ROUTERS = `# two tables

[[vrouter]]
group = 7
interface = "eth0"
vip = [ "10.0.0.1", "fe80::7" ]
version = 3

[[vrouter]]
group = 8
interface = "eth1"
vip = "10.0.1.1"
version = 3

[[sync]]
name = "gw"
routers = [ "eth0/7/ipv4", "eth1/8" ]
`;

const load = (tables: string) => {
  const { config, issues } = loadText('/etc/rvrrpd.toml', `${ROUTERS}${tables}`) as {
    config: NonNullable<ReturnType<typeof loadText>['config']>;
    issues: ReturnType<typeof loadText>['issues'];
  };
  return {
    hooks: config.hooks,
    issues: issues.map(({ directive, message, position }) => `${position.line}: ${directive}: ${message}`),
  };
};

describe('[[notify]]', () => {
  test('none', () => {
    expect(load('').hooks).toBeUndefined();
  });

  test('with nothing but its name and type is about everything', () => {
    const { hooks, issues } = load('[[notify]]\nname = "a"\ntype = "x"\npath = "/y"\n');
    expect(issues).toEqual([]);
    expect(hooks).toEqual([
      {
        position: { file: '/etc/rvrrpd.toml', line: 18 },
        ...{ name: 'a', type: 'x', latest: false, timeout: 30_000, retries: 0, settings: { path: '/y' } },
      },
    ]);
  });

  test('for some: what is named alone', () => {
    const { hooks, issues } = load(`
[[notify]]
name = "a"
type = "x"
routers = [ "eth0/7" ]
states = [ "stop", "master" ]
latest = true
timeout = 1.5
retries = 3

[[notify]]
name = "b"
type = "x"
groups = [ "gw" ]

[[notify]]
name = "c"
type = "x"
routers = [ "eth0/7/ipv6", "eth1/8", "eth1/8" ]
groups = [ "gw" ]
`);
    expect(issues).toEqual([]);
    expect(hooks).toMatchObject([
      {
        ...{ routers: ['7 4 3 eth0', '7 6 3 eth0'], groups: [], states: ['master', 'stop'] },
        ...{ latest: true, timeout: 1500, retries: 3 },
      },
      { routers: [], groups: ['gw'] },
      { routers: ['7 6 3 eth0', '8 4 3 eth1'], groups: ['gw'] },
    ]);
  });

  test.each([
    ['type = "x"', '18: notify[0].name: is missing'],
    ['name = "a"', '18: notify[0].type: is missing'],
    ['name = "a b"\ntype = "x"', '19: notify[0].name: must be letters, digits'],
    ['name = "a"\ntype = "x"\nrouters = [ "eth0" ]', '21: notify[0].routers[0]: must be "INTERFACE/GROUP"'],
    [
      'name = "a"\ntype = "x"\nrouters = [ "eth0/9" ]',
      '21: notify[0].routers[0]: there is no such virtual router',
    ],
    [
      'name = "a"\ntype = "x"\ngroups = [ "gv" ]',
      '21: notify[0].groups[0]: must be the name of a group: there is "gw"',
    ],
    ['name = "a"\ntype = "x"\nstates = [ "primary" ]', '21: notify[0].states[0]: must be "master", "backup"'],
    ['name = "a"\ntype = "x"\nstates = []', '21: notify[0].states: must be an array of states'],
    ['name = "a"\ntype = "x"\ntimeout = 0', '21: notify[0].timeout: must be 0.1 to 3600 seconds'],
    ['name = "a"\ntype = "x"\nretries = 1.5', '21: notify[0].retries: must be 0 to 1000000'],
    [
      'name = "a"\ntype = "x"\n[[notify]]\nname = "a"\ntype = "y"',
      '22: notify[1].name: is already the name of',
    ],
  ])('that is wrong: %j', (table, complaint) => {
    const { issues } = load(`[[notify]]\n${table}\n`);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toContain(complaint);
  });
});

test('defaults of a type, if they are in their range', () => {
  const of = (timeout: unknown, retries: unknown) =>
    hookDefaults({ properties: { timeout: { default: timeout }, retries: { default: retries } } });
  expect(of(5, 9)).toEqual({ timeout: 5, retries: 9 });
  expect(of(0, -1)).toEqual({});
  expect(of('5', 1.5)).toEqual({});
  expect(hookDefaults(undefined)).toEqual({});
  const position = { file: 'f', line: 1 };
  expect(toHook({}, position, {}, { timeout: 5, retries: 9 })).toMatchObject({ timeout: 5000, retries: 9 });
  expect(toHook({ timeout: 1, retries: 0 }, position, {}, { timeout: 5, retries: 9 })).toMatchObject({
    ...{ timeout: 1000, retries: 0 },
  });
});
