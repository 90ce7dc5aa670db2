import { expect, test } from 'vitest';
import { checksum, echoRequest, sequenceOf } from '../src/echo.ts';
import plugin, { needed } from '../src/index.ts';

const ticket = { identifier: 0x1234, token: Uint8Array.of(1, 2, 3, 4) };

/** The reply to a request. */
function reply(family: 4 | 6, request: Uint8Array): Uint8Array {
  const octets = Uint8Array.from(request);
  octets[0] = family === 4 ? 0 : 129;
  return octets;
}

test('a request over IPv4 has a checksum (RFC 1071), and a sequence number', () => {
  const request = echoRequest(4, ticket, 0x0102, 9);
  expect([...request.subarray(0, 2), ...request.subarray(4, 12)]).toEqual([
    8, 0, 0x12, 0x34, 1, 2, 1, 2, 3, 4,
  ]);
  expect(request.length).toBe(17);
  expect(checksum(request)).toBe(0);
  expect(checksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(0x220d);
});

test('a reply is known by what only we know', () => {
  for (const family of [4, 6] as const) {
    const request = echoRequest(family, ticket, 7, 16);
    expect(sequenceOf(family, ticket, reply(family, request))).toBe(7);
    expect(sequenceOf(family, ticket, request), 'our own request, heard on the loopback').toBeUndefined();
    const other = { ...ticket, token: Uint8Array.of(1, 2, 3, 5) };
    expect(sequenceOf(family, other, reply(family, request))).toBeUndefined();
    expect(sequenceOf(family, ticket, reply(family, request).subarray(0, 10))).toBeUndefined();
  }
});

test.each([
  [1, 0, 1],
  [1, 99, 1],
  [4, 25, 3],
  [4, 24, 4],
  [10, 50, 5],
  [3, 34, 2],
])('of %i requests with %i %% loss allowed, %i must be answered', (count, loss, expected) => {
  expect(needed(count, loss)).toBe(expected);
});

test('more requests than can be sent in time are refused', () => {
  const make = (count: number, timeout: number) => {
    const context = { name: 'ping', options: {}, log: () => {}, tracker: 't', interval: 1000, timeout };
    return plugin.create({ ...context, settings: { host: '192.0.2.1', count } });
  };
  expect(() => make(100, 10)).toThrow('count = 100: so many requests need a longer timeout than 0.01 s');
  make(100, 1000);
  make(1, 10);
});
