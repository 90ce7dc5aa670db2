import { expect, test } from 'vitest';
import { ChecksumSort } from '../vrrp/advertisement.ts';
import { Familiar } from './familiar.ts';
import { emptyRouting } from './routing.ts';
import { advertisement } from './test/station.ts';

const slots = emptyRouting();
slots[1] = 0;
slots[2] = 1;

/** Remembers a frame for a slot, somewhere in a larger buffer. */
function remember(familiar: Familiar, slot: number, frame: Uint8Array): void {
  const buffer = new Uint8Array(1000);
  buffer.set(frame, 500);
  familiar.remember(slot, buffer, 500, frame.length, 200, 1000, -8, ChecksumSort.Any);
}

const recognise = (familiar: Familiar, frame: Uint8Array): number =>
  familiar.recognise(slots, frame, 0, frame.length);

test('the frame that was remembered, with what was found out of it', () => {
  const familiar = new Familiar(2);
  expect(recognise(familiar, advertisement({ vrid: 2 }))).toBe(-1);
  remember(familiar, 1, advertisement({ vrid: 2 }));
  expect(recognise(familiar, advertisement({ vrid: 2 }))).toBe(1);
  expect([familiar.priorities[1], familiar.intervals[1], familiar.addressOrders[1]]).toEqual([200, 1000, -8]);
  expect(recognise(familiar, advertisement({ vrid: 1 })), 'each slot has its own').toBe(-1);
});

test('one octet more, fewer or different, anywhere: it is another frame', () => {
  const familiar = new Familiar(2);
  const frame = advertisement();
  remember(familiar, 0, frame);
  for (let at = 0; at < frame.length; at++) {
    const other = frame.slice();
    other[at]! ^= 1;
    expect(recognise(familiar, other), `octet ${at}`).toBe(-1);
  }
  expect(recognise(familiar, frame.subarray(0, -1))).toBe(-1);
  expect(recognise(familiar, Uint8Array.from([...frame, 0]))).toBe(-1);
  expect(recognise(familiar, frame)).toBe(0);
});

test('every length that is too short for a VRID is nobody’s', () => {
  const familiar = new Familiar(2);
  const frame = advertisement();
  for (let length = 0; length <= 35; length++) {
    expect(familiar.recognise(slots, frame, 0, length)).toBe(-1);
  }
});

test('what was forgotten is decoded again', () => {
  const familiar = new Familiar(2);
  remember(familiar, 0, advertisement());
  familiar.forget(0);
  expect(recognise(familiar, advertisement())).toBe(-1);
});

test('neither a long frame nor one with IP options is remembered, and what was stays', () => {
  const familiar = new Familiar(2);
  const frame = advertisement();
  remember(familiar, 0, frame);
  remember(
    familiar,
    0,
    advertisement({ addresses: Array.from({ length: 30 }, (_, at) => `198.51.100.${at}`) }),
  );
  const options = frame.slice();
  options[14] = 0x46;
  remember(familiar, 0, options);
  expect(recognise(familiar, options)).toBe(-1);
  expect(recognise(familiar, frame)).toBe(0);
});
