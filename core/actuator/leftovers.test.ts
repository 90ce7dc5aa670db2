import { describe, expect, it } from 'vitest';
import type { KernelResource, Link } from '../plugin/contracts/index.ts';
import type { JournalEntry } from './journal.ts';
import { sift } from './leftovers.ts';
import { View } from './view.ts';

const VIP = '192.0.2.1';
const VIRTUAL_MAC = '00:00:5e:00:01:07';

function eth(name: string, index: number, more: Partial<Link> = {}): Link {
  const common = { up: true, running: true, ethernet: true, mtu: 1500, type: 'veth', parent: 0 };
  return { ...common, name, index, mac: '02:00:00:00:00:01', addresses: [], ...more };
}

function has(link: Link, label: string, prefixLength = 32, address = VIP): Link {
  const added = { family: 4, address, prefixLength, label, secondary: false } as const;
  return { ...link, addresses: [...link.addresses, added] };
}

const vif = (index: number, more: Partial<Link> = {}) =>
  eth('vif7', index, { type: 'macvlan', parent: 2, mac: VIRTUAL_MAC, ...more });

const address: KernelResource = {
  kind: 'address',
  interface: 'eth0',
  family: 4,
  address: VIP,
  prefixLength: 32,
  label: 'eth0:7',
};
const mac: KernelResource = { kind: 'mac', interface: 'eth0', mac: VIRTUAL_MAC };
const link: KernelResource = {
  kind: 'link',
  type: 'macvlan',
  interface: 'vif7',
  parent: 'eth0',
  mac: VIRTUAL_MAC,
};
const setting: KernelResource = {
  kind: 'sysctl',
  path: ['net', 'ipv4', 'conf', 'eth0', 'arp_ignore'],
  value: '1',
};
const ownSetting: KernelResource = {
  kind: 'sysctl',
  path: ['net', 'ipv4', 'conf', 'vif7', 'arp_ignore'],
  value: '1',
};
const route: KernelResource = {
  kind: 'route',
  family: 4,
  destination: '0.0.0.0',
  prefixLength: 0,
  gateway: '192.0.2.9',
};

const entry = (resource: KernelResource, more: Partial<JournalEntry> = {}): JournalEntry => ({
  resource,
  driver: 'd',
  ...more,
});

/** Each entry's lot, by the name it has now. */
function lots(entries: readonly JournalEntry[], ...links: Link[]): string[] {
  const { ours, strangers } = sift(entries, new View(links));
  return [
    ...ours.map(({ resource }) => `ours: ${'interface' in resource ? resource.interface : resource.kind}`),
    ...strangers.map(({ resource }) => `stranger: ${resource.kind}`),
  ];
}

describe('of this namespace', () => {
  it('an entry that holds is the same object', () => {
    const entries = [
      entry(mac, { index: 2, original: '02:00:00:00:00:09' }),
      entry(address, { index: 2 }),
      entry(setting, { index: 2, original: '0' }),
      entry(route),
    ];
    const { ours, strangers } = sift(entries, new View([has(eth('eth0', 2), 'eth0:7')]));
    expect(ours.every((each, i) => each === entries[i])).toBe(true);
    expect(ours).toHaveLength(4);
    expect(strangers).toEqual([]);
  });

  it.each([
    ['our label', has(eth('eth0', 2), 'eth0:7'), ['ours: eth0']],
    ['a label that a driver chose', has(eth('eth0', 2), 'eth0:0'), ['ours: eth0']],
    ['no label: the administrator’s own', has(eth('eth0', 2), 'eth0'), ['stranger: address']],
    ['its network’s prefix', has(eth('eth0', 2), 'eth0:7', 24), ['stranger: address']],
    ['both', has(has(eth('eth0', 2), 'eth0', 24), 'eth0:7'), ['ours: eth0']],
  ])('an address with %s', (_, on, expected) => {
    expect(lots([entry(address, { index: 2 })], on)).toEqual(expected);
    expect(lots([entry(address)], on)).toEqual(expected); // of a release that noted no index
  });

  it.each([
    ['as drivers add it', { deprecated: true }, 128, ['ours: eth0']],
    ['as the administrator adds it', {}, 128, ['stranger: address']],
    ['its network’s prefix', { deprecated: true }, 64, ['stranger: address']],
  ])('an IPv6 address with %s', (_, mark, prefixLength, expected) => {
    const six = { family: 6, address: 'fe80::5e00:207' } as const;
    const there = { ...six, ...mark, prefixLength, label: '', secondary: false };
    const wanted: KernelResource = { kind: 'address', interface: 'eth0', ...six, prefixLength: 128 };
    const on = eth('eth0', 2, { addresses: [there] });
    expect(lots([entry(wanted, { index: 2 })], on)).toEqual(expected);
  });

  it('nothing is left on an interface that has gone, whoever has its name now', () => {
    const entries = [
      entry(mac, { index: 2, original: '02:00:00:00:00:09' }),
      entry(address, { index: 2 }),
      entry(setting, { index: 2, original: '0' }),
    ];
    expect(lots(entries, has(eth('eth0', 9), 'eth0:7'))).toEqual([]);
  });

  it('follows an interface that was renamed, settings and labels too', () => {
    const entries = [
      entry(mac, { index: 2, original: '02:00:00:00:00:09' }),
      entry(address, { index: 2 }),
      entry(setting, { index: 2, original: '0' }),
    ];
    const kernel = new View([has(eth('lan', 2), 'lan:7'), eth('eth0', 3)]);
    expect(sift(entries, kernel)).toEqual({
      ours: [
        { ...entries[0], resource: { ...mac, interface: 'lan' } },
        { ...entries[1], resource: { ...address, interface: 'lan', label: 'lan:7' } },
        { ...entries[2], resource: { ...setting, path: ['net', 'ipv4', 'conf', 'lan', 'arp_ignore'] } },
      ],
      strangers: [],
    });
  });

  it.each([
    ['as it was made', vif(5), 5, ['ours: vif7', 'ours: sysctl', 'ours: vif7']],
    [
      'with another MAC address',
      vif(5, { mac: '02:00:00:00:00:77' }),
      5,
      ['ours: vif7', 'ours: sysctl', 'ours: vif7'],
    ],
    ['of another index', vif(6), 5, ['stranger: link', 'stranger: sysctl', 'stranger: up']],
    ['before its index was known', vif(6), undefined, ['ours: vif7', 'ours: sysctl', 'ours: vif7']],
    ['of another type', vif(5, { type: 'dummy' }), 5, ['stranger: link', 'stranger: sysctl', 'stranger: up']],
    ['renamed', vif(5, { name: 'mine' }), 5, ['ours: mine', 'ours: sysctl', 'ours: mine']],
    ['gone', eth('other', 8), 5, []],
  ])('an interface of ours %s, and what is on it', (_, on, index, expected) => {
    const entries = [
      entry(link, index === undefined ? {} : { index }),
      entry(ownSetting),
      entry({ kind: 'up', interface: 'vif7' }),
    ];
    expect(lots(entries, eth('eth0', 2), on)).toEqual(expected);
  });
});

describe('of a namespace that may have been another one', () => {
  const doubt = (resource: KernelResource, more: Partial<JournalEntry> = {}) =>
    entry(resource, { doubtful: true, index: 2, ...more });

  it('what has our marks is ours, and not doubtful any more', () => {
    const entries = [doubt(mac, { original: '02:00:00:00:00:09' }), doubt(address)];
    const on = has(eth('eth0', 2, { mac: VIRTUAL_MAC }), 'eth0:7');
    expect(sift(entries, new View([on]))).toEqual({
      ours: [entry(mac, { index: 2, original: '02:00:00:00:00:09' }), entry(address, { index: 2 })],
      strangers: [],
    });
  });

  it('an interface with our name, type, parent and MAC address is ours, and what is on it', () => {
    const own: KernelResource = { ...address, interface: 'vif7' };
    const { label: _, ...plain } = own;
    const entries = [
      entry(link, { doubtful: true }),
      entry(ownSetting, { doubtful: true }),
      entry(plain, { doubtful: true }),
    ];
    const { ours } = sift(entries, new View([eth('eth0', 2), has(vif(5), 'vif7')]));
    expect(ours).toEqual([entry(link), entry(ownSetting), entry(plain)]);
    expect(lots(entries, eth('eth0', 2), vif(5, { mac: '02:00:00:00:00:77' }))).toEqual([
      'stranger: link',
      'stranger: sysctl',
      'stranger: address',
    ]);
  });

  it('everything else is left alone', () => {
    const other: KernelResource = { kind: 'mac', interface: 'eth0', mac: '02:00:00:00:00:01' };
    const entries = [
      doubt(other, { original: '02:00:00:00:00:09' }),
      doubt(address),
      doubt(setting, { original: '0' }),
      doubt({ kind: 'up', interface: 'eth0' }),
      entry(route, { doubtful: true }),
    ];
    expect(lots(entries, has(eth('eth0', 2), 'eth0'))).toEqual([
      'stranger: mac',
      'stranger: address',
      'stranger: sysctl',
      'stranger: up',
      'stranger: route',
    ]);
    const { label: _, ...plain } = address as Extract<KernelResource, { kind: 'address' }>;
    expect(lots([doubt(plain)], has(eth('eth0', 2), 'eth0'))).toEqual(['stranger: address']);
  });
});
