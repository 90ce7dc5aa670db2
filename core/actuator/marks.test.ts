import { expect, test } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import type { KernelResource, Link, LinkAddress } from '../plugin/contracts/index.ts';
import { findMarked, isSuspected, macOfLinkLocal } from './marks.ts';
import { View } from './view.ts';

const router: VirtualRouterConfig = {
  position: { file: 'test', line: 1 },
  vrid: 7,
  interface: 'eth0',
  family: 4,
  version: 2,
  addresses: ['192.0.2.1'],
  priority: 100,
  preempt: true,
  advertisementIntervalCs: 100,
  rfc3768: true,
  addressCheck: 'any',
  authSecret: '',
  vifname: 'standby7',
  socketFilter: true,
} as VirtualRouterConfig;
const MAC = '00:00:5e:00:01:07';
const vip: KernelResource = {
  kind: 'address',
  interface: 'eth0',
  family: 4,
  address: '192.0.2.1',
  prefixLength: 32,
  label: 'eth0:7',
};
const own: LinkAddress = {
  family: 4,
  address: '192.0.2.10',
  prefixLength: 24,
  label: 'eth0',
  secondary: false,
};

const link = (over: Partial<Link> = {}): Link => ({
  index: 2,
  name: 'eth0',
  mac: '02:00:00:00:00:01',
  up: true,
  running: true,
  ethernet: true,
  mtu: 1500,
  type: '',
  parent: 0,
  addresses: [own],
  ...over,
});
const withVip = (over: Partial<LinkAddress>): Link =>
  link({
    addresses: [
      own,
      { family: 4, address: '192.0.2.1', prefixLength: 32, label: 'eth0', secondary: false, ...over },
    ],
  });

test('nothing of ours is suspected where nothing is', () => {
  expect(isSuspected(router, new View([link()]))).toBe(false);
  expect(isSuspected(router, new View([withVip({})]))).toBe(true);
  expect(isSuspected(router, new View([link({ mac: MAC })]))).toBe(true);
});

test('an address is ours by its label, doubtful with a prefix of its own, and none of our business otherwise', () => {
  const find = (there: Link) => findMarked(router, [vip], new View([there]));
  expect(find(withVip({ label: 'eth0:7' }))).toEqual({ resources: [vip], doubtful: [] });
  expect(find(withVip({}))).toEqual({ resources: [], doubtful: ['192.0.2.1'] });
  expect(find(withVip({ label: 'eth0:8' }))).toEqual({ resources: [], doubtful: ['192.0.2.1'] });
  expect(find(withVip({ prefixLength: 24 }))).toEqual({ resources: [], doubtful: [] });
  const alone = withVip({});
  expect(find({ ...alone, addresses: alone.addresses.slice(1) })).toEqual({ resources: [], doubtful: [] });
});

test('a macvlan interface is ours by its MAC address on our interface, whatever its name', () => {
  const child = link({ index: 9, name: 'old7', type: 'macvlan', mac: MAC, parent: 2, addresses: [] });
  const find = (...links: Link[]) => findMarked(router, [], new View(links)).resources;
  expect(find(link(), child)).toEqual([
    { kind: 'link', type: 'macvlan', interface: 'old7', parent: 'eth0', mac: MAC },
  ]);
  const other = link({ index: 3, name: 'eth1' });
  expect(find(link(), other, { ...child, parent: 3 })).toEqual([]);
  expect(find(link(), { ...child, type: 'vlan' })).toEqual([]);
  expect(find(link(), { ...child, mac: '00:00:5e:00:01:08' })).toEqual([]);
});

test('an interface with the virtual MAC address has it from us', () => {
  expect(findMarked(router, [], new View([link({ mac: MAC })])).resources).toEqual([
    { kind: 'mac', interface: 'eth0', mac: MAC },
  ]);
});

test.each([
  ['fe80::ff:fe00:0', '02:00:00:00:00:00'],
  ['fe80::211:22ff:fe33:4455', '00:11:22:33:44:55'],
  ['fe80::5054:ff:fe12:3456', '52:54:00:12:34:56'],
  ['fe80::1', undefined],
  ['fe80::a1b2:c3d4:e5f6:1234', undefined], // stable-privacy
  ['2001:db8::211:22ff:fe33:4455', undefined],
  ['192.0.2.1', undefined],
])('%s was made of %s', (address, mac) => {
  expect(macOfLinkLocal(address)).toBe(mac);
});

const SIX = { ...router, family: 6, version: 3, addresses: ['fe80::5e00:207', '2001:db8::1'] } as const;
const six = (address: string, prefixLength: number, more: Partial<LinkAddress> = {}): LinkAddress => ({
  family: 6,
  address,
  prefixLength,
  label: '',
  secondary: false,
  ...more,
});
const planned = (address: string, prefixLength: number): KernelResource => ({
  kind: 'address',
  interface: 'eth0',
  family: 6,
  address,
  prefixLength,
});

test.each([
  ['an IPv6 address as drivers add it is ours', 128, 128, true, true, []],
  ['also with the prefix length of its network', 64, 64, true, true, []],
  ['not with another one than planned', 64, 128, true, false, []],
  ['one of the administrator is not, but has no network', 128, 128, false, false, ['2001:db8::1']],
  ['one of the administrator in its network is its own', 64, 64, false, false, []],
] as const)('%s', (_, there, wanted, deprecated, isOurs, doubtful) => {
  const found = six('2001:db8::1', there, deprecated ? { deprecated } : {});
  const view = new View([link({ addresses: [six('2001:db8::10', 64), found] })]);
  const plan = [planned('2001:db8::1', wanted)];
  expect(findMarked(SIX, plan, view)).toEqual({ resources: isOurs ? plan : [], doubtful });
});

test('an interface with nothing but link-local addresses has no network beside a host address', () => {
  const view = new View([link({ addresses: [six('fe80::1', 64), six('2001:db8::1', 128)] })]);
  expect(findMarked(SIX, [planned('2001:db8::1', 128)], view).doubtful).toEqual([]);
});

test("an IPv4 address with its network's prefix length is ours by its label", () => {
  const plan = [{ ...vip, prefixLength: 24 }] as KernelResource[];
  const there = (label: string) => new View([withVip({ prefixLength: 24, label })]);
  expect(findMarked(router, plan, there('eth0:7')).resources).toEqual(plan);
  expect(findMarked(router, plan, there('eth0'))).toEqual({ resources: [], doubtful: [] });
});
