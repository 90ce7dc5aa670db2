import { expect, test } from 'vitest';
import type { Link } from '../plugin/contracts/index.ts';
import { View } from './view.ts';

const link = (over: Partial<Link>): Link => ({
  index: 1,
  name: 'eth0',
  mac: '02:00:00:00:00:01',
  up: true,
  running: true,
  ethernet: true,
  mtu: 1500,
  type: 'veth',
  parent: 0,
  addresses: [],
  ...over,
});
const child = link({ index: 2, name: 'vrrp1', mac: '00:00:5e:00:01:01', type: 'macvlan', parent: 1 });
const wanted = {
  kind: 'link',
  type: 'macvlan',
  interface: 'vrrp1',
  parent: 'eth0',
  mac: '00:00:5e:00:01:01',
} as const;

test('a link is found on its parent', () => {
  expect(new View([link({}), child]).find(wanted)).toEqual({ is: 'same' });
  expect(new View([link({})]).find(wanted)).toEqual({ is: 'absent' });
  expect(new View([]).find(wanted)).toEqual({ is: 'homeless' });
});

test('below a macvlan interface, the parent is that interface’s own parent', () => {
  const parent = link({ index: 5, type: 'macvlan', parent: 9 }); // 9 may be in another namespace
  expect(new View([parent, { ...child, parent: 9 }]).find(wanted)).toEqual({ is: 'same' });
  const view = new View([parent]);
  view.installed(wanted);
  expect(view.find(wanted)).toEqual({ is: 'same' });
});

test('a link of another MAC address may be ours all the same: its index tells', () => {
  const altered = { ...child, mac: '02:00:00:00:00:99' };
  expect(new View([link({}), altered]).find(wanted)).toMatchObject({ is: 'altered', index: 2 });
});

test('a link whose parent was renamed is still ours', () => {
  expect(new View([link({ name: 'lan0' }), child]).find(wanted)).toEqual({ is: 'same' });
});

test('a link of that name with another parent or type is somebody else’s', () => {
  const other = link({ index: 3, name: 'eth1' });
  for (const stranger of [
    { ...child, parent: 3 },
    { ...child, type: 'vlan' },
  ]) {
    expect(new View([link({}), other, stranger]).find(wanted).is).toBe('other');
  }
});
