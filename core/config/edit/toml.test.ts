import { describe, expect, test } from 'vitest';
import type { ConfigurationChange } from '../../plugin/contracts/index.ts';
import { editText } from '../edit.ts';
import { add, change, difference, edited, parsed, refusal, remove, router, set } from './test-edit.ts';

const FILE = `# The routers of floor 2

debug = 0x1 # hexadecimal
pid = "/run/\\u0072vrrpd.pid"

# first router
[[vrouter]]
group = 1
interface = 'eth0' # literal
vip = [
  "10.0.0.1", # a
  # b
  "10.0.0.2",
]
priority = 1_00
timers.advert = 1 # dotted

# second router
[[vrouter]]
# inside
group = 2
interface = "eth0"
vip = "10.0.0.3"
timers = { advert = 3 } # inline
  # below

# on its own

# third router
[[vrouter]]
group = 3
interface = "eth0"
vip = "10.0.0.4"
[vrouter.timers] # a table
advert = 4

[protocols]
    # default
    [[protocols.static]]
    route = "0.0.0.0"
    mask = "0.0.0.0" # none
    nh = "10.0.0.254"

    # net ten
    [[protocols.static]]
    route = "10.0.0.0"
    mask = "255.0.0.0"
    nh = "10.0.0.253"

[plugins]
"./path" = { version = "^1", options = { a = 1 } }
"@scope/rvrrpd-plugin-x" = "^1"
`;

describe('TOML text', () => {
  const all = [1, 2, 3];
  const statics = parsed(FILE, 'toml').data.protocols as { static: Record<string, string>[] };
  const [standard, ten] = statics.static;

  test.each<[string, ConfigurationChange[], string[]]>([
    ['a scalar', [set('debug', 5)], ['-debug = 0x1 # hexadecimal', '+debug = 5 # hexadecimal']],
    ['the same value', [set('debug', 1)], []],
    [
      'new general directives stand above the first table, in the order of the schema',
      [set('main_log', '/a'), set('time_zone', 'utc')],
      ['+time_zone = "utc"', '+main_log = "/a"'],
    ],
    ['a directive removed with its comment', [set('debug')], ['-debug = 0x1 # hexadecimal']],
    [
      'a new table stands at the end',
      [set('api users', ['a"\\\n\x7f']), set('api tls', false)],
      ['+', '+[api]', '+users = ["a\\"\\\\\\n\\u007f"]', '+tls = false'],
    ],
    [
      'directives of a router',
      [change(1, { priority: 7, preemption: true })],
      ['-priority = 1_00', '+priority = 7', '+preemption = true'],
    ],
    [
      'timers, however they are written',
      all.map((group) => change(group, { timers: { advert: 9 } })),
      [
        '-timers.advert = 1 # dotted',
        '+timers.advert = 9 # dotted',
        '-timers = { advert = 3 } # inline',
        '+timers = { advert = 9 } # inline',
        '-advert = 4',
        '+advert = 9',
      ],
    ],
    [
      'timers with more in them',
      all.map((group) => change(group, { timers: { more: [1.5, { a: 1 }] } })),
      [
        '+timers.more = [1.5, { a = 1 }]',
        '-timers = { advert = 3 } # inline',
        '+timers = { advert = 3, more = [1.5, { a = 1 }] } # inline',
        '+more = [1.5, { a = 1 }]',
      ],
    ],
    [
      'timers with nothing in them are still there',
      all.map((group) => change(group, { timers: { advert: null } })),
      [
        '-timers.advert = 1 # dotted',
        '+timers = {}',
        '-timers = { advert = 3 } # inline',
        '+timers = {} # inline',
        '-advert = 4',
      ],
    ],
    [
      'timers removed',
      all.map((group) => change(group, { timers: null })),
      [
        '-timers.advert = 1 # dotted',
        '-timers = { advert = 3 } # inline',
        '-[vrouter.timers] # a table',
        '-advert = 4',
      ],
    ],
    [
      'timers that are no table',
      all.map((group) => change(group, { timers: 5 })),
      [
        '-timers.advert = 1 # dotted',
        '+timers = 5',
        '-timers = { advert = 3 } # inline',
        '+timers = 5 # inline',
        '-[vrouter.timers] # a table',
        '-advert = 4',
        '+timers = 5',
      ],
    ],
    ['an address less', [change(1, { vip: ['10.0.0.2'] })], ['-  "10.0.0.1", # a']],
    ['an address more', [change(1, { vip: ['10.0.0.1', '10.0.0.2', '10.0.0.9'] })], ['+  "10.0.0.9",']],
    ['a new first address', [change(1, { vip: ['10.0.0.9', '10.0.0.1', '10.0.0.2'] })], ['+  "10.0.0.9",']],
    [
      'an address instead of several',
      [change(1, { vip: '10.0.0.1' })],
      ['-vip = [', '-  "10.0.0.1", # a', '-  # b', '-  "10.0.0.2",', '-]', '+vip = "10.0.0.1"'],
    ],
    [
      'several addresses instead of one',
      [change(2, { vip: ['10.0.0.3', '10.0.0.5'] })],
      ['-vip = "10.0.0.3"', '+vip = ["10.0.0.3", "10.0.0.5"]'],
    ],
    [
      'a router less, with its comments',
      [remove(2)],
      [
        '-# second router',
        '-[[vrouter]]',
        '-# inside',
        '-group = 2',
        '-interface = "eth0"',
        '-vip = "10.0.0.3"',
        '-timers = { advert = 3 } # inline',
        '-  # below',
        '-',
      ],
    ],
    [
      'a router less, with its tables',
      [remove(3)],
      [
        '-# third router',
        '-[[vrouter]]',
        '-group = 3',
        '-interface = "eth0"',
        '-vip = "10.0.0.4"',
        '-[vrouter.timers] # a table',
        '-advert = 4',
        '-',
      ],
    ],
    [
      'a router more stands behind the last one',
      [add({ timers: { advert: 2 }, vip: ['1.1.1.1', '1.1.1.2'], odd: 1, interface: 'eth0', group: 4 })],
      [
        '+[[vrouter]]',
        '+group = 4',
        '+interface = "eth0"',
        '+vip = ["1.1.1.1", "1.1.1.2"]',
        '+timers = { advert = 2 }',
        '+odd = 1',
        '+',
      ],
    ],
    [
      'a route changed keeps its text',
      [set('protocols static', [standard, { ...ten, metric: 5 }])],
      ['+    metric = 5'],
    ],
    [
      'a route less',
      [set('protocols static', [ten])],
      [
        '-    # default',
        '-    [[protocols.static]]',
        '-    route = "0.0.0.0"',
        '-    mask = "0.0.0.0" # none',
        '-    nh = "10.0.0.254"',
      ],
    ],
    [
      'routes in another order keep their comments',
      [set('protocols static', [ten, standard])],
      [
        '-    # default',
        '-    [[protocols.static]]',
        '-    route = "0.0.0.0"',
        '-    mask = "0.0.0.0" # none',
        '-    nh = "10.0.0.254"',
        '+    # default',
        '+    [[protocols.static]]',
        '+    route = "0.0.0.0"',
        '+    mask = "0.0.0.0" # none',
        '+    nh = "10.0.0.254"',
        '+',
      ],
    ],
    [
      'a route more is indented as the others',
      [set('protocols static', [standard, ten, { route: 'x' }])],
      ['+    [[protocols.static]]', '+    route = "x"', '+'],
    ],
    [
      'no routes',
      [set('protocols static', [])],
      [
        ...FILE.slice(FILE.indexOf('    # default'), FILE.indexOf('\n\n[plugins]'))
          .split('\n')
          .map((line) => `-${line}`),
        '+static = []',
      ],
    ],
    [
      'another protocol',
      [set('protocols other', [{ a: 1 }, { b: [] }])],
      ['+[[protocols.other]]', '+a = 1', '+', '+[[protocols.other]]', '+b = []', '+'],
    ],
    [
      'options of plugins',
      [
        set('plugins ./path options', { a: 1, 'b c': [true] }),
        set('plugins ./new', { options: { a: [{ b: 1 }] } }),
      ],
      [
        '-"./path" = { version = "^1", options = { a = 1 } }',
        '+"./path" = { version = "^1", options = { a = 1, "b c" = [true] } }',
        '+"./new" = { options = { a = [{ b = 1 }] } }',
      ],
    ],
    ['a plugin less', [set('plugins @scope/rvrrpd-plugin-x')], ['-"@scope/rvrrpd-plugin-x" = "^1"']],
    [
      'a table less',
      [set('plugins')],
      [
        '-',
        '-[plugins]',
        '-"./path" = { version = "^1", options = { a = 1 } }',
        '-"@scope/rvrrpd-plugin-x" = "^1"',
      ],
    ],
  ])('%s', (_, changes, lines) => {
    const diff = difference(FILE, edited(FILE, ...changes));
    // The same empty line may be counted as gone or as kept, next to another one.
    expect(diff.filter((line) => line.length > 1)).toEqual(lines.filter((line) => line.length > 1));
    expect(diff.length).toBe(lines.length);
  });

  test('all routers are others', () => {
    const from = FILE.indexOf('# first router');
    const to = FILE.indexOf('[protocols]');
    expect(edited(FILE, ...all.map(remove), add({ ...router(4) }))).toBe(
      `${FILE.slice(0, from)}[[vrouter]]\ngroup = 4\ninterface = "eth0"\n\n# on its own\n\n${FILE.slice(to)}`,
    );
  });

  test('what is no text of the document is refused, and so is what cannot be written', () => {
    const document = parsed('debug = 1\n', 'toml');
    for (const [text, path] of [
      ['debug = 1\npid = "other"\n', 'debug'],
      ['debug = 3\n', 'pid'],
      ['debug = = 1', 'debug'],
    ] as const) {
      const error = refusal(() => editText(document, text, [set(path, 2)]));
      expect(error.reason).toBe('invalid');
      expect(error.message).toBe(
        '/etc/rvrrpd.conf cannot be edited automatically: edit it by hand and reload',
      );
    }
    expect(refusal(() => editText(document, 'debug = 1\n', [remove(1)])).reason).toBe('missing');
  });
});
