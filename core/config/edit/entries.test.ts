import { describe, expect, test } from 'vitest';
import type { ConfigurationChange } from '../../plugin/contracts/index.ts';
import { editTexts, type OpenSchemas } from '../edit.ts';
import { loadText } from '../index.ts';
import { OutsideValues } from '../outside-values.ts';
import { change, difference, edited, refusal, remove, set } from './test-edit.ts';

type List = 'track' | 'sync';
const addTo = (list: List, table: Record<string, unknown>): ConfigurationChange => ({
  ...{ op: 'add-entry', list, table },
});
const patch = (list: List, name: string, patched: Record<string, unknown>): ConfigurationChange => ({
  ...{ op: 'change-entry', list, name, patch: patched },
});
const drop = (list: List, name: string): ConfigurationChange => ({ op: 'remove-entry', list, name });

const FILE = `# of the lab
[[track]] # the uplink
name = "uplink"
type = "link"
interface = "eth1" # a cable

# The web server.
[[track]]
name = "web"
type = "probe"
url = "http://192.0.2.10/" # no name

[[sync]]
name = "gw" # both
routers = ["eth0/1", "eth1/2"]
`;

describe('one file', () => {
  test.each<[string, ConfigurationChange[], string[]]>([
    [
      'a tracker more, behind the others',
      [addTo('track', { interval: 2, type: 'file', name: 'f', path: '/x', hold: null })],
      ['+', '+[[track]]', '+name = "f"', '+type = "file"', '+interval = 2', '+path = "/x"'],
    ],
    [
      'another directive, comments kept',
      [patch('track', 'uplink', { interface: 'eth2', interval: 5 })],
      ['-interface = "eth1" # a cable', '+interface = "eth2" # a cable', '+interval = 5'],
    ],
    [
      'another name, and all else too',
      [patch('track', 'web', { name: 'x', type: 'file', url: null, path: '/x' })],
      ['-name = "web"', '-type = "probe"', '-url = "http://192.0.2.10/" # no name'].concat([
        ...['+name = "x"', '+type = "file"', '+path = "/x"'],
      ]),
    ],
    [
      'a tracker less, with its comment',
      [drop('track', 'web')],
      ['-# The web server.', '-[[track]]', '-name = "web"', '-type = "probe"'].concat([
        ...['-url = "http://192.0.2.10/" # no name', '-'],
      ]),
    ],
    [
      'a group',
      [patch('sync', 'gw', { priority: 150, routers: ['eth0/1', 'eth1/3'] })],
      ['-routers = ["eth0/1", "eth1/2"]', '+routers = ["eth0/1", "eth1/3"]', '+priority = 150'],
    ],
    [
      'the last one',
      [drop('sync', 'gw')],
      ['-[[sync]]', '-name = "gw" # both', '-routers = ["eth0/1", "eth1/2"]', '-'],
    ],
    ['its own name', [patch('track', 'web', { name: 'web' })], []],
  ])('%s', (_, changes, lines) => {
    const after = edited(FILE, ...changes);
    expect(difference(FILE, after).sort()).toEqual(lines.sort());
  });

  test('in their order', () => {
    const swapped = edited(
      FILE,
      patch('track', 'uplink', { name: 'old' }),
      patch('track', 'web', { name: 'uplink' }),
      drop('track', 'old'),
      addTo('track', { name: 'old', type: 'x' }),
    );
    expect(swapped).toContain('# The web server.\n[[track]]\nname = "uplink"\ntype = "probe"');
    expect(swapped).not.toContain('eth1" # a cable');
    expect(swapped).toContain('name = "old"\ntype = "x"');
  });

  test('where there was none', () => {
    expect(edited('debug = 1\n', addTo('sync', { routers: ['a/1'], name: 'g' }))).toBe(
      'debug = 1\n\n[[sync]]\nname = "g"\nrouters = ["a/1"]\n',
    );
    expect(edited('{ "debug": 1 }', addTo('track', { name: 'g' }), addTo('track', { name: 'h' }))).toBe(
      '{ "debug": 1, "track": [{ "name": "g" }, { "name": "h" }] }',
    );
  });

  test('JSON, and inline tables', () => {
    const json = '{ "track": [ {"name":"a"}, {"name":"b", "x": 1} ] }';
    expect(edited(json, patch('track', 'b', { name: 'c', x: 2 }), drop('track', 'a'))).toBe(
      '{ "track": [ {"name":"c", "x": 2} ] }',
    );
    const inline = 'track = [ { name = "a", x = 1 }, { name = "b" } ] # all\n';
    expect(edited(inline, patch('track', 'a', { x: 2 }))).toBe(inline.replace('x = 1', 'x = 2'));
  });

  test.each<[string, ConfigurationChange[], string, string]>([
    ['no such tracker', [drop('track', 'x')], 'missing', 'there is no tracker "x"'],
    ['no such group', [patch('sync', 'x', {})], 'missing', 'there is no group "x"'],
    ['a name twice', [addTo('track', { name: 'web' })], 'exists', 'there is a tracker "web" already'],
    [
      'a name taken',
      [patch('track', 'web', { name: 'uplink' })],
      'exists',
      'there is a tracker "uplink" already',
    ],
    [
      'set as a whole before',
      [set('track', 1), drop('track', 'web')],
      'invalid',
      'track is not an array of tables',
    ],
    [
      'an evil key',
      [addTo('track', JSON.parse('{"__proto__":1}'))],
      'invalid',
      'cannot be the name of a directive',
    ],
  ])('refuses: %s', (_, changes, reason, message) => {
    const error = refusal(() => edited(FILE, ...changes));
    expect(error.reason).toBe(reason);
    expect(error.message).toContain(message);
    if (reason !== 'invalid') expect(error.code).toBe(`entry-${reason}`);
  });
});

const ROUTERS = `
[[vrouter]]
group = 1
interface = "eth0"
vip = "10.0.0.1"
track = ["uplink"]
[[vrouter]]
group = 2
interface = "eth1"
vip = "10.0.1.1"
`;
const MAIN = `include = ["conf.d/*"]\n${ROUTERS}`;
const TWO = FILE.replace('name = "web"', 'name = { env = "N" }');
const THREE = `[[track]]
name = "third" # here
type = "file"
path = "/x"
`;

/** Those of the files that change, after changes on host r1. */
function files(main: string, ...changes: ConfigurationChange[]): Record<string, string> {
  const texts = new Map([
    ['main', main],
    ['two', TWO],
    ['three', THREE],
  ]);
  const included = ['two', 'three'].map((file) => ({ file, text: texts.get(file)! }));
  const outside = new OutsideValues(new Map([['env N', { text: 'web' }]]));
  const around = { included, hosts: ['r1'], outside };
  const { document } = loadText('main', main, 'toml', around);
  const after = editTexts(document!, texts, changes);
  return Object.fromEntries([...after].filter(([file, text]) => texts.get(file) !== text));
}

describe('several files', () => {
  test.each<[string, string, ConfigurationChange[], Record<string, string>]>([
    [
      'a tracker is changed where it is, by a name that stands elsewhere',
      MAIN,
      [patch('track', 'web', { interval: 3 })],
      { two: TWO.replace('url = "http://192.0.2.10/" # no name', (url) => `${url}\ninterval = 3`) },
    ],
    ['renamed', MAIN, [patch('track', 'third', { name: '3' })], { three: THREE.replace('"third"', '"3"') }],
    ['removed, the last of its file', MAIN, [drop('track', 'third')], { three: '' }],
    [
      'a new one is where others are',
      MAIN,
      [addTo('track', { name: 'new', type: 'x' })],
      { two: TWO.replace('\n[[sync]]', '\n[[track]]\nname = "new"\ntype = "x"\n\n[[sync]]') },
    ],
    [
      'a group too',
      MAIN,
      [patch('sync', 'gw', { priority: 9 }), addTo('sync', { name: 'g', routers: ['a/1'] })],
      { two: `${TWO}priority = 9\n\n[[sync]]\nname = "g"\nrouters = ["a/1"]\n` },
    ],
    [
      'of several changes each to its file',
      MAIN,
      [drop('sync', 'gw'), patch('track', 'third', { path: '/y' }), remove(1)],
      {
        main: expect.not.stringContaining('group = 1') as string,
        two: expect.not.stringContaining('sync') as string,
        three: THREE.replace('/x', '/y'),
      },
    ],
    [
      'groups of a host are in its table',
      `${MAIN}[[host.r1.sync]]\nname = "gw"\nrouters = ["eth0/1"]\n`,
      [patch('sync', 'gw', { routers: ['eth1/2'] }), addTo('sync', { name: 'g', routers: ['eth0/1'] })],
      {
        main: `${MAIN}[[host.r1.sync]]\nname = "gw"\nrouters = ["eth1/2"]\n\n[[host.r1.sync]]\nname = "g"\nrouters = ["eth0/1"]\n`,
      },
    ],
    [
      'nothing else of a virtual router that names one',
      MAIN,
      [change(1, { track: null }), drop('track', 'uplink')],
      {
        main: MAIN.replace('track = ["uplink"]\n', ''),
        two: expect.not.stringContaining('uplink') as string,
      },
    ],
  ])('%s', (_, main, changes, after) => {
    expect(files(main, ...changes)).toEqual(after);
  });

  test('a name that stands elsewhere is taken all the same', () => {
    expect(refusal(() => files(MAIN, addTo('track', { name: 'web' }))).code).toBe('entry-exists');
  });

  test('what a host puts over a tracker is edited there', () => {
    const main = `${MAIN}[[host.r1.track]]\nname = "third"\ninterval = 9\n`;
    const { message } = refusal(() => files(main, patch('track', 'third', { interval: 8 })));
    expect(message).toMatch(/^host\.r1\.track\[0\] \(main:\d+\) is put over tracker "third": edit it there/);
  });
});

describe('what runs here is set in the file alone', () => {
  const schemas: OpenSchemas = {
    ...{ options: new Map(), protocols: new Map() },
    track: new Map([
      [
        'run',
        {
          type: 'object',
          properties: {
            command: { type: 'array', items: { type: 'string' }, fileOnly: true },
            user: { type: 'string', fileOnly: true },
            more: { type: 'string' },
          },
        },
      ],
    ]),
  };
  const text = '[[track]]\nname = "r"\ntype = "run"\ncommand = ["/a"]\nuser = "nobody"\n';
  const run = (...changes: ConfigurationChange[]): string => {
    const { document } = loadText('main', text, 'toml');
    return editTexts(document!, new Map([['main', text]]), changes, schemas).get('main')!;
  };

  test.each<[string, ConfigurationChange, string]>([
    ['a new one', addTo('track', { name: 'n', type: 'run', command: ['/b'] }), 'track[1].command'],
    ['another command', patch('track', 'r', { command: ['/a', 'b'] }), 'track[0].command'],
    ['another user', patch('track', 'r', { user: 'root' }), 'track[0].user'],
    ['no user', patch('track', 'r', { user: null }), 'track[0].user'],
    ['all set', set('track', [{ name: 'r', type: 'run', command: ['/b'] }]), 'track[0].'],
  ])('%s', (_, changed, directive) => {
    const { reason, message } = refusal(() => run(changed));
    expect(reason).toBe('invalid');
    expect(message).toContain(directive);
    expect(message).toContain('can be set in the file alone');
  });

  test('the rest is changed, and all of it removed', () => {
    expect(run(patch('track', 'r', { more: 'x', interval: 5 }))).toContain('interval = 5');
    expect(run(patch('track', 'r', { name: 'other' }))).toContain('name = "other"');
    expect(run(drop('track', 'r'))).toBe('');
    expect(run(addTo('track', { name: 'n', type: 'file', command: ['/b'] }))).toContain('["/b"]');
  });
});
