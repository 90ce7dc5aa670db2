import { expect, test } from 'vitest';
import type { Link } from '../plugin/contracts/index.ts';
import { realAddresses } from './plan.ts';

const link = (...addresses: string[]): Link => ({
  ...{ index: 2, name: 'eth0', mac: '02:00:00:00:00:01', up: true, running: true, ethernet: true },
  ...{ mtu: 1500, type: 'veth', parent: 0 },
  addresses: addresses.map((text) => {
    const [address, prefix] = text.split('/') as [string, string];
    const family = address.includes(':') ? 6 : 4;
    return { family, address, prefixLength: Number(prefix), label: 'eth0', secondary: false };
  }),
});

test.each<[string, string[], 4 | 6, string[]]>([
  ['with their network’s prefix length', ['10.9.0.1/24', '10.9.0.100/24'], 4, ['10.9.0.1', '10.9.0.100']],
  ['not what a killed Master left beside a network', ['10.9.0.1/24', '10.9.0.100/32'], 4, ['10.9.0.1']],
  ['all of them where there is no network', ['10.9.0.100/32'], 4, ['10.9.0.100']],
  ['of the family alone', ['10.9.0.1/24', 'fe80::1/64', '2001:db8::1/64'], 4, ['10.9.0.1']],
  [
    'IPv6 beside a network',
    ['fe80::1/64', '2001:db8::1/64', '2001:db8::2/128'],
    6,
    ['fe80::1', '2001:db8::1'],
  ],
  [
    'IPv6 where only link-local ones have one',
    ['fe80::1/64', '2001:db8::2/128'],
    6,
    ['fe80::1', '2001:db8::2'],
  ],
])('addresses of an interface’s own: %s', (_what, addresses, family, own) => {
  expect(realAddresses(link(...addresses), family)).toEqual(own);
});
