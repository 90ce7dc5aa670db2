import { expect, test } from 'vitest';
import type { LinkAddress } from '../../plugin/types.ts';
import { subnetEdgeFault } from '../subnet-edges.ts';

const on = (...prefixes: string[]) => ({
  name: 'eth0',
  addresses: prefixes.map((prefix): LinkAddress => {
    const [address, length] = prefix.split('/') as [string, string];
    const family = address.includes(':') ? 6 : 4;
    return { family, address, prefixLength: Number(length), label: '', secondary: false };
  }),
});

test.each([
  ['10.9.0.0', '10.9.0.1/24', 'network'],
  ['10.9.0.255', '10.9.0.1/24', 'broadcast'],
  ['10.9.255.255', '10.9.0.1/16', 'broadcast'],
  ['10.9.0.8', '10.9.0.9/30', 'network'],
  ['10.9.0.11', '10.9.0.9/30', 'broadcast'],
  ['200.255.255.255', '200.1.2.3/8', 'broadcast'],
  ['128.0.0.0', '192.168.1.1/1', 'network'],
])('%s is no host of %s', (vip, own, what) => {
  expect(subnetEdgeFault({ addresses: ['10.8.0.1', vip] }, on('192.0.2.1/24', own))).toBe(
    `${vip} is the ${what} address of ${own} on eth0: vip must be the address of a host`,
  );
});

test.each([
  ['10.9.0.1', '10.9.0.1/24'],
  ['10.9.0.254', '10.9.0.1/24'],
  ['10.9.1.0', '10.9.0.1/16'],
  ['10.9.0.255', '10.9.0.1/16'],
  ['10.9.0.8', '10.9.0.8/31'],
  ['10.9.0.9', '10.9.0.8/31'],
  ['10.9.0.8', '10.9.0.8/32'],
  ['172.16.0.0', '10.9.0.1/24'],
  ['0.0.0.1', '10.9.0.1/0'],
  ['10.9.0.0', 'fe80::1/64'],
  ['fe80::', 'fe80::1/64'],
])('%s is fine beside %s', (vip, own) => {
  expect(subnetEdgeFault({ addresses: [vip] }, on(own))).toBeUndefined();
});
