import { describe, expect, test } from 'vitest';
import { formatTime } from '../supervisor/time.ts';
import { DROP_REASONS } from '../vrrp/drop-reasons.ts';
import { sightingRecord } from './record.ts';
import type { Sighting } from './sighting.ts';
import { Tally } from './tally.ts';
import { sightingText } from './text.ts';

const SIGHTING: Sighting = {
  time: Date.UTC(2026, 10, 23, 9, 30, 0, 123) + 0.75,
  outgoing: false,
  length: 58,
  vlans: [],
  sourceMac: '00:00:5e:00:01:07',
  destinationMac: '01:00:5e:00:00:12',
  family: 4,
  source: '10.0.0.2',
  destination: '224.0.0.18',
  ttl: 255,
  version: 2,
  type: 1,
  vrid: 7,
  priority: 100,
  count: 2,
  authType: 99,
  interval: 1000,
  checksum: 0x0c97,
  rightChecksum: 0x0c97,
  addresses: ['10.0.0.1', '10.0.0.4'],
};

const OPTIONS = {
  interface: 'eth0',
  formatTime: (time: number) => formatTime(time, 'utc', 'disabled'),
  authNames: new Map([[99, ['some-type', 'same-type']]]),
};
const text = (over: Partial<Sighting> = {}) => sightingText({ ...SIGHTING, ...over }, OPTIONS);

/** All that a packet of a few octets has. */
const RUNT: Sighting = { time: 0, outgoing: true, length: 3, vlans: [], addresses: [], reason: 'truncated' };

describe('as text', () => {
  test('a valid advertisement', () => {
    expect(text()).toBe(`2026-11-23T09:30:00.123Z received on eth0: valid
  Ethernet        00:00:5e:00:01:07 > 01:00:5e:00:00:12 (58 octets)
  IPv4            10.0.0.2 > 224.0.0.18, TTL 255
  VRRP version    2, ADVERTISEMENT
  VRID            7
  Priority        100
  Authentication  type 99 (some-type, same-type)
  Interval        1 s
  Checksum        0x0c97, right
  Addresses       10.0.0.1, 10.0.0.4
`);
  });

  test('VRRPv3 over IPv6 in two VLANs', () => {
    const { authType: _, ...v3 } = SIGHTING;
    const block = sightingText({ ...v3, version: 3, family: 6, interval: 50, vlans: [5, 6] }, OPTIONS);
    for (const line of [
      '  VLAN            5, then 6',
      '  VRRP version    3, ADV',
      '  Interval        0.05 s',
    ]) {
      expect(block).toContain(`\n${line}`);
    }
    expect(block).toContain('\n  IPv6 ');
    expect(block).not.toContain('Authentication');
  });

  test.each([
    [{ outgoing: true }, ' sent on eth0: valid'],
    [{ reason: 'ttl', ttl: 254 }, ' INVALID, ttl: the TTL is not 255'],
    [{ ttl: 254 }, 'TTL 254'],
    [{ checksum: 1 }, '0x0001, should be 0x0c97'],
    [{ priority: 0 }, 'Priority        0 (the Master stops)'],
    [{ priority: 255 }, 'Priority        255 (address owner)'],
    [{ authType: 0 }, 'type 0 (none)\n'],
    [{ authType: 98 }, 'type 98\n'],
    [{ authentication: 'right' }, 'same-type), right\n'],
    [{ authentication: 'wrong', reason: 'auth-failed' }, 'same-type), wrong: made with another secret\n'],
    [{ authentication: 'wrong-type' }, 'same-type), wrong: another type is expected\n'],
    [{ authentication: 'unchecked' }, 'same-type), not checked: no secret for this VRID\n'],
    [{ type: 3 }, 'VRRP version    2, type 3\n'],
    [{ count: 3 }, 'Addresses       10.0.0.1, 10.0.0.4 (count 3)\n'],
    [{ count: 3, addresses: [] }, 'Addresses       none (count 3)\n'],
  ] as [Partial<Sighting>, string][])('%j', (over, part) => {
    expect(text(over)).toContain(part);
  });

  test('what is not there is not made up', () => {
    expect(sightingText(RUNT, OPTIONS)).toMatch(
      /^1970-01-01T00:00:00.000Z sent on eth0: INVALID, truncated: .*\n$/,
    );
    const { rightChecksum: _, ...partial } = SIGHTING;
    expect(sightingText(partial, OPTIONS)).toContain('Checksum        0x0c97\n');
  });

  test('every reason has a meaning', () => {
    for (const reason of DROP_REASONS)
      expect(text({ reason })).toMatch(new RegExp(`INVALID, ${reason}: \\w`));
  });
});

describe('as JSON', () => {
  test('a valid advertisement', () => {
    const line = sightingRecord(SIGHTING, OPTIONS);
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      time: '2026-11-23T09:30:00.123Z',
      interface: 'eth0',
      direction: 'in',
      valid: true,
      length: 58,
      sourceMac: '00:00:5e:00:01:07',
      destinationMac: '01:00:5e:00:00:12',
      source: '10.0.0.2',
      destination: '224.0.0.18',
      ttl: 255,
      version: 2,
      type: 1,
      vrid: 7,
      priority: 100,
      count: 2,
      authType: 99,
      authNames: ['some-type', 'same-type'],
      intervalMs: 1000,
      checksum: '0x0c97',
      rightChecksum: '0x0c97',
      addresses: ['10.0.0.1', '10.0.0.4'],
    });
  });

  test('an invalid one, sent, in a VLAN', () => {
    const over = { outgoing: true, vlans: [5], reason: 'auth-failed', authentication: 'wrong' } as const;
    expect(JSON.parse(sightingRecord({ ...SIGHTING, ...over }, OPTIONS))).toMatchObject({
      direction: 'out',
      valid: false,
      vlans: [5],
      reason: 'auth-failed',
      authentication: 'wrong',
    });
  });

  test('what is not there is left out', () => {
    expect(JSON.parse(sightingRecord(RUNT, OPTIONS))).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      interface: 'eth0',
      direction: 'out',
      valid: false,
      reason: 'truncated',
      length: 3,
      addresses: [],
    });
  });
});

describe('the line at the end', () => {
  test('nothing', () => {
    expect(new Tally().summary('eth0', 0)).toBe('0 packets on eth0: 0 valid, 0 invalid');
  });

  test('valid and invalid, and some lost', () => {
    const tally = new Tally();
    tally.add({});
    expect(tally.summary('eth0', 0)).toBe('1 packet on eth0: 1 valid, 0 invalid');
    for (const reason of ['ttl', 'checksum', 'ttl'] as const) tally.add({ reason });
    expect(tally.packets).toBe(4);
    expect(tally.summary('eth0', 5)).toBe(
      '4 packets on eth0: 1 valid, 3 invalid (ttl 2, checksum 1); 5 more were lost: they came faster than they could be printed',
    );
  });
});
