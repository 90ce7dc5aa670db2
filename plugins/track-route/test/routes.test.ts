import { addressOctets, attribute, body, message, messagesIn, parsePrefix } from 'rvrrpd-track-system';
import { describe, expect, test } from 'vitest';
import { judge } from '../src/index.ts';
import { type Hop, type Route, readRoute } from '../src/routes.ts';
import { wantedOf } from '../src/settings.ts';

function header(family: number, length: number, table: number, kind: number, flags = 0): Uint8Array {
  const fixed = Uint8Array.of(family, length, 0, 0, table, 3, 0, kind);
  return body(fixed, flags);
}

test('reads a route with a gateway', () => {
  const words = new Uint8Array(new Uint16Array([8, 5]).buffer);
  const gateway = Uint8Array.from([...words, 10, 0, 0, 254]);
  const raw = message(24, 0, 0, body(header(2, 0, 254, 1), attribute(15, 254), gateway, attribute(4, 3)));
  expect(readRoute([...messagesIn(raw)][0]!)).toEqual({
    prefix: { family: 4, octets: new Uint8Array(4), length: 0 },
    table: 254,
    leads: true,
    hops: [{ device: 3, gateway: addressOctets('10.0.0.254'), dead: false, linkDown: false }],
  });
});

test('reads several next hops, and that one of them is dead', () => {
  const hop = (device: number, flags: number) => {
    const fixed = new Uint8Array(8);
    const view = new DataView(fixed.buffer);
    const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
    view.setUint16(0, 8, little);
    view.setUint8(2, flags);
    view.setInt32(4, device, little);
    return fixed;
  };
  const hops = body(hop(3, 0), hop(4, 1), hop(5, 16));
  const multipath = Uint8Array.from([
    ...new Uint8Array(new Uint16Array([4 + hops.length, 9]).buffer),
    ...hops,
  ]);
  const raw = message(24, 0, 0, body(header(2, 0, 254, 1), multipath));
  expect(readRoute([...messagesIn(raw)][0]!)?.hops).toEqual([
    { device: 3, dead: false, linkDown: false },
    { device: 4, dead: true, linkDown: false },
    { device: 5, dead: false, linkDown: true },
  ]);
});

test('a copy of the cache is none, nor is what is no route', () => {
  const read = (raw: Uint8Array) => readRoute([...messagesIn(raw)][0]!);
  expect(read(message(24, 0, 0, header(10, 128, 254, 1, 0x200)))).toBeUndefined();
  expect(read(message(16, 0, 0, header(2, 0, 254, 1)))).toBeUndefined();
  expect(read(message(24, 0, 0, header(28, 0, 254, 1)))).toBeUndefined();
});

describe('the verdict', () => {
  const wanted = wantedOf({ gateway: '10.0.0.254', device: 'eth1' });
  const route = (...hops: readonly Partial<Hop>[]): Route => ({
    prefix: parsePrefix('0.0.0.0/0'),
    table: 254,
    leads: true,
    hops: hops.map((hop) => ({
      ...{ device: 3, gateway: addressOctets('10.0.0.254'), dead: false, linkDown: false },
      ...hop,
    })),
  });
  test.each<[string, readonly Route[], boolean, RegExp]>([
    ['it is there', [route({})], true, /^the default route via 10.0.0.254 through eth1 is there$/],
    ['there is none', [], false, /is not there$/],
    ['through another interface', [route({ device: 4 })], false, /there is another$/],
    ['over another gateway', [route({ gateway: addressOctets('10.0.0.1') })], false, /there is another$/],
    ['one of two fits', [route({ device: 4 }, {})], true, /is there$/],
    ['it is dead', [route({ dead: true })], false, /interface is down$/],
    ['no carrier', [route({ linkDown: true })], false, /has no carrier$/],
    ['it leads nowhere', [{ ...route(), leads: false }], false, /leads nowhere/],
  ])('%s', (_, routes, up, words) => {
    const found = judge(wanted, routes, 3);
    expect(found.up).toBe(up);
    expect(found.words).toMatch(words);
  });
});

test.each([
  [{}, 4, 0, 'the default route'],
  [{ family: 6 as const }, 6, 0, 'the IPv6 default route'],
  [{ gateway: '2001:db8::1' }, 6, 0, 'the IPv6 default route via 2001:db8::1'],
  [{ destination: '10.0.0.0/8', gateway: 'fe80::1' }, 4, 8, 'a route to 10.0.0.0/8 via fe80::1'],
  [{ destination: '192.0.2.1', table: 7 }, 4, 32, 'a route to 192.0.2.1 in table 7'],
])('%j', (settings, family, length, words) => {
  expect(wantedOf(settings)).toMatchObject({ prefix: { family, length }, words });
});
