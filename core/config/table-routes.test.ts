import { expect, test } from 'vitest';
import { complaints, read, router } from './test-read.ts';

const BOTH = 'group = 1\ninterface = "eth0"\nversion = 3\nvip = ["10.0.0.1", "fe80::1", "2001:db8::1"]';

/** What the virtual routers of a table with these entries install, by family. */
function extras(entries: string, required?: string): unknown[] {
  const { config, issues } = read(router(entries, required));
  expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  return config.virtualRouters.map(({ extras: all }) => all);
}

const route = (text: string): string => `[[vrouter.route]]\n${text}`;
const rule = (text: string): string => `[[vrouter.rule]]\n${text}`;

test('without any there is nothing of them', () => {
  expect(read(router('')).config.virtualRouters[0]).not.toHaveProperty('extras');
});

test.each([
  [
    'to = "default"\nvia = "10.0.0.254"',
    { destination: '0.0.0.0', prefixLength: 0, via: [{ gateway: '10.0.0.254' }] },
  ],
  [
    'to = "192.0.2.0/24"\ninterface = "wan"\ntable = 100\nmetric = 5\nmtu = 1400\nsource = "10.0.0.1"\nscope = "link"',
    {
      ...{ destination: '192.0.2.0', prefixLength: 24, via: [{ interface: 'wan' }], table: 100 },
      ...{ metric: 5, mtu: 1400, source: '10.0.0.1', scope: 'link' },
    },
  ],
  [
    'to = "192.0.2.9"\nvia = ["10.0.0.2", "10.0.1.2%eth1"]\ninterface = "eth0"',
    {
      ...{ destination: '192.0.2.9', prefixLength: 32 },
      via: [
        { interface: 'eth0', gateway: '10.0.0.2' },
        { interface: 'eth1', gateway: '10.0.1.2' },
      ],
    },
  ],
  [
    'to = "192.0.2.0/24"\ntype = "blackhole"',
    { destination: '192.0.2.0', prefixLength: 24, via: [], type: 'blackhole' },
  ],
])('route %j', (text, expected) => {
  const [all] = extras(route(text));
  expect(all).toEqual([{ kind: 'table-route', family: 4, type: 'unicast', table: 254, ...expected }]);
});

test.each([
  ['priority = 5\ntable = 100', { family: 4, priority: 5, table: 100 }],
  [
    'priority = 5\nfrom = "10.0.0.0/8"\nto = "192.0.2.1"\niif = "eth0"\noif = "wan"\nfwmark = 7\ntable = 9',
    {
      ...{ family: 4, priority: 5, from: '10.0.0.0/8', to: '192.0.2.1/32', iif: 'eth0', oif: 'wan' },
      ...{ fwmark: 7, table: 9 },
    },
  ],
  [
    'priority = 5\nfrom = "2001:DB8::/32"\ntype = "prohibit"',
    { family: 6, priority: 5, from: '2001:db8::/32', type: 'prohibit' },
  ],
])('rule %j', (text, expected) => {
  expect(extras(rule(text))[0]).toEqual([{ kind: 'rule', type: 'lookup', ...expected }]);
});

test('of both families each router has its own; of one that the table has not, the first one', () => {
  const text = `${route('to = "default"\nvia = "fe80::9%wan"')}\n${route('to = "default"\nvia = "10.0.0.9"')}`;
  const family = (all: unknown) => (all as { family: number }[]).map((each) => each.family);
  expect(extras(text, BOTH).map(family)).toEqual([[4], [6]]);
  expect(extras(text).map(family)).toEqual([[6, 4]]);
});

test.each([
  [route('via = "10.0.0.9"'), /^error \d+: vrouter\[0\]\.route\[0\]\.to: is missing|must/],
  [route('to = "anywhere"\nvia = "10.0.0.9"'), /route\[0\]\.to = "anywhere": must be a network such as/],
  [route('to = "192.0.2.0/33"\nvia = "10.0.0.9"'), /route\[0\]\.to = .*: must be a network such as/],
  [route('to = "192.0.2.0/24"'), /route\[0\]: must have via or interface/],
  [
    route('to = "192.0.2.0/24"\nvia = "gateway"'),
    /route\[0\]\.via = "gateway": must be an IPv4 or IPv6 address/,
  ],
  [route('to = "192.0.2.0/24"\nvia = "fe80::1"'), /route\[0\]\.via = .*: must be of IPv4, as to is/],
  [route('to = "192.0.2.0/24"\nvia = "10.0.0.9"\ntype = "throw"'), /route\[0\]\.type = "throw": must not be/],
  [route('to = "default"\ninterface = "a/b"'), /route\[0\]\.interface = "a\/b": /],
  [route('to = "default"\nvia = "10.0.0.9"\ntable = 0'), /route\[0\]\.table = 0: must be 1 to 4294967295/],
  [rule('table = 1'), /rule\[0\]\.priority/],
  [rule('priority = 1'), /rule\[0\]\.table: is missing/],
  [rule('priority = 1\ntype = "prohibit"\ntable = 1'), /rule\[0\]\.table = 1: is for type "lookup"/],
  [
    rule('priority = 1\nfrom = "10.0.0.0/8"\nto = "2001:db8::/32"\ntable = 1'),
    /rule\[0\]\.to = .*: must be of IPv4/,
  ],
])('%j is refused', (text, message) => {
  const errors = complaints(router(text)).filter((line) => line.startsWith('error'));
  expect(errors).toEqual([expect.stringMatching(message)]);
});
