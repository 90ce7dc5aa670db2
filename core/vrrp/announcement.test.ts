import { expect, test } from 'vitest';
import { encodeGratuitousArp, encodeNeighbourAdvertisement } from './announcement.ts';

test('a gratuitous ARP request, octet by octet', () => {
  const frame = new Uint8Array(42);
  encodeGratuitousArp(frame, 0, '192.0.2.7', '00:00:5e:00:01:07');
  expect(Buffer.from(frame).toString('hex')).toBe(
    'ffffffffffff00005e0001070806' + '0001080006040001' + '00005e000107c0000207' + '000000000000c0000207',
  );
});

test('an unsolicited neighbour advertisement, octet by octet', () => {
  const frame = new Uint8Array(100).fill(0x77);
  encodeNeighbourAdvertisement(frame, 8, 'fe80::5e00:207', '00:00:5e:00:02:07');
  const target = 'fe80000000000000000000005e000207';
  // The checksum was worked out by hand: pseudo-header, type and flags, target, option.
  expect(Buffer.from(frame.subarray(8, 94)).toString('hex')).toBe(
    '33330000000100005e00020786dd' + // to all nodes, from the virtual MAC
      `6000000000203aff${target}ff020000000000000000000000000001` + // hop limit 255, from the address itself
      `8800${CHECKSUM}a0000000${target}` + // router, override
      '020100005e000207', // target link-layer address
  );
  expect([...frame.subarray(0, 8), ...frame.subarray(94)].every((octet) => octet === 0x77)).toBe(true);
});

/** Of the words above: ~(2·(fe80+5e00+0207) + ff02+0001 + 0020+003a + 8800+a000 + 0201+0000+5e00+0207). */
const CHECKSUM = (() => {
  let sum =
    2 * (0xfe80 + 0x5e00 + 0x0207) + 0xff02 + 1 + 0x20 + 0x3a + 0x8800 + 0xa000 + 0x0201 + 0x5e00 + 0x0207;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return (~sum & 0xffff).toString(16).padStart(4, '0');
})();
