import { expect, test } from 'vitest';
import type { HookConfig, TrackerConfig } from '../../config/model.ts';
import type { ResolvedPlugin } from '../../threads/resolved-plugins.ts';
import { warningsTo } from '../log.ts';
import { FakeThreads } from '../test/fake-threads.ts';
import { foreseeThreads } from './threads.ts';

const plugin = (kind: 'track' | 'notify'): ResolvedPlugin => ({
  ...{
    package: `rvrrpd-plugin-${kind}-x`,
    version: '1.0.0',
    kind,
    names: ['x'],
    default: false,
    provides: [],
  },
  ...{ needs: [], entry: '/x/index.js', options: {} },
});
const position = { file: '/etc/rvrrpd.toml', line: 7 };
const STARTS = {
  config: {
    trackers: [
      { name: 'up', type: 'x', settings: {}, interval: 1000, timeout: 1000, position },
    ] as unknown as TrackerConfig[],
    hooks: [{ name: 'pager', type: 'x', settings: {}, timeout: 1000, position }] as unknown as HookConfig[],
  },
  tracks: [{ plugin: plugin('track'), fingerprint: 'a', trackers: [0] }],
  notifies: [{ plugin: plugin('notify'), fingerprint: 'a', tables: [0] }],
};

const silent = warningsTo(() => {});
const NOTHING = { refusals: [], warnings: [] };

test('nothing is started where there is nothing to look at', async () => {
  const threads = new FakeThreads();
  expect(await foreseeThreads({ config: {} }, silent, threads.start)).toEqual(NOTHING);
  expect(threads.all).toEqual([]);
});

test('trackers and hooks are made, do nothing, and are gone afterwards', async () => {
  const threads = new FakeThreads();
  expect(await foreseeThreads(STARTS, silent, threads.start)).toEqual(NOTHING);
  expect(threads.all.map(({ plan }) => plan.name)).toEqual(['track', 'notify']);
  expect(threads.journal.filter((line) => line.endsWith(': go'))).toEqual([]);
  expect(threads.alive).toEqual([]);
});

test('what plugins refuse is told; one that hangs is told too, and left to the start', async () => {
  const threads = new FakeThreads();
  threads.manners = { track: { load: 'fail' }, notify: { load: 'hang' } };
  const { refusals, warnings } = await foreseeThreads(STARTS, silent, threads.start, 10);
  expect(refusals).toEqual(['track 1 cannot']);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^not checked in full, no answer within 0\.01 s: /);
  expect(threads.alive).toEqual([]);
});

test('a log that tells warnings and worse', () => {
  const told: string[] = [];
  const log = warningsTo((message) => told.push(message));
  log.info('hello');
  log.warn({ a: 1 }, 'chmod it');
  log.error('broken');
  expect(told).toEqual(['chmod it', 'broken']);
});
