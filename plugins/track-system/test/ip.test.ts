import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressOctets, addressText, hasHostBits, parsePrefix } from '../src/ip.ts';

describe('addresses', () => {
  test.each([
    ['192.0.2.1', [192, 0, 2, 1]],
    ['::', Array(16).fill(0)],
    ['::1', [...Array(15).fill(0), 1]],
    ['fe80::1%eth0', [0xfe, 0x80, ...Array(13).fill(0), 1]],
    ['2001:db8:0:1::', [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 1, ...Array(8).fill(0)]],
    ['::ffff:192.0.2.1', [...Array(10).fill(0), 255, 255, 192, 0, 2, 1]],
  ])('%s is these octets', (text, octets) => {
    expect([...addressOctets(text)]).toEqual(octets);
  });

  test.each([
    ['2001:db8::1', '2001:db8:0:0:0:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1::1', '2001:0:0:1:0:0:0:1'],
    ['::', '0:0:0:0:0:0:0:0'],
    ['10.0.0.1', '10.0.0.1'],
  ])('is written as %s', (short, long) => {
    expect(addressText(addressOctets(long))).toBe(short);
  });

  test('what is written is read', () => {
    const length = fc.constantFrom(4, 16);
    const octets = length.chain((size) => fc.uint8Array({ minLength: size, maxLength: size }));
    fc.assert(
      fc.property(octets, (some) => {
        expect(addressOctets(addressText(some))).toEqual(some);
      }),
    );
  });
});

describe('prefixes', () => {
  test('have a length, or that of the address', () => {
    expect(parsePrefix('10.0.0.0/8')).toMatchObject({ family: 4, length: 8 });
    expect(parsePrefix('10.0.0.1')).toMatchObject({ family: 4, length: 32 });
    expect(parsePrefix('2001:db8::/32')).toMatchObject({ family: 6, length: 32 });
    expect(parsePrefix('::1')).toMatchObject({ family: 6, length: 128 });
  });

  test.each([
    '10.0.0.0/33',
    '::/129',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    'fe80::%eth0/64',
    '',
  ])('"%s" is none', (text) => {
    expect(() => parsePrefix(text)).toThrow(/"/);
  });

  test.each([
    ['10.0.0.0/8', false],
    ['10.0.0.1/31', true],
    ['10.0.0.1/32', false],
    ['10.1.0.0/15', true],
    ['::/0', false],
    ['2001:db8::1/64', true],
    ['2001:db8:8000::/33', false],
  ])('%s has bits behind its length: %s', (text, expected) => {
    expect(hasHostBits(parsePrefix(text))).toBe(expected);
  });
});
