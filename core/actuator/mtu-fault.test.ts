import { expect, test } from 'vitest';
import type { Link } from '../plugin/contracts/index.ts';
import { mtuFault } from './mtu-fault.ts';

const link = (mtu: number): Link => ({
  ...{ index: 1, name: 'eth0', mac: '02:00:00:00:00:01', up: true, running: true, ethernet: true },
  ...{ mtu, type: 'veth', parent: 0, addresses: [] },
});
const of = (version: 2 | 3, family: 4 | 6, count: number) => ({
  ...{ version, family },
  addresses: Array.from({ length: count }, () => (family === 4 ? '192.0.2.1' : 'fe80::1')),
});

test.each([
  [2, 4, 255, 20 + 8 + 1020 + 8],
  [3, 4, 255, 20 + 8 + 1020],
  [3, 6, 255, 40 + 8 + 4080],
  [3, 6, 90, 40 + 8 + 1440],
] as const)('version %d over IPv%d, %d addresses: %d octets', (version, family, count, octets) => {
  expect(mtuFault(of(version, family, count), link(octets))).toBeUndefined();
  expect(mtuFault(of(version, family, count), link(octets - 1))).toBe(
    `an advertisement with its ${count} addresses takes ${octets} octets, and eth0 has an MTU of ${octets - 1}: ` +
      'give it fewer addresses, or all routers of the group a larger MTU',
  );
});

test('an interface that is not there yet is no fault', () => {
  expect(mtuFault(of(3, 6, 255), undefined)).toBeUndefined();
});
