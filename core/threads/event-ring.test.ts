import { expect, test } from 'vitest';
import { addressBytes, addressText } from '../vrrp/address.ts';
import { type EngineEvent, EventRing, EventType } from './event-ring.ts';
import { listedAddresses } from './listed-addresses.ts';

test('events arrive in order, with their peer', () => {
  const ring = new EventRing(EventRing.allocate(8));
  const reader = ring.reader();
  ring.write(EventType.Transition, 3, 1, 2, 4, 1234);
  ring.write(EventType.Dropped, 5, 7, 2, 0, 1235, Uint8Array.of(9, 10, 0, 255, 3), 1, 4);
  const seen: unknown[] = [];
  expect(
    reader.read((event) => seen.push({ ...event, peer: [...event.peer], listed: [...event.listed] }), 10),
  ).toBe(0);
  expect(seen).toEqual([
    { type: EventType.Transition, slot: 3, a: 1, b: 2, c: 4, time: 1234, peer: [], listed: [] },
    { type: EventType.Dropped, slot: 5, a: 7, b: 2, c: 0, time: 1235, peer: [10, 0, 255, 3], listed: [] },
  ]);
  expect(reader.pending).toBe(false);
});

test('an event has what its peer listed, as far as there is room', () => {
  const ring = new EventRing(EventRing.allocate(8));
  const reader = ring.reader();
  const bytes = Uint8Array.from([10, 0, 255, 3, 1, 2, 3, 255, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
  ring.write(EventType.AddressListMismatch, 0, 0, 1, 4, 0, bytes, 0, 4, 4, 16);
  ring.write(EventType.AddressListMismatch, 0, 0, 1, 1, 0, bytes, 0, 4, 4, 4);
  const texts: string[] = [];
  reader.read((event) => texts.push(`${event.peer.join('.')} lists ${listedAddresses(event)}`), 10);
  expect(texts).toEqual([
    '10.0.255.3 lists 1.2.3.255, 5.6.7.8, 9.10.11.12, 1 more',
    '10.0.255.3 lists 1.2.3.255',
  ]);
});

test('an event has as many of IPv6', () => {
  const ring = new EventRing(EventRing.allocate(2));
  const reader = ring.reader();
  const [peer, ...listed] = ['fe80::9', 'fe80::1', '2001:db8::fe', '2001:db8:ffff::2', '2001:db8::3'];
  const bytes = Uint8Array.from([0, ...[...listed, peer!].flatMap((address) => [...addressBytes(address)])]);
  for (const count of [4, 3, 1]) {
    // Over what the record before it had.
    ring.write(EventType.Dropped, 7, 0, 1, count, 1234, bytes, 65, 16, 1, count * 16);
    ring.write(EventType.Dropped, 8, 0, 1, 0, 1235, bytes, 65, 16);
  }
  const texts: string[] = [];
  const tell = (event: EngineEvent): void => {
    texts.push(`${event.slot} ${event.time} ${addressText(event.peer)}: ${listedAddresses(event)}`);
  };
  expect(reader.read(tell, 10)).toBe(4);
  expect(texts).toEqual(['7 1234 fe80::9: fe80::1', '8 1235 fe80::9: ']);
  ring.write(EventType.Dropped, 7, 0, 1, 4, 1236, bytes, 65, 16, 1, 64);
  ring.write(EventType.Dropped, 7, 0, 1, 3, 1237, bytes, 65, 16, 1, 48);
  reader.read(tell, 10);
  expect(texts.slice(2)).toEqual([
    '7 1236 fe80::9: fe80::1, 2001:db8::fe, 2001:db8:ffff::2, 1 more',
    '7 1237 fe80::9: fe80::1, 2001:db8::fe, 2001:db8:ffff::2',
  ]);
});

test('a slow reader loses the oldest and is told how many', () => {
  const ring = new EventRing(EventRing.allocate(4));
  const reader = ring.reader();
  for (let i = 0; i < 10; i++) ring.write(EventType.Transition, i, 0, 0, 0, 0);
  const slots: number[] = [];
  expect(reader.read((event) => slots.push(event.slot), 100)).toBe(6);
  expect(slots).toEqual([6, 7, 8, 9]);
});

test('a limit leaves the rest for later', () => {
  const ring = new EventRing(EventRing.allocate(8));
  const reader = ring.reader();
  for (let i = 0; i < 5; i++) ring.write(EventType.Transition, i, 0, 0, 0, 0);
  const slots: number[] = [];
  reader.read((event) => slots.push(event.slot), 2);
  expect(reader.pending).toBe(true);
  reader.read((event) => slots.push(event.slot), 100);
  expect(slots).toEqual([0, 1, 2, 3, 4]);
});

test('readers are independent of each other', () => {
  const ring = new EventRing(EventRing.allocate(8));
  const [one, two] = [ring.reader(), ring.reader()];
  ring.write(EventType.Stalled, 1, 0, 0, 0, 0);
  let count = 0;
  one.read(() => count++, 10);
  two.read(() => count++, 10);
  expect(count).toBe(2);
});
