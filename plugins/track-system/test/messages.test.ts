import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLink } from '../src/links.ts';
import { attribute, body, message, messagesIn, Reader } from '../src/messages.ts';

test('a message is read as it was written', () => {
  const sent = message(18, 0x301, 7, body(1, attribute(3, 'eth0'), attribute(15, 100)));
  const [read] = [...messagesIn(sent)];
  expect(read).toMatchObject({ type: 18, flags: 0x301, sequence: 7 });
  const attributes = read!.body.attributes(4);
  expect(attributes.get(3)?.text()).toBe('eth0');
  expect(attributes.get(15)?.u32(0)).toBe(100);
});

test('several in one datagram', () => {
  const datagram = Buffer.concat([
    message(1, 0, 1, body(1)),
    message(2, 0, 2, body(1, 2)),
    message(3, 0, 3, body()),
  ]);
  expect([...messagesIn(datagram)].map(({ type }) => type)).toEqual([1, 2, 3]);
});

test('whatever arrives, reading it ends, and nothing is read beyond it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      for (const each of messagesIn(octets)) {
        readLink(each);
        expect(each.body.octets.length).toBeLessThanOrEqual(octets.length);
      }
      for (const value of new Reader(octets).attributes(0).values())
        expect(value.octets.length).toBeLessThanOrEqual(octets.length);
    }),
  );
});

test('beyond the end there are zeros: an older kernel says less', () => {
  const reader = new Reader(Uint8Array.of(1, 2));
  expect([reader.u8(1), reader.u8(2), reader.u16(1), reader.u32(0), reader.i32(0)]).toEqual([2, 0, 0, 0, 0]);
});

test.each([
  ['up with a carrier', 0x1 | 0x40 | 0x10000, 6, { up: true, carrier: true, running: true, state: 'up' }],
  ['without a carrier', 0x1, 2, { up: true, carrier: false, running: false, state: 'down' }],
  ['dormant', 0x1 | 0x10000, 5, { up: true, carrier: true, running: false, state: 'dormant' }],
  ['administratively down', 0, 2, { up: false, carrier: false, running: false, state: 'down' }],
])('a link that is %s', (_, flags, state, expected) => {
  const operstate = Uint8Array.of(5, 0, 16, 0, state);
  const octets = message(16, 0, 0, body(0, 4, flags, 0, attribute(3, 'eth0'), operstate));
  expect(readLink([...messagesIn(octets)][0]!)).toEqual({ index: 4, name: 'eth0', ...expected });
});
