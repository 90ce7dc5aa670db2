import { expect, test } from 'vitest';
import { capabilityFault, missingCapabilities } from './permissions.ts';

const status = (effective: string): string =>
  `Name:\trvrrpd\nCapPrm:\t000001ffffffffff\nCapEff:\t${effective}\n`;

test.each([
  ['000001ffffffffff', []],
  ['0000000000003000', []],
  ['0000000000001000', ['CAP_NET_RAW']],
  ['0000000000002000', ['CAP_NET_ADMIN']],
  ['0000000000000000', ['CAP_NET_ADMIN', 'CAP_NET_RAW']],
])('of the effective capabilities %s there are missing: %j', (effective, missing) => {
  expect(missingCapabilities(status(effective))).toEqual(missing);
});

test('what is missing is told with what that means, and what to do', () => {
  expect(capabilityFault([])).toBeUndefined();
  expect(capabilityFault(['CAP_NET_RAW'])).toMatch(
    /^rvrrpd needs CAP_NET_RAW: without CAP_NET_RAW VRRP packets can be neither sent nor received: run rvrrpd as root, or/,
  );
  expect(capabilityFault(['CAP_NET_ADMIN', 'CAP_NET_RAW'])).toContain('needs CAP_NET_ADMIN and CAP_NET_RAW');
});
