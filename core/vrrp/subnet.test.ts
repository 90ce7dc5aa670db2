import { expect, test } from 'vitest';
import { addressText } from './address.ts';
import { addressNumber, subnetEdges } from './subnet.ts';

const text = (number: number): string =>
  addressText(Uint8Array.of(number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff));

test.each<[string, number, string, string]>([
  ['10.9.0.1', 24, '10.9.0.0', '10.9.0.255'],
  ['10.9.1.1', 23, '10.9.0.0', '10.9.1.255'],
  ['203.0.113.9', 30, '203.0.113.8', '203.0.113.11'],
  ['255.255.255.1', 8, '255.0.0.0', '255.255.255.255'],
  ['192.0.2.1', 0, '0.0.0.0', '255.255.255.255'],
])('the subnet of %s/%i is from %s to %s', (address, prefixLength, own, broadcast) => {
  const edges = subnetEdges(address, prefixLength)!;
  expect([text(edges.own), text(edges.broadcast)]).toEqual([own, broadcast]);
});

test.each([31, 32])('/%i has no edges', (prefixLength) => {
  expect(subnetEdges('203.0.113.8', prefixLength)).toBeUndefined();
});

test('an address as a number', () => {
  expect(addressNumber('255.255.255.255')).toBe(0xffff_ffff);
  expect(addressNumber('0.0.1.2')).toBe(258);
});
