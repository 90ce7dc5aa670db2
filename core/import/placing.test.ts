import { expect, test } from 'vitest';
import { importKeepalived } from './convert.ts';

/** What an instance with these blocks becomes: directives about addresses, and why some have no counterpart. */
function placed(advertised: readonly string[], excluded: readonly string[] = [], ...more: readonly string[]) {
  const text = [
    ...['vrrp_instance I {', 'interface eth0', 'virtual_router_id 1', ...more],
    ...(advertised.length > 0 ? ['virtual_ipaddress {', ...advertised, '}'] : []),
    ...(excluded.length > 0 ? ['virtual_ipaddress_excluded {', ...excluded, '}'] : []),
    '}',
  ].join('\n');
  const { text: made = '', faults } = importKeepalived('k.conf', 'main', {
    read: () => text,
    names: () => [],
  });
  expect(faults).toEqual([]);
  const lines = made.split('\n');
  const start = lines.indexOf('[[vrouter]]');
  return {
    router: lines
      .slice(start)
      .filter((line) => /^(interface|vip) /.test(line))
      .slice(0, 2),
    further: made
      .split('[[vrouter.address]]\n')
      .slice(1)
      .map((table) => table.split('\n\n')[0]!.trim().replaceAll('\n', ', ')),
    whys: lines.filter((line) => line.startsWith('# line ')).map((line) => line.replace(/^# line \d+: /, '')),
  };
}

test('those that are not advertised are beside the virtual ones, of either family', () => {
  const { router, further, whys } = placed(['10.0.0.1/24'], ['10.0.0.2/24', '2001:db8::2/64']);
  expect(router).toEqual(['interface = "eth0"', 'vip = "10.0.0.1/24"']);
  expect(further).toEqual(['address = "10.0.0.2/24"', 'address = "2001:db8::2/64"']);
  expect(whys).toEqual([]);
});

test('those on other interfaces are there, and advertised as they were', () => {
  const { router, further, whys } = placed(
    ['10.0.0.1/24', '192.0.2.1/24 dev eth1', '192.0.2.2/32 dev lo'],
    ['2001:db8::2/64 dev eth2'],
  );
  expect(router).toEqual(['interface = "eth0"', 'vip = "10.0.0.1/24"']);
  expect(further).toEqual([
    'address = "192.0.2.1/24", interface = "eth1", advertised = true',
    'address = "192.0.2.2/32", interface = "lo", advertised = true',
    'address = "2001:db8::2/64", interface = "eth2"',
  ]);
  expect(whys).toEqual([]);
});

test('labels and scopes are kept where there is another virtual address, and the interface can have them', () => {
  const { router, further, whys } = placed(
    ['10.0.0.1/24', '10.0.0.2/24 label eth0:2', '10.0.0.3/24 scope link', '10.0.0.4/24 label web'],
    ['192.0.2.5/24 dev eth1 label eth1:5 scope 254', '192.0.2.6/24 dev eth1 scope site label eth1'],
  );
  expect(router[1]).toBe('vip = [ "10.0.0.1/24", "10.0.0.4/24" ]');
  expect(further).toEqual([
    'address = "10.0.0.2/24", label = "eth0:2", advertised = true',
    'address = "10.0.0.3/24", scope = "link", advertised = true',
    'address = "192.0.2.5/24", interface = "eth1", scope = "host", label = "eth1:5"',
    'address = "192.0.2.6/24", interface = "eth1"',
  ]);
  expect(whys).toEqual([
    '10.0.0.4/24 label web: without label web: must begin with "eth0:", and have at most 15 characters',
    '192.0.2.6/24 dev eth1 scope site label eth1: without scope site: is global, link or host',
  ]);
});

test('on a virtual interface labels begin with its name', () => {
  const { further } = placed(
    ['10.0.0.1/24', '10.0.0.2/24 label v1:2', '10.0.0.3/24 dev v1'],
    [],
    'use_vmac v1',
  );
  expect(further).toEqual(['address = "10.0.0.2/24", label = "v1:2", advertised = true']);
});

test('beside a virtual interface are those of the other family', () => {
  const { further } = placed(['10.0.0.1/24'], ['2001:db8::1/64', '10.0.0.2/24'], 'use_vmac v1');
  expect(further).toEqual(['address = "2001:db8::1/64", interface = "eth0"', 'address = "10.0.0.2/24"']);
});

test('interfaces that addresses are on are tracked, each once, but for lo and those that need not be', () => {
  const text = (...more: readonly string[]) =>
    `vrrp_instance I {\ninterface eth0\nvirtual_router_id 1\n${more.join('\n')}\nvirtual_ipaddress {\n10.0.0.1/24\n` +
    '192.0.2.1/24 dev eth1\n192.0.2.2/24 dev eth1\n192.0.2.3/32 dev lo\n192.0.2.4/24 dev eth2 no_track\n}\n' +
    'virtual_ipaddress_excluded {\n198.51.100.1/24 dev eth3\n}\n}';
  const tracks = (...more: readonly string[]) =>
    importKeepalived('k.conf', 'main', { read: () => text(...more), names: () => [] })
      .text?.split('\n')
      .find((line) => line.startsWith('track = '));
  expect(tracks()).toBe('track = [ "eth1", "eth3" ]');
  expect(tracks('track_interface {\neth3 weight -5\n}')).toBe(
    'track = [ { name = "eth3", weight = -5 }, "eth1" ]',
  );
  const routes = [
    '10.7.0.0/16 via 192.0.2.9 dev eth5',
    '10.8.0.0/16 dev eth0',
    '10.9.0.0/16 dev eth6 no_track',
  ];
  expect(tracks('virtual_routes {', ...routes, '}')).toBe('track = [ "eth1", "eth3", "eth5" ]');
});

test.each([
  [['10.0.0.1/24 label eth0:1'], 'without label eth0:1: the first virtual address has one of rvrrpd’s own'],
  [['10.0.0.1/24 scope link'], 'without scope link: the first virtual address has the scope global'],
  [['10.0.0.1/24 dev lo'], 'is on eth0: a virtual router has an address where it speaks VRRP'],
])('the only one is the virtual address: %j', (addresses, why) => {
  const { router, further, whys } = placed(addresses);
  expect(router).toEqual(['interface = "eth0"', 'vip = "10.0.0.1/24"']);
  expect(further).toEqual([]);
  expect(whys).toEqual([`${addresses[0]}: ${why}`]);
});

test('where all are elsewhere, VRRP is spoken there', () => {
  const { router, further } = placed(
    ['192.0.2.2/32 dev lo', '192.0.2.1/24 dev eth1', '198.51.100.1/24 dev eth2'],
    ['10.0.0.1/24'],
  );
  expect(router).toEqual(['interface = "eth1"', 'vip = "192.0.2.1/24"']);
  expect(further).toEqual([
    'address = "192.0.2.2/32", interface = "lo", advertised = true',
    'address = "198.51.100.1/24", interface = "eth2", advertised = true',
    'address = "10.0.0.1/24", interface = "eth0"',
  ]);
});

test('where none is advertised, the first one is', () => {
  const { router, further, whys } = placed([], ['2001:db8::1/64 dev eth1', '2001:db8::2/64', '10.0.0.1/24']);
  expect(router).toEqual(['interface = "eth0"', 'vip = "2001:db8::2/64"']);
  expect(further).toEqual(['address = "2001:db8::1/64", interface = "eth1"', 'address = "10.0.0.1/24"']);
  expect(whys).toEqual(['2001:db8::2/64: is advertised: a virtual router has an address that is']);
});

test('one of the other family, and one that is there twice, are left out', () => {
  const { further, whys } = placed(
    ['10.0.0.1/24', '2001:db8::1/64', '10.0.0.1/32'],
    ['10.0.0.1/24 dev eth1'],
  );
  expect(further).toEqual(['address = "10.0.0.1/24", interface = "eth1"']);
  expect(whys).toEqual([
    '2001:db8::1/64: is not of IPv4 as the first is, and keepalived ignores it',
    '10.0.0.1/32: is there twice on eth0',
  ]);
});

test('what an advertisement has no room for is not advertised', () => {
  const many = Array.from({ length: 256 }, (_, index) => `10.0.1.${index}/32`).slice(0, 255);
  const { router, further, whys } = placed(['10.0.0.1/24', ...many]);
  expect(router[0]).toBe('interface = "eth0"');
  expect(further).toEqual(['address = "10.0.1.254/32"']);
  expect(whys).toEqual(['10.0.1.254/32: is not advertised: an advertisement holds 255 addresses']);
});
