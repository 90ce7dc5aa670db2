import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isListenAddress, virtualAddress } from './address.ts';

describe('virtualAddress', () => {
  test('takes every address of a host as it is written', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const first = Number(address.split('.')[0]);
        const host = first !== 0 && first !== 127 && first < 224;
        const verdict = virtualAddress(address);
        expect(verdict.fault === undefined).toBe(host);
        if (host) expect(verdict).toEqual({ family: 4, address });
      }),
    );
  });

  test('gives one spelling to an IPv6 address (RFC 5952)', () => {
    const expected = { family: 6, address: '2001:db8::1' };
    expect(virtualAddress('2001:DB8:0:0:0:0:0:1')).toEqual(expected);
    expect(virtualAddress('2001:0db8::0001')).toEqual(expected);
    expect(virtualAddress('2001:db8::1')).toEqual(expected);
  });
});

describe('isListenAddress', () => {
  test.each([
    '0.0.0.0:7080',
    '127.0.0.1:1',
    '[::]:7080',
    '[2001:db8::1]:65535',
    'localhost:80',
    'a.example-host.net:80',
  ])('%s', (text) => {
    expect(isListenAddress(text)).toBe(true);
  });

  test.each([
    '',
    ':80',
    '0.0.0.0',
    '0.0.0.0:',
    '0.0.0.0:0',
    '0.0.0.0:65536',
    '0.0.0.0:http',
    '256.0.0.1:80',
    '1.2.3:80',
    '::1:80',
    '[::1]',
    '[127.0.0.1]:80',
    '-a:80',
    'a..b:80',
    'http://localhost:80',
    ' 0.0.0.0:80',
    '0.0.0.0:80\n',
  ])('not %j', (text) => {
    expect(isListenAddress(text)).toBe(false);
  });
});
