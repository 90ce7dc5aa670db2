import { describe, expect, test } from 'vitest';
import { complaints, read, router } from './test-read.ts';

const required = (vip: string): string => `group = 7\ninterface = "eth0"\nvip = ${vip}`;
const SIX = '["fe80::1", "2001:db8::1"]';
const BOTH = '["10.0.0.1", "fe80::1", "2001:db8::1"]';
/** Complaints about a router with these directives, the first one in line 5. */
const about = (directives: string, vip = '"10.0.0.1"'): string[] =>
  complaints(router(directives, required(vip)));
/** What became of the directives of a file without errors. */
const peersOf = (directives: string, vip?: string) => {
  const { config, issues } = read(router(directives, required(vip ?? '"10.0.0.1"')));
  expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  return config.virtualRouters.map(({ family, peers, source, minTtl }) => ({
    family,
    peers,
    source,
    minTtl,
  }));
};

describe('what is understood', () => {
  test('without peers there is nothing of them', () => {
    const [made] = read(router('')).config.virtualRouters;
    for (const name of ['peers', 'source', 'minTtl']) expect(made).not.toHaveProperty(name);
  });

  test('peers of IPv4, with a source and a least TTL', () => {
    const text = 'peers = ["10.0.0.2", "192.0.2.7"]\nsource = "10.0.0.3"\nmin_ttl = 250';
    expect(peersOf(text)).toEqual([
      { family: 4, peers: ['10.0.0.2', '192.0.2.7'], source: '10.0.0.3', minTtl: 250 },
    ]);
  });

  test('each address has one spelling', () => {
    expect(peersOf('version = 3\npeers = ["2001:DB8:0::2"]\nsource = "2001:db8::0:3"', SIX)).toEqual([
      { family: 6, peers: ['2001:db8::2'], source: '2001:db8::3', minTtl: undefined },
    ]);
  });

  test('a table of both families: to each its peers, and the source to its own', () => {
    const text = 'version = 3\npeers = ["2001:db8::2", "10.0.0.2", "2001:db8::3"]\nsource = "2001:db8::9"';
    expect(peersOf(text, BOTH)).toEqual([
      { family: 4, peers: ['10.0.0.2'], source: undefined, minTtl: undefined },
      { family: 6, peers: ['2001:db8::2', '2001:db8::3'], source: '2001:db8::9', minTtl: undefined },
    ]);
  });

  test('link-local peers', () => {
    expect(peersOf('version = 3\npeers = ["fe80::2"]\nsource = "fe80::3"', SIX)[0]).toMatchObject({
      peers: ['fe80::2'],
      source: 'fe80::3',
    });
  });

  test('255 peers', () => {
    const many = (count: number) =>
      `peers = [${Array.from({ length: count }, (_, at) => `"10.1.${at >> 8}.${at & 255}"`).join()}]`;
    expect(peersOf(many(255))[0]?.peers).toHaveLength(255);
    expect(about(many(256))).toEqual(['error 5: vrouter[0].peers = […]: has 256 peers: 255 at most']);
  });
});

describe('what is refused, with its line', () => {
  test.each([
    [
      'peers = []',
      'error 5: vrouter[0].peers = []: must name one peer at least; without peers, leave it out',
    ],
    [
      'peers = "10.0.0.2"',
      'error 5: vrouter[0].peers = "10.0.0.2": must be an array of IPv4 or IPv6 addresses',
    ],
    ['peers = [7]', 'error 5: vrouter[0].peers[0] = 7: must be an IPv4 or IPv6 address'],
    [
      'peers = ["r2"]',
      'error 5: vrouter[0].peers[0] = "r2": must be an IPv4 address such as 192.0.2.1, or an IPv6 address such as 2001:db8::1',
    ],
    [
      'peers = ["10.0.0.2/24"]',
      'error 5: vrouter[0].peers[0] = "10.0.0.2/24": must be an address without a prefix length',
    ],
    [
      'peers = ["224.0.0.18"]',
      'error 5: vrouter[0].peers[0] = "224.0.0.18": must not be a multicast address',
    ],
    ['peers = ["127.0.0.1"]', 'error 5: vrouter[0].peers[0] = "127.0.0.1": must not be a loopback address'],
    [
      'peers = [\n  "10.0.0.2",\n  "10.0.0.2"\n]',
      'error 7: vrouter[0].peers[1] = "10.0.0.2": is already vrouter[0].peers[0] (line 6): each peer must be named once',
    ],
    [
      'peers = ["10.0.0.2"]\nsource = "10.0.0.2"',
      'error 5: vrouter[0].peers[0] = "10.0.0.2": is our own address, source: peers must be other routers',
    ],
    [
      'peers = ["10.0.0.1"]',
      'error 5: vrouter[0].peers[0] = "10.0.0.1": is a virtual address, vip: must be an address of the other router itself',
    ],
    [
      'peers = ["2001:db8::2"]',
      'error 5: vrouter[0].peers[0] = "2001:db8::2": must be an IPv4 address, as vip has no other',
    ],
    [
      'peers = ["10.0.0.2"]\nsource = "2001:db8::2"',
      'error 6: vrouter[0].source = "2001:db8::2": must be an IPv4 address, as vip has no other',
    ],
    [
      'source = "10.0.0.2"',
      'error 5: vrouter[0].source = "10.0.0.2": must not be set without peers: multicast has no use for it',
    ],
    [
      'min_ttl = 254',
      'error 5: vrouter[0].min_ttl = 254: must not be set without peers: multicast has no use for it',
    ],
    ['peers = ["10.0.0.2"]\nmin_ttl = 0', 'error 6: vrouter[0].min_ttl = 0: must be 1 to 255'],
    ['peers = ["10.0.0.2"]\nmin_ttl = 256', 'error 6: vrouter[0].min_ttl = 256: must be 1 to 255'],
  ])('%s', (directives, complaint) => {
    expect(about(directives)).toEqual([complaint]);
  });

  test('a virtual address as source is told: only its owner has it before it is Master', () => {
    expect(about('peers = ["10.0.0.2"]\nsource = "10.0.0.1"')).toEqual([
      'warning 6: vrouter[0].source = "10.0.0.1": is a virtual address, vip: unless this host is its owner, it has it as ' +
        'Master alone, and stays Down without it',
    ]);
  });

  test('a family without a peer', () => {
    expect(about('version = 3\npeers = ["10.0.0.2"]', BOTH)).toEqual([
      'error 6: vrouter[0].peers = ["10.0.0.2"]: must name an IPv6 address too: vip has both families',
    ]);
    expect(about('version = 3\npeers = ["2001:db8::2"]', BOTH)).toEqual([
      'error 6: vrouter[0].peers = ["2001:db8::2"]: must name an IPv4 address too: vip has both families',
    ]);
  });

  test('what needs two sources', () => {
    expect(about('version = 3\npeers = ["fe80::2", "2001:db8::2"]', SIX)).toEqual([
      'error 6: vrouter[0].peers[1] = "2001:db8::2": must be link-local like vrouter[0].peers[0] (line 6): both need a source of their own',
    ]);
    expect(about('version = 3\npeers = ["2001:db8::2"]\nsource = "fe80::3"', SIX)).toEqual([
      'error 7: vrouter[0].source = "fe80::3": must be not link-local like the peers, vrouter[0].peers[0] (line 6)',
    ]);
  });

  test('a zone', () => {
    expect(about('version = 3\npeers = ["fe80::2%eth0"]', SIX)).toEqual([
      'error 6: vrouter[0].peers[0] = "fe80::2%eth0": must be an address without a zone: a link-local one is on the router\'s interface',
    ]);
  });

  test('one source for the same group on two interfaces', () => {
    const table = (on: string): string =>
      router('peers = ["10.0.0.2"]\nsource = "10.0.0.3"', `group = 7\ninterface = "${on}"\nvip = "10.0.0.1"`);
    expect(complaints(table('eth0') + table('eth1'))).toEqual([
      'error 12: vrouter[1].source = "10.0.0.3": is already vrouter[0].source (line 6) for group 7 on eth0: the same group on two interfaces needs two sources',
    ]);
  });
});
