import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Authenticator } from '../plugin/contracts/index.ts';
import { addressBytes } from '../vrrp/address.ts';
import type { AdvertisementFields } from '../vrrp/advertisement.ts';
import { DROP_REASONS } from '../vrrp/drop-reasons.ts';
import { encodeFrame, frameLength } from '../vrrp/frame.ts';
import { packetRules, unicast } from '../vrrp/packet-rules.ts';
import { Keyring } from './keyring.ts';
import { sight } from './sighting.ts';

const V2: AdvertisementFields = {
  version: 2,
  family: 4,
  vrid: 7,
  priority: 100,
  authType: 0,
  intervalCs: 100,
  addresses: ['10.0.0.1', '10.0.0.4'].map(addressBytes),
};
const V3: AdvertisementFields = { ...V2, version: 3, intervalCs: 5 };
const V6: AdvertisementFields = { ...V3, family: 6, addresses: ['fe80::1', '2001:db8::1'].map(addressBytes) };

/** A trailer that is the sum of the body and of a secret octet. */
const summing = (secret: number): Authenticator => {
  const sum = (packet: Uint8Array, start: number, end: number) =>
    packet.subarray(start, end).reduce((total, octet) => (total + octet) & 0xff, secret);
  return {
    authType: 99,
    sign: (packet, start, end) => packet.fill(sum(packet, start, end), end, end + 8),
    verify: (packet, start, end) =>
      packet.length === end + 8 && packet.subarray(end).every((octet) => octet === sum(packet, start, end)),
  };
};

function frameOf(fields = V2, authenticator?: Authenticator): Uint8Array {
  const bytes = new Uint8Array(frameLength(fields.version, fields.family, fields.addresses.length));
  const source = addressBytes(fields.family === 4 ? '10.0.0.2' : 'fe80::2');
  encodeFrame(bytes, 0, source, fields, authenticator?.sign);
  return bytes;
}

const seen = (bytes: Uint8Array, keyring?: Keyring) =>
  sight({ bytes, time: 1_790_000_000_123.5, outgoing: false }, keyring);

/** A copy with octets replaced. */
function patched(bytes: Uint8Array, at: number, ...octets: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(octets, at);
  return copy;
}

/** With VLAN tags of these identifiers behind the MACs. */
function tagged(bytes: Uint8Array, ...tags: readonly (readonly [type: number, tci: number])[]): Uint8Array {
  const words = tags.flatMap(([type, tci]) => [type >> 8, type & 0xff, tci >> 8, tci & 0xff]);
  return Uint8Array.from([...bytes.subarray(0, 12), ...words, ...bytes.subarray(12)]);
}

const MESSAGE = 34;

describe('a valid advertisement', () => {
  test('VRRPv2', () => {
    expect(seen(frameOf())).toEqual({
      time: 1_790_000_000_123.5,
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
      authType: 0,
      interval: 1000,
      checksum: 0x66f0,
      rightChecksum: 0x66f0,
      addresses: ['10.0.0.1', '10.0.0.4'],
    });
  });

  test('VRRPv3 over IPv4', () => {
    const sighting = seen(frameOf(V3));
    expect(sighting).toMatchObject({
      version: 3,
      interval: 50,
      ttl: 255,
      addresses: ['10.0.0.1', '10.0.0.4'],
    });
    expect(sighting).toMatchObject({ rightChecksum: sighting.checksum, checksumSort: 'rfc9568' });
    expect(sighting).not.toHaveProperty('authType');
    expect(sighting).not.toHaveProperty('reason');
  });

  test('VRRPv3 over IPv6', () => {
    const sighting = seen(frameOf(V6));
    expect(sighting).toMatchObject({
      family: 6,
      source: 'fe80::2',
      destination: 'ff02::12',
      ttl: 255,
      interval: 50,
      addresses: ['fe80::1', '2001:db8::1'],
    });
    expect(sighting.rightChecksum).toBe(sighting.checksum);
    expect(sighting).not.toHaveProperty('reason');
  });

  test.each([
    ['VRRPv2', V2, '10.0.0.3', undefined],
    ['VRRPv3 over IPv4', V3, '10.0.0.3', undefined],
    ['VRRPv3 over IPv6', V6, '2001:db8::3', undefined],
    ['VRRPv3 over IPv6, link-local', V6, 'fe80::3', undefined],
    ['another group', V3, '224.0.0.5', 'destination'],
    ['the broadcast address', V3, '255.255.255.255', 'destination'],
    ['another group of IPv6', V6, 'ff02::5', 'destination'],
  ] as const)('by unicast: %s', (_, fields, to, reason) => {
    const bytes = new Uint8Array(frameLength(fields.version, fields.family, fields.addresses.length));
    const source = addressBytes(fields.family === 4 ? '10.0.0.2' : '2001:db8::2');
    const { version, family } = fields;
    encodeFrame(bytes, 0, source, fields, undefined, packetRules(version, family, unicast(addressBytes(to))));
    const sighting = seen(bytes);
    expect(sighting).toMatchObject({ destination: to });
    expect(sighting.reason).toBe(reason);
    expect(sighting.checksum).toBe(sighting.rightChecksum);
  });

  test('with padding behind it', () => {
    const padded = new Uint8Array(64);
    padded.set(frameOf());
    expect(seen(padded)).toEqual({ ...seen(frameOf()), length: 64 });
  });

  test.each([
    ['one tag', tagged(frameOf(), [0x8100, 5]), undefined, [5]],
    ['two tags', tagged(frameOf(), [0x88a8, 5], [0x8100, 6]), undefined, [5, 6]],
    ['a tag that the kernel took off', frameOf(), 4094, [4094]],
    ['one of each', tagged(frameOf(), [0x8100, 6]), 5, [5, 6]],
    ['a tag with a priority', tagged(frameOf(), [0x8100, 0xe007]), undefined, [7]],
  ])('in a VLAN: %s', (_, bytes, vlan, vlans) => {
    const packet = { bytes, time: 0, outgoing: true, ...(vlan === undefined ? {} : { vlan }) };
    const length = frameOf().length + 4 * vlans.length;
    expect(sight(packet)).toEqual({ ...seen(frameOf()), time: 0, outgoing: true, vlans, length });
  });

  test('a checksum of 0xffff where it would be 0 is right too', () => {
    // Whatever the checksum is, in the place of a zero word it makes the sum 0xffff, and the checksum 0.
    const last = (high: number, low: number) => Uint8Array.from([0, 0, high, low]);
    const base = frameOf({ ...V2, addresses: [addressBytes('10.0.0.1'), last(0, 0)] });
    const at = MESSAGE + 6;
    const zero = frameOf({ ...V2, addresses: [addressBytes('10.0.0.1'), last(base[at]!, base[at + 1]!)] });
    for (const [octet, checksum] of [
      [0, 0],
      [0xff, 0xffff],
    ] as const) {
      const sighting = seen(patched(zero, at, octet, octet));
      expect(sighting).toMatchObject({ checksum, rightChecksum: checksum });
      expect(sighting).not.toHaveProperty('reason');
    }
  });
});

describe('what is wrong', () => {
  const good = frameOf();
  test.each([
    [
      'ttl',
      patched(good, 22, 254, 112, 0xd1, 0x8d),
      { ttl: 254, vrid: 7, addresses: ['10.0.0.1', '10.0.0.4'] },
    ],
    ['checksum', patched(good, MESSAGE + 6, 0, 1), { checksum: 1, rightChecksum: 0x66f0, priority: 100 }],
    ['count', patched(good, MESSAGE + 3, 3), { count: 3, addresses: ['10.0.0.1', '10.0.0.4'] }],
    ['count', patched(good, MESSAGE + 3, 0), { count: 0, addresses: [] }],
    ['type', patched(good, MESSAGE, 0x22), { version: 2, type: 2, vrid: 7 }],
    ['version', patched(good, MESSAGE, 0xf1), { version: 15, type: 1, vrid: 7, addresses: [] }],
    ['ip-header', patched(good, 24, 0, 0), { source: '10.0.0.2', vrid: 7, priority: 100 }],
    ['ip-header', patched(good, 20, 0x20, 0), { source: '10.0.0.2', vrid: 7 }],
    ['ip-header', patched(good, 20, 0x00, 0x10), { source: '10.0.0.2', addresses: [] }],
    ['truncated', good.subarray(0, 57), { vrid: 7, priority: 100, addresses: ['10.0.0.1'] }],
    ['truncated', good.subarray(0, MESSAGE + 3), { version: 2, type: 1, vrid: 7, addresses: [] }],
    ['truncated', good.subarray(0, MESSAGE), { ttl: 255, addresses: [] }],
    ['truncated', good.subarray(0, 30), { sourceMac: '00:00:5e:00:01:07', family: 4, addresses: [] }],
  ])('%s (%#)', (reason, bytes, fields) => {
    expect(seen(bytes)).toMatchObject({ reason, ...fields });
  });

  test('no right checksum is told where the message is not whole', () => {
    expect(seen(good.subarray(0, 57))).not.toHaveProperty('rightChecksum');
    expect(seen(patched(good, 20, 0, 0x10))).not.toHaveProperty('vrid'); // the middle of a message
  });

  test('VRRPv2 over IPv6 there is none', () => {
    expect(seen(patched(frameOf(V6), 54, 0x21))).toMatchObject({ reason: 'version', family: 6, version: 2 });
  });

  test('whatever arrives is told of, never an exception', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 120 }),
      fc
        .tuple(fc.constantFrom(V2, V3, V6), fc.nat(100), fc.nat(255), fc.nat(100))
        .map(([fields, at, octet, length]) => patched(frameOf(fields), at % 50, octet).subarray(0, length)),
    );
    fc.assert(
      fc.property(bytes, (each) => {
        const { reason, addresses, count } = seen(each, new Keyring(summing(1)));
        if (reason === undefined) expect(addresses).toHaveLength(count!);
        else expect(DROP_REASONS).toContain(reason);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('authentication', () => {
  const signed = frameOf({ ...V2, authType: 99 }, summing(1));
  test.each([
    ['the same secret', signed, new Keyring(summing(1)), 'right', undefined],
    ['another secret', signed, new Keyring(summing(2)), 'wrong', 'auth-failed'],
    ['none expected', signed, new Keyring('none'), 'wrong-type', 'auth-type'],
    ['none sent', frameOf(), new Keyring(summing(1)), 'wrong-type', 'auth-type'],
    ['none sent, none expected', frameOf(), new Keyring('none'), 'right', undefined],
    ['by VRID', signed, new Keyring(new Map([[7, summing(1)]])), 'right', undefined],
    ['by VRID, another secret', signed, new Keyring(new Map([[7, summing(3)]])), 'wrong', 'auth-failed'],
    ['an unknown VRID', signed, new Keyring(new Map([[8, summing(1)]])), 'unchecked', undefined],
  ])('%s', (_, bytes, keyring, authentication, reason) => {
    const before = bytes.slice();
    const sighting = seen(bytes, keyring);
    expect(sighting.authentication).toBe(authentication);
    expect(sighting.reason).toBe(reason);
    expect(bytes).toEqual(before);
  });

  test('is not looked at without a key, in VRRPv3, or in what is wrong anyway', () => {
    const keyring = new Keyring(summing(2));
    expect(seen(signed)).not.toHaveProperty('authentication');
    expect(seen(frameOf(V3), keyring)).not.toHaveProperty('authentication');
    const broken = seen(patched(signed, MESSAGE + 6, 0, 1), keyring);
    expect(broken).not.toHaveProperty('authentication');
    expect(broken.reason).toBe('checksum');
  });
});

describe('an HMAC trailer, as keepalived 2.4.3 sends it', () => {
  const ipv4 = '01005e0000120000000000000800' + '45c0';
  /** A frame around a message from 198.51.100.1, or from fe80::ff:fe00:1. */
  const framed = (message: string, six = false): Uint8Array => {
    const payload = Buffer.from(message, 'hex');
    if (six) {
      const head = Buffer.from('33330000001200000000000086dd6c000000000070ff', 'hex');
      head.writeUInt16BE(payload.length, 18);
      const from = Buffer.from('fe80000000000000000000fffe000001', 'hex');
      return Buffer.concat([head, from, Buffer.from('ff020000000000000000000000000012', 'hex'), payload]);
    }
    const head = Buffer.from(`${ipv4}000000000000ff700000c6336401e0000012`, 'hex');
    head.writeUInt16BE(20 + payload.length, 16);
    let sum = 0;
    for (let at = 14; at < 34; at += 2) sum += head.readUInt16BE(at);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    head.writeUInt16BE(~sum & 0xffff, 24);
    return Buffer.concat([head, payload]);
  };
  const V2 =
    '2133c80100015465c00002640000000000000000010100006b080f6122350000ae6dae05d515c68007d41d4406b8a031';
  const V3 = '3134c80200327702c0000265c0000266010700006b080f5f863500009fe4d08ba7c5a6582d2779b8880d56ce';
  const V3_IPV6 =
    '31359602000a6814fe80000000000000000000000005000320010db8000000000000000000000053010100006b080f5e419b0000f60a14d9f4a383f5133ce07f9314df78';

  test.each([
    [V2, false, 1, ['192.0.2.100'], 0x6b080f61],
    [V3, false, 7, ['192.0.2.101', '192.0.2.102'], 0x6b080f5f],
    [V3_IPV6, true, 1, ['fe80::5:3', '2001:db8::53'], 0x6b080f5e],
  ])('%s', (message, six, key, addresses, seconds) => {
    const sighting = sight({ bytes: framed(message, six), time: 0, outgoing: false });
    expect(sighting.reason).toBeUndefined();
    expect(sighting.addresses).toEqual(addresses);
    expect(sighting.checksum).toBe(sighting.rightChecksum);
    expect(sighting.trailer?.key).toBe(key);
    expect(Math.floor(sighting.trailer!.time / 1000)).toBe(seconds);
  });

  test('other octets behind a message are a wrong count', () => {
    for (const message of [V2.slice(0, -2), V2.replace('010100006b', '020100006b')])
      expect(sight({ bytes: framed(message), time: 0, outgoing: false })).toMatchObject({ reason: 'count' });
  });
});
