import { expect, test } from 'vitest';
import type { Link } from '../plugin/contracts/index.ts';
import { findDrift } from './drift.ts';
import { Holdings } from './holdings.ts';
import { View } from './view.ts';

const resource = {
  kind: 'link',
  type: 'macvlan',
  interface: 'vrrp1',
  parent: 'eth0',
  mac: '00:00:5e:00:01:01',
} as const;
const common = { up: true, running: true, ethernet: true, mtu: 1500, addresses: [] };
const parent: Link = { ...common, index: 1, name: 'eth0', mac: '02:00:00:00:00:01', type: 'veth', parent: 0 };

/** A link of the name, type and parent of ours. */
function child(index: number, mac: string): Link {
  return { ...common, index, name: 'vrrp1', mac, type: 'macvlan', parent: 1 };
}

test('a link of ours is known by its index, whatever its MAC address is', () => {
  const holdings = new Holdings();
  const holding = holdings.adopt({ resource, driver: 'd' });
  expect(findDrift(holdings, new View([parent, child(2, resource.mac)]))).toMatchObject({
    lost: [],
    altered: [],
  });
  const changed = findDrift(holdings, new View([parent, child(2, '02:00:00:00:00:99')]));
  expect(changed).toEqual({ lost: [], removed: [], altered: [holding] });
  const replaced = findDrift(holdings, new View([parent, child(3, '02:00:00:00:00:99')]));
  expect(replaced).toEqual({ lost: [holding], removed: [holding], altered: [] });
});
