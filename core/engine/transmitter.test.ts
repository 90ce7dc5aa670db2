import { expect, test } from 'vitest';
import { Queue } from '../native/packet-loop.ts';
import { GRATUITOUS_ARP_LENGTH } from '../vrrp/announcement.ts';
import { Transmitter } from './transmitter.ts';

/** A transmitter whose frames are written down; `refused` descriptors fail with the errno given. */
function stage(readyMade = 64, refused: Readonly<Record<number, number>> = {}) {
  const failures: [number, number][] = [];
  const flushes: { descriptor: number; offset: number; length: number; bytes: Uint8Array }[][] = [];
  const transmitter = new Transmitter(readyMade, (slot, errno) => failures.push([slot, errno]));
  transmitter.send = (count) => {
    const { queue, buffer } = transmitter;
    let failed = 0;
    const flush = Array.from({ length: count }, (_, entry) => {
      const at = entry * Queue.Count;
      const [descriptor = 0, offset = 0, length = 0] = queue.subarray(at, at + Queue.Count);
      const errno = refused[descriptor];
      if (errno !== undefined) {
        queue[at + Queue.Descriptor] = -errno;
        failed++;
      }
      return { descriptor, offset, length, bytes: buffer.slice(offset, offset + length) };
    });
    flushes.push(flush);
    return failed;
  };
  return { transmitter, failures, flushes };
}

test('frames of one socket go out together, in their order; sockets in the order of their first frame', () => {
  const { transmitter, flushes } = stage();
  for (const [slot, descriptor] of [7, 9, 7, 3, 9, 7].entries()) {
    transmitter.frame(descriptor, slot * 8, 8, slot);
  }
  transmitter.flush();
  expect(flushes.map((flush) => flush.map(({ descriptor, offset }) => [descriptor, offset / 8]))).toEqual([
    [
      ...[7, 7, 7].map((descriptor, at) => [descriptor, [0, 2, 5][at]]),
      ...[9, 9].map((descriptor, at) => [descriptor, [1, 4][at]]),
      [3, 3],
    ],
  ]);
  transmitter.frame(9, 0, 8, 0);
  transmitter.flush();
  expect(flushes[1]!.map(({ descriptor }) => descriptor)).toEqual([9]);
});

test('nothing waits: nothing is sent', () => {
  const { transmitter, flushes } = stage();
  transmitter.flush();
  expect(flushes).toEqual([]);
});

test('who could not send is told, whatever the order of the queue', () => {
  const { transmitter, failures } = stage(64, { 7: 100 });
  transmitter.frame(9, 0, 8, 20);
  transmitter.frame(7, 8, 8, 21);
  transmitter.frame(9, 16, 8, 22);
  transmitter.frame(7, 24, 8, 23);
  transmitter.flush();
  expect(failures).toEqual([
    [21, 100],
    [23, 100],
  ]);
});

test('more than there is room for goes out in several turns, none of it twice or over another', () => {
  const { transmitter, flushes } = stage(0);
  const count = 10_000;
  for (let at = 0; at < count; at++) {
    transmitter.gratuitousArp(5, `10.0.${at >> 8}.${at & 0xff}`, '00:00:5e:00:01:01', at);
  }
  transmitter.flush();
  const sent = flushes.flat().map(({ length, bytes }) => {
    expect(length).toBe(GRATUITOUS_ARP_LENGTH);
    return bytes.subarray(28, 32).join('.');
  });
  expect(sent).toHaveLength(count);
  expect(new Set(sent).size).toBe(count);
  expect(flushes.length).toBe(Math.ceil(count / 4096));
});

test('announcements are built behind the ready-made frames', () => {
  const { transmitter, flushes } = stage(100);
  transmitter.buffer.fill(0xaa, 0, 100);
  transmitter.gratuitousArp(5, '198.51.100.1', '00:00:5e:00:01:01', 0);
  transmitter.flush();
  expect(flushes[0]![0]!.offset).toBeGreaterThanOrEqual(100);
  expect(transmitter.buffer.subarray(0, 100).every((octet) => octet === 0xaa)).toBe(true);
});
