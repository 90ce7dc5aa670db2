import { expect, test } from 'vitest';
import { Stalls } from './stall.ts';

/** What a Backup's deadline of 10,000 ms is put off by, found expired so late by an engine that overslept so much. */
const putOff = (interval: number, late: number, overslept = 0): number =>
  new Stalls(1).deadline(0, 10_000, interval, 10_000 + late, overslept) - (10_000 + late);

test.each([
  // interval, late, overslept, put off
  [1000, 500, 498, false],
  [1000, 501, 499, true],
  [1000, 400, 398, false], // as before there were short intervals
  [255_000, 501, 499, true],
  [40_950, 500, 0, false],
  [10, 5, 0, false], // own work, for other routers
  [10, 5.1, 0, true],
  [10, 0.5, 2.5, false],
  [10, 0.6, 2.6, true],
  [10, 0, 2.6, false], // in time after all
  [100, 24, 26, true],
  [100, 24, 20, false],
])('interval %d: %d late, woken %d late', (interval, late, overslept, isStall) => {
  if (isStall) expect(putOff(interval, late, overslept)).toBe(interval);
  else expect(putOff(interval, late, overslept)).toBe(0 - late);
});

test('twice in a row at most: whoever always wakes late takes over all the same', () => {
  const stalls = new Stalls(2);
  let now = 10_000;
  let deadline = now - 6;
  const given = [1, 2, 3].map(() => {
    const later = stalls.deadline(0, deadline, 10, now, 6);
    const gave = later > now;
    deadline = later;
    now = later + 6;
    return gave;
  });
  expect(given).toEqual([true, true, false]);
  expect(stalls.deadline(1, deadline, 10, now, 6), 'each router by itself').toBeGreaterThan(now);
  expect(stalls.deadline(0, now - 7, 10, now, 6), 'an advertisement has come').toBeGreaterThan(now);
});
