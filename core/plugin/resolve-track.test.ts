import { describe, expect, test } from 'vitest';
import { interpret } from '../config/interpret.ts';
import { formatIssue } from '../config/issues.ts';
import { parseDocument } from '../config/parse.ts';
import { redactConfiguration } from '../config/redact.ts';
import type { SchemaNode } from '../config/schema.ts';
import type { PluginKind } from './contracts/index.ts';
import type { AvailablePlugin } from './discover.ts';
import { listPlugins } from './listing.ts';
import { resolvePlugins } from './resolve.ts';
import { trackerSchema } from './resolve-track.ts';

function plugin(kind: PluginKind, name: string, configSchema?: SchemaNode): AvailablePlugin {
  const more = { default: false, provides: [], needs: [], entry: '/index.js', options: {} };
  return {
    folder: '/',
    resolved: { package: `p-${name}`, version: '1.0.0', kind, names: [name], ...more },
    ...(configSchema && { configSchema }),
  };
}

const SCHEMA = {
  type: 'object',
  required: ['url'],
  additionalProperties: false,
  properties: {
    url: { type: 'string', expected: 'a URL' },
    expect: { type: 'integer', expected: 'a status', default: 200 },
    weights: {
      type: 'object',
      propertyNames: { pattern: '^[0-9]$', expected: 'a digit' },
      additionalProperties: { type: 'integer', maximum: 9, expected: '9 at most' },
      expected: 'a table of weights',
    },
    password: { type: 'string', expected: 'a text', writeOnly: true },
    fall: { default: 3 },
    rise: { default: 0.5 },
  },
};
const all = [
  plugin('iftype', 'plain'),
  plugin('netdrv', 'basic'),
  plugin('track', 'probe', SCHEMA),
  plugin('track', 'always'),
];

function resolve(tables: string) {
  const text = `[[vrouter]]\ngroup = 1\ninterface = "eth0"\nvip = "10.0.0.1"\niftype = "plain"\nnetdrv = "basic"
track = ["x"]\n[[track]]\nname = "x"\n${tables}\n`;
  const { document } = parseDocument('f', text);
  const resolution = resolvePlugins(interpret(document!).config, document!, all);
  const complaints = resolution.issues.filter(({ severity }) => severity === 'error');
  return {
    ...resolution,
    document: document!,
    complaints: complaints.map((each) => formatIssue(each).slice(2)),
  };
}

describe('a tracker', () => {
  test('a key that may not stand in a table is told by its own name and line', () => {
    const { complaints } = resolve('type = "probe"\nurl = "http://x"\n[track.weights]\n1 = 2\nx = 1\n2 = 10');
    expect(complaints).toEqual([
      '14: track[0].weights.x: its name must be a digit',
      '15: track[0].weights.2 = 10: must be 9 at most',
    ]);
  });

  test('has what its plugin’s schema makes of it, and the defaults of its type', () => {
    const { config, complaints, trackers } = resolve('type = "probe"\nurl = "http://x"\ninterval = 2');
    expect(complaints).toEqual([]);
    expect(config.trackers).toMatchObject([
      {
        ...{ name: 'x', interval: 2000, timeout: 2000, fall: 3, rise: 1 },
        settings: { url: 'http://x', expect: 200 },
      },
    ]);
    expect(Object.keys(config.trackers![0]!.settings)).toEqual(['url', 'expect']);
    expect(trackers.map(({ plugin: { package: name } }) => name)).toEqual(['p-probe']);
    expect(resolve('type = "probe"\nurl = "http://x"\nfall = 1').config.trackers![0]!.fall).toBe(1);
  });

  test.each([
    [
      'type = "probee"',
      '10: track[0].type = "probee": no plugin answers to type "probee" yet (there is "probe", "always"; did you mean "probe"?): ' +
        'change it, or install a plugin that does and add it to [plugins]',
    ],
    ['type = "probe"', '8: track[0].url: is missing: must be a URL'],
    ['type = "probe"\nurl = 5', '11: track[0].url = 5: must be a URL'],
    ['type = "probe"\nurl = "x"\nurll = "x"', '12: track[0].urll: unknown directive, did you mean "url"?'],
    [
      'type = "probe"\nurl = "x"\nintervall = 1',
      '12: track[0].intervall: unknown directive, did you mean "interval"?',
    ],
    ['type = "always"\nhow = 1', /^11: track\[0\]\.how: unknown directive, there are: name, type, /],
  ])('%s', (tables, complaint) => {
    const { complaints } = resolve(tables);
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toMatch(complaint instanceof RegExp ? complaint : /./);
    if (typeof complaint === 'string') expect(complaints[0]).toBe(complaint);
  });

  test('uses its plugin, which the listing shows', () => {
    const used = listPlugins(all, resolve('type = "always"')).filter(({ inUse }) => inUse);
    expect(used.map(({ package: name }) => name)).toEqual(['p-plain', 'p-basic', 'p-always']);
  });

  test('is shown without its secrets, and without anything that nobody describes', () => {
    const data = resolve('type = "probe"\nurl = "http://x"\npassword = "geheim"\ninterval = 2').document.data;
    const schemas = new Map([['probe', trackerSchema(SCHEMA)]]);
    const track = [{ name: 'x', type: 'probe', url: 'http://x', password: '***', interval: 2 }];
    expect(redactConfiguration(data, new Map(), new Map(), new Map(), schemas).track).toEqual(track);
    expect(redactConfiguration(data, new Map()).track).toEqual([{ ...track[0], url: '***' }]);
  });
});
