import { expect, test } from 'vitest';
import { checkTarget } from '../src/target.ts';

test('settings that contradict each other name the directive', () => {
  expect(() => checkTarget({ host: '10.0.0.1', source: '::1' })).toThrow('source = "::1": must be an IPv4');
  expect(() => checkTarget({ host: '::1', family: 4 })).toThrow('family = 4');
  expect(() => checkTarget({ host: '1.2.3' })).toThrow('host = "1.2.3"');
  expect(() => checkTarget({ host: 'a.example', family: 6, source: '10.0.0.1' })).toThrow('IPv6 address');
  expect(() => checkTarget({ host: 'fe80::1%eth0', source: 'fe80::2' })).not.toThrow();
  expect(() => checkTarget({ host: 'fe80::1' })).toThrow('must have its interface, as fe80::1%eth0');
  expect(() => checkTarget({ host: 'FE80::1', interface: 'eth0' })).not.toThrow();
});
