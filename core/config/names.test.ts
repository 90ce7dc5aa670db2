import fc from 'fast-check';
import { expect, test } from 'vitest';
import { interfaceNameFault } from './names.ts';

test.each(['eth0', 'ens192.900', 'a', '123456789012345', 'br-lan', 'veth_1', '...', 'wg0@x', 'é'])(
  '%s is an interface name',
  (name) => {
    expect(interfaceNameFault(name)).toBeUndefined();
  },
);

test.each([
  '',
  '.',
  '..',
  '1234567890123456',
  'a b',
  'a\tb',
  'a\nb',
  'a:0',
  'a/b',
  'a%d',
  'a%',
  'a\u00a0b',
  'a\u0000b',
  'éééééééé',
])('%j is none', (name) => {
  expect(interfaceNameFault(name)).toMatch(/interface/);
});

test('what is accepted fits a struct ifreq and one component of a path', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (name) => {
      if (interfaceNameFault(name) !== undefined) return;
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(15);
      expect(name).not.toMatch(/^\.{0,2}$|[/:%\s\0]/);
    }),
  );
});
