import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressBytes, addressText } from './address.ts';
import {
  type AdvertisementFields,
  decodeAdvertisement,
  emptyAdvertisement,
  encodeAdvertisement,
} from './advertisement.ts';
import { DROP_REASONS, Drop } from './drop-reasons.ts';
import { decodeFrame, emptyFrame, encodeFrame, frameLength } from './frame.ts';

const fields = (over: Partial<AdvertisementFields> & { at?: string[] } = {}): AdvertisementFields => ({
  version: 2,
  family: 4,
  vrid: 1,
  priority: 100,
  authType: 0,
  intervalCs: 100,
  addresses: (over.at ?? ['10.100.100.1']).map(addressBytes),
  ...over,
});

function encodeMessage(of: AdvertisementFields, trailer?: (body: Uint8Array) => Uint8Array): string {
  const bytes = new Uint8Array(64);
  const end = encodeAdvertisement(bytes, 0, of, 0, (packet, start, bodyEnd) => {
    if (trailer) packet.set(trailer(packet.slice(start, bodyEnd)), bodyEnd);
  });
  return Buffer.from(bytes.subarray(0, end)).toString('hex');
}

describe('VRRPv2 messages of deployed routers', () => {
  const text = (secret: string) => () => new Uint8Array(Buffer.from(secret.padEnd(8, '\0').slice(0, 8)));
  const hmac = (secret: string) => (body: Uint8Array) =>
    new Uint8Array(createHmac('sha256', secret).update(body).digest().subarray(0, 8));
  const shake = (secret: string) => (body: Uint8Array) =>
    new Uint8Array(createHash('shake256', { outputLength: 8 }).update(secret).update(body).digest());
  const strong = { at: ['10.100.100.1'], priority: 254 };
  const two = { vrid: 255, priority: 1, intervalCs: 200, at: ['192.0.2.1', '192.0.2.2'] };
  test.each([
    [fields(), undefined, '2101640100010c970a6464010000000000000000'],
    [
      fields({ ...strong, authType: 1 }),
      text('thissecretnolongeris'),
      '2101fe010101bce20a6464017468697373656372',
    ],
    [
      fields({ ...strong, authType: 250 }),
      hmac('thissecretnolongeris'),
      '2101fe01fa01facf0a64640173e7f8e0d81638e6',
    ],
    [
      fields({ ...strong, authType: 251 }),
      shake('thissecretnolongeris'),
      '2101fe01fb0138a80a646401d34169e875138caf',
    ],
    [fields({ ...two, authType: 250 }), hmac(''), '21ff0102fa027c2ac0000201c0000202c85a0b47d3783bb2'],
    [fields({ ...two, authType: 251 }), shake(''), '21ff0102fb023296c0000201c0000202a6a0876a894a740b'],
  ])('%#', (of, trailer, message) => {
    expect(encodeMessage(of, trailer)).toBe(message);
    const bytes = Buffer.from(message, 'hex');
    const out = emptyAdvertisement();
    expect(decodeAdvertisement(bytes, 0, bytes.length, 4, 0, out)).toBe(-1);
    expect(out).toMatchObject({
      vrid: of.vrid,
      priority: of.priority,
      authType: of.authType,
      interval: of.intervalCs * 10,
    });
  });
});

/** A whole valid frame. */
function frame(of = fields(), source = of.family === 4 ? '10.0.0.2' : 'fe80::2'): Uint8Array {
  const bytes = new Uint8Array(frameLength(of.version, of.family, of.addresses.length));
  expect(encodeFrame(bytes, 0, addressBytes(source), of)).toBe(bytes.length);
  return bytes;
}

/** Decodes a whole frame: −1 or the drop reason's name. */
function verdict(bytes: Uint8Array): string | undefined {
  const out = emptyFrame();
  const outside = decodeFrame(bytes, 0, bytes.length, out);
  if (outside >= 0) return DROP_REASONS[outside];
  const inside = decodeAdvertisement(
    bytes,
    out.messageStart,
    out.messageEnd,
    out.family,
    out.pseudoHeader,
    emptyAdvertisement(),
  );
  return inside >= 0 ? DROP_REASONS[inside] : undefined;
}

/** The frame with the octets at an offset replaced. */
function patched(bytes: Uint8Array, at: number, ...octets: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(octets, at);
  return copy;
}

test('an advertisement frame is laid out as deployed routers send it', () => {
  expect(Buffer.from(frame()).toString('hex')).toBe(
    '01005e00001200005e0001010800' + // Ethernet
      '45c000280000' +
      '0000ff70' +
      'd0910a000002e0000012' + // IPv4: CS6, identification 0, TTL 255
      '2101640100010c970a6464010000000000000000',
  );
});

test.each([
  ['v2 IPv4', fields()],
  ['v3 IPv4', fields({ version: 3, intervalCs: 5 })],
  ['v3 IPv6', fields({ version: 3, family: 6, at: ['fe80::1', '2001:db8::1'], intervalCs: 4095 })],
] as const)('%s survives the way there and back', (_, of) => {
  const bytes = frame(of);
  const padded = new Uint8Array(Math.max(bytes.length, 60));
  padded.set(bytes);
  const out = emptyFrame();
  expect(decodeFrame(padded, 0, padded.length, out)).toBe(-1);
  const message = emptyAdvertisement();
  expect(
    decodeAdvertisement(padded, out.messageStart, out.messageEnd, out.family, out.pseudoHeader, message),
  ).toBe(-1);
  expect(message).toMatchObject({
    version: of.version,
    vrid: of.vrid,
    priority: of.priority,
    count: of.addresses.length,
    interval: of.intervalCs * 10,
  });
});

describe('each fault has its reason', () => {
  const good = frame();
  const ip = 14;
  const message = 34;
  const ttl254 = patched(good, ip + 8, 254, 112, 0xd1, 0x91); // header checksum adjusted
  test.each([
    ['not-vrrp', patched(good, 12, 0x86, 0x00)],
    ['not-vrrp', patched(good, ip + 9, 17)],
    ['ip-header', patched(good, ip, 0x55)],
    ['ip-header', patched(good, ip, 0x44)],
    ['ip-header', patched(good, ip + 6, 0x20)],
    ['ip-header', patched(good, ip + 10, 0, 0)],
    ['ip-header', patched(good, ip + 2, 0, 8)],
    ['destination', patched(good, ip + 10, 0xd0, 0x90, 10, 0, 0, 2, 224, 0, 0, 19)],
    ['ttl', ttl254],
    ['version', patched(good, message, 0x41)],
    ['type', patched(good, message, 0x22)],
    ['checksum', patched(good, message + 2, 101)],
    ['count', patched(good, message + 3, 2)],
    ['count', patched(good, message + 3, 0)],
  ])('%s (%#)', (reason, bytes) => {
    expect(verdict(bytes)).toBe(reason);
  });

  test('truncated at every length', () => {
    for (let length = 0; length < good.length; length++) {
      expect(verdict(good.subarray(0, length)), `${length} octets`).toBe('truncated');
    }
  });
});

test('whatever arrives is decoded or dropped, never read beyond its end, never an exception', () => {
  const garbled = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.integer({ min: 0, max: frame().length - 1 }), fc.integer({ min: 0, max: 255 }))
      .map(([at, octet]) => patched(frame(), at, octet)),
  );
  fc.assert(
    fc.property(garbled, (bytes) => {
      const fault = verdict(bytes);
      if (fault === undefined) return;
      expect(DROP_REASONS).toContain(fault);
    }),
    { numRuns: 5000 },
  );
  expect(verdict(new Uint8Array())).toBe(DROP_REASONS[Drop.truncated]);
});

test('addresses between text and octets', () => {
  for (const text of ['0.0.0.0', '10.100.100.1', '255.255.255.255'])
    expect(addressText(addressBytes(text))).toBe(text);
  for (const text of ['::', '::1', 'fe80::1', '2001:db8::1:0:0:1', '1:2:3:4:5:6:7:8', '1:0:3:4:5:6:7:8']) {
    expect(addressText(addressBytes(text))).toBe(text);
  }
  expect(addressText(addressBytes('::ffff:1.2.3.4'))).toBe('::ffff:102:304');
  fc.assert(
    fc.property(
      fc.ipV6(),
      (text) => Buffer.compare(addressBytes(addressText(addressBytes(text))), addressBytes(text)) === 0,
    ),
  );
});
