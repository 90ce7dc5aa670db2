import { expect, test } from 'vitest';
import type { Link } from '../plugin/contracts/index.ts';
import { edgeFault } from './obstacles.ts';

const link = (address: string, prefixLength: number): Link => ({
  ...{ index: 2, name: 'eth0', mac: '02:00:00:00:00:01', up: true, running: true, ethernet: true },
  ...{ mtu: 1500, type: 'veth', parent: 0 },
  addresses: [{ family: 4, address, prefixLength, label: 'eth0', secondary: false }],
});

test.each<[string, number, string, string | undefined]>([
  ['10.9.0.1', 24, '10.9.0.0', 'own'],
  ['10.9.0.1', 24, '10.9.0.255', 'broadcast'],
  ['10.9.0.1', 24, '10.9.0.100', undefined],
  ['10.9.1.1', 23, '10.9.0.255', undefined],
  ['10.9.1.1', 23, '10.9.1.255', 'broadcast'],
  ['203.0.113.9', 30, '203.0.113.11', 'broadcast'],
  ['203.0.113.8', 31, '203.0.113.8', undefined],
  ['203.0.113.8', 32, '203.0.113.8', undefined],
  ['10.9.0.1', 24, '192.0.2.255', undefined],
])('on %s/%i the address %s: %s', (address, prefixLength, virtual, what) => {
  const fault = edgeFault([virtual], link(address, prefixLength));
  if (what === undefined) expect(fault).toBeUndefined();
  else
    expect(fault).toMatch(new RegExp(`^vip ${virtual} is the ${what} address of the subnet of ${address}/`));
});

test('an interface that is not there yet tells nothing', () => {
  expect(edgeFault(['10.9.0.0'], undefined)).toBeUndefined();
});
