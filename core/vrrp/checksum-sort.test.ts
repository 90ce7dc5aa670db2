/** The checksum of VRRPv3: over IPv4 two sorts are in the field, and we read both; over IPv6 there is one. */
import { describe, expect, test } from 'vitest';
import { addressBytes } from './address.ts';
import { ChecksumSort, emptyAdvertisement } from './advertisement.ts';
import { DROP_REASONS } from './drop-reasons.ts';
import { decodeFor, decodeHeader, emptyFrame, encodeFrame, frameLength } from './frame.ts';
import { GROUPS, packetRules } from './packet-rules.ts';

const { Any, Message, PseudoHeader } = ChecksumSort;

/** A frame of VRRPv3 around a message, its checksum as it stands there. */
function around(family: 4 | 6, source: string, message: string): Uint8Array {
  const bytes = Buffer.from(message, 'hex');
  const header = frameLength(3, family, 0) - 8;
  const frame = new Uint8Array(header + bytes.length);
  // The headers are the encoder's: of so many addresses as make the message's length.
  const size = family === 4 ? 4 : 16;
  const addresses = Array.from({ length: (bytes.length - 8) / size }, () => new Uint8Array(size));
  const fields = { version: 3, family, vrid: 1, priority: 1, authType: 0, intervalCs: 1, addresses } as const;
  encodeFrame(frame, 0, addressBytes(source), fields);
  frame.set(bytes, header);
  return frame;
}

function read(frame: Uint8Array, rules = packetRules(3, frame[12] === 8 ? 4 : 6)) {
  const header = emptyFrame();
  const message = emptyAdvertisement();
  expect(decodeHeader(frame, 0, frame.length, header)).toBe(-1);
  const reason = decodeFor(frame, header, rules, message);
  return { ...message, verdict: reason < 0 ? 'good' : DROP_REASONS[reason] };
}

/** Message, family, source, what its checksum covers, fields. Captured from other daemons, or worked out by hand. */
const VECTORS = [
  [
    '4402, RFC 9568',
    '3133c80100644402c0000264',
    4,
    '198.51.100.10',
    Message,
    [51, 200, 100],
    ['192.0.2.100'],
  ],
  [
    '3935, RFC 5798',
    '3133c80100643935c0000264',
    4,
    '198.51.100.10',
    PseudoHeader,
    [51, 200, 100],
    ['192.0.2.100'],
  ],
  [
    'IPv6',
    '3133c801006408b8fe800000000000000000000000000100',
    6,
    'fe80::10',
    Any,
    [51, 200, 100],
    ['fe80::100'],
  ],
  [
    ...([
      'IPv6, keepalived',
      '313701020001a3fdfe80000000000000000000000005000520010db8000000000000000000000055',
    ] as const),
    ...([6, 'fe80::ff:fe00:1', Any, [55, 1, 1], ['fe80::5:5', '2001:db8::55']] as const),
  ],
  [
    ...([
      'IPv6, keepalived, priority 0',
      '313700020001a4fdfe80000000000000000000000005000520010db8000000000000000000000055',
    ] as const),
    ...([6, 'fe80::ff:fe00:1', Any, [55, 0, 1], ['fe80::5:5', '2001:db8::55']] as const),
  ],
  // keepalived's with its HMAC taken off: the checksum does not cover that over IPv4.
  [
    ...(['IPv4, keepalived', '3134c80200327702c0000265c0000266', 4, '198.51.100.1', PseudoHeader] as const),
    ...([
      [52, 200, 50],
      ['192.0.2.101', '192.0.2.102'],
    ] as const),
  ],
] as const;

describe.each(VECTORS)('%s', (_, message, family, source, sort, [vrid, priority, intervalCs], addresses) => {
  test('is read, and its sort known', () => {
    expect(read(around(family, source, message))).toMatchObject({
      ...{
        verdict: 'good',
        vrid,
        priority,
        interval: intervalCs * 10,
        count: addresses.length,
        checksumSort: sort,
      },
    });
  });

  test('is sent', () => {
    const fields = { version: 3, family, vrid, priority, authType: 0, intervalCs } as const;
    const frame = new Uint8Array(frameLength(3, family, addresses.length));
    const rules = packetRules(3, family, GROUPS[family], sort);
    const all = { ...fields, addresses: addresses.map(addressBytes) };
    encodeFrame(frame, 0, addressBytes(source), all, undefined, rules);
    expect(Buffer.from(frame.subarray(family === 4 ? 34 : 54)).toString('hex')).toBe(message);
  });

  test('is refused with any bit of it wrong', () => {
    const good = around(family, source, message);
    const start = family === 4 ? 34 : 54;
    for (let at = start + 2; at < good.length; at++) {
      if (at === start + 3) continue; // the count: the length is wrong then
      const bad = good.slice();
      bad[at]! ^= 0x10;
      expect(read(bad).verdict, `octet ${at - start}`).toBe('checksum'); // reserved bits are ignored, but summed
    }
  });
});

test('where the pseudo-header sums up to nothing both sorts are alike, and none is learnt', () => {
  // 224.0.0.18, protocol 112 and 12 octets sum up to 0xe08e: a source whose two words make 0x1f71 ends at 0xffff.
  const fields = { version: 3, family: 4, vrid: 1, priority: 1, authType: 0, intervalCs: 1 } as const;
  const frame = new Uint8Array(frameLength(3, 4, 1));
  encodeFrame(frame, 0, addressBytes('10.1.21.112'), { ...fields, addresses: [addressBytes('192.0.2.1')] });
  expect(read(frame)).toMatchObject({ verdict: 'good', checksumSort: Any });
});

test('over IPv6 a checksum of the message alone is wrong', () => {
  const sum = (0x3101 + 0x6401 + 0x0064 + 0xfe80 + 0x0001) % 0xffff;
  const checksum = (~sum & 0xffff).toString(16).padStart(4, '0');
  const message = `310164010064${checksum}fe800000000000000000000000000001`;
  expect(read(around(6, 'fe80::9', message)).verdict).toBe('checksum');
});

describe('errata of RFC 9568', () => {
  const sealed = (family: 4 | 6, over: { intervalCs?: number; addresses?: Uint8Array[] }): Uint8Array => {
    const own = [addressBytes(family === 4 ? '192.0.2.1' : 'fe80::1')];
    const fields = {
      version: 3,
      family,
      vrid: 1,
      priority: 1,
      authType: 0,
      intervalCs: 1,
      addresses: own,
    } as const;
    const frame = new Uint8Array(frameLength(3, family, (over.addresses ?? own).length));
    encodeFrame(frame, 0, addressBytes(family === 4 ? '192.0.2.9' : 'fe80::9'), { ...fields, ...over });
    return frame;
  };

  test.each([4, 6] as const)('IPv%s: 8301, an interval of 0 is dropped', (family) => {
    expect(read(sealed(family, { intervalCs: 0 })).verdict).toBe('interval');
    expect(read(sealed(family, { intervalCs: 4095 }))).toMatchObject({ verdict: 'good', interval: 40_950 });
  });

  test.each([4, 6] as const)('IPv%s: 8299, no address at all is dropped', (family) => {
    expect(read(sealed(family, { addresses: [] })).verdict).toBe('count');
  });

  test('8300: a list that begins with another than a link-local address is read all the same', () => {
    expect(read(sealed(6, { addresses: [addressBytes('2001:db8::1')] })).verdict).toBe('good');
  });
});
