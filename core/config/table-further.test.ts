import { expect, test } from 'vitest';
import { complaints, read, router } from './test-read.ts';

const BOTH = 'group = 1\ninterface = "eth0"\nversion = 3\nvip = ["10.0.0.1", "fe80::1", "2001:db8::1"]';
const address = (text: string): string => `[[vrouter.address]]\n${text}`;

/** The further addresses of the virtual routers of a table, by family. */
function further(entries: string, required?: string): unknown[] {
  const { config, issues } = read(router(entries, required));
  expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  return config.virtualRouters.map((each) => each.further);
}

test('without any there is nothing of them', () => {
  const [only] = read(router('')).config.virtualRouters;
  expect(only).not.toHaveProperty('further');
  expect(only).not.toHaveProperty('lease');
});

test.each([
  ['address = "192.0.2.5"', { family: 4, address: '192.0.2.5', prefixLength: 32 }],
  [
    'address = "192.0.2.5/24"\ninterface = "eth1"\nadvertised = true\nscope = "link"\nlabel = "eth1:7"',
    {
      ...{ family: 4, address: '192.0.2.5', prefixLength: 24, interface: 'eth1' },
      ...{ advertised: true, scope: 'link', label: 'eth1:7' },
    },
  ],
  [
    'address = "192.0.2.5/24"\ninterface = "eth1"\nadvertised = false\nscope = "global"\nlabel = "eth1"',
    { family: 4, address: '192.0.2.5', prefixLength: 24, interface: 'eth1' },
  ],
  ['address = "2001:DB8::0:5/64"', { family: 6, address: '2001:db8::5', prefixLength: 64 }],
])('address %j', (text, expected) => {
  expect(further(address(text))).toEqual([[expected]]);
});

test('of a table of both families each has its own', () => {
  const entries = `${address('address = "192.0.2.5"')}\n${address('address = "2001:db8::5"\nadvertised = true')}`;
  expect(further(entries, BOTH)).toEqual([
    [{ family: 4, address: '192.0.2.5', prefixLength: 32 }],
    [{ family: 6, address: '2001:db8::5', prefixLength: 128, advertised: true }],
  ]);
});

test.each([
  ['interface = "eth1"', 'address'],
  ['address = "nonsense"', 'IPv4 address'],
  ['address = "192.0.2.0/24"', "subnet's own"],
  ['address = "192.0.2.5/33"', 'prefix length of 1 to 32'],
  ['address = "192.0.2.5"\ninterface = "eth1/0"', 'interface name must not contain'],
  ['address = "192.0.2.5"\nscope = "site"', '"global", "link" or "host"'],
  ['address = "2001:db8::5"\nscope = "link"', 'IPv4 addresses alone'],
  ['address = "192.0.2.5"\ninterface = "eth1"\nlabel = "eth2:7"', '"eth1:…"'],
  ['address = "192.0.2.5"\nlabel = "eth0:some-long-name"', 'at most 15 characters'],
  ['address = "2001:db8::5"\nadvertised = true', 'no vip is of IPv6'],
  ['address = "10.0.0.1"', 'is already in'],
  ['address = "192.0.2.5"\nlable = "x"', 'label'],
])('what is wrong with %j', (text, complaint) => {
  const found = complaints(router(address(text)));
  expect(found.join('\n')).toContain(complaint);
  expect(found).toHaveLength(1);
});

test('an address twice on an interface, not on two', () => {
  const on = (name: string) => address(`address = "192.0.2.5"\ninterface = "${name}"`);
  expect(further(`${on('eth1')}\n${on('eth2')}`)[0]).toHaveLength(2);
  expect(complaints(router(`${on('eth1')}\n${on('eth1')}`)).join()).toContain('must be unique');
});

test.each([
  ['lease = 10', undefined],
  ['lease = 3', undefined],
  ['lease = 2', 'seconds, 3 to 3600'],
  ['lease = 1.5', 'seconds, 3 to 3600'],
  ['lease = 4\ntimers = { advert = 2 }', 'must be 5 at least, more than twice timers.advert'],
  ['lease = 5\ntimers = { advert = 2 }', undefined],
])('%j', (text, complaint) => {
  const found = complaints(router(text));
  if (complaint === undefined) {
    expect(found).toEqual([]);
    expect(read(router(text)).config.virtualRouters[0]!.lease).toBe(Number(/\d+/.exec(text)![0]));
  } else expect(found.join()).toContain(complaint);
});

test('two virtual routers may have one, if they want it alike', () => {
  const two = (one: string, other: string): string =>
    router(address(one)) + router(address(other), 'group = 2\ninterface = "eth0"\nvip = "10.0.0.2/24"');
  const text = 'address = "192.0.2.5/24"';
  expect(complaints(two(text, `${text}\nlabel = "eth0:x"`))).toEqual([]);
  expect(complaints(two('address = "10.0.0.2/24"', text))).toEqual([]);
  expect(complaints(two(text, 'address = "192.0.2.5"')).join()).toContain(
    'with /24: must be the same on eth0',
  );
  expect(complaints(two(text, `${text}\nscope = "link"`)).join()).toContain('must be the same');
  expect(complaints(two('address = "10.0.0.2"', text)).join()).toContain('with /24');
});
