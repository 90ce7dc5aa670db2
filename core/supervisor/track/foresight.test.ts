import { expect, test } from 'vitest';
import type { TrackerConfig } from '../../config/model.ts';
import { FakeThreads } from '../test/fake-threads.ts';
import { foreseeTrackers } from './foresight.ts';
import type { TrackConfiguration, TrackStart } from './trackers.ts';

const tracker: TrackerConfig = {
  ...{ name: 'a', type: 'x', position: { file: 'f', line: 1 }, interval: 1000, timeout: 1000 },
  ...{ rise: 1, fall: 1, initial: 'wait', hold: 0, settings: {} },
};
const start = (index: number): TrackStart => ({
  plugin: {
    ...{ package: `rvrrpd-plugin-${index}`, version: '1.0.0', names: ['x'], default: false },
    ...{ kind: 'track', provides: [], needs: [], entry: '/x/index.js', options: {} },
  },
  ...{ fingerprint: 'a', trackers: [index] },
});
const two: TrackConfiguration = {
  config: { trackers: [tracker, { ...tracker, name: 'b' }] },
  tracks: [start(0), start(1)],
};

const NOTHING = { refusals: [], warnings: [] };

test('nobody refuses: nothing is told, no thread is left, and nothing was checked', async () => {
  const threads = new FakeThreads();
  expect(await foreseeTrackers(two, threads.start)).toEqual(NOTHING);
  expect(threads.all.flatMap(({ orders }) => orders.map(({ type }) => type))).toEqual(['stop', 'stop']);
  expect(threads.alive).toEqual([]);
});

test('each that refuses is told; one that hangs is told, and left to the start', async () => {
  const threads = new FakeThreads();
  threads.manners = { track: { load: 'fail' } };
  expect((await foreseeTrackers(two, threads.start)).refusals).toEqual(['track 1 cannot', 'track 2 cannot']);
  threads.manners = { track: { load: 'hang' } };
  const { refusals, warnings } = await foreseeTrackers(two, threads.start, 10);
  expect(refusals).toEqual([]);
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toMatch(/^trackers are not checked in full: no answer within 0\.01 s: /);
  expect(threads.alive).toEqual([]);
});

test('without trackers there is no thread', async () => {
  const threads = new FakeThreads();
  expect(await foreseeTrackers({ config: {} }, threads.start)).toEqual(NOTHING);
  expect(threads.all).toEqual([]);
});
