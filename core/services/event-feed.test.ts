import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ServiceEvent } from '../plugin/contracts/index.ts';
import { Cause, EventRing, EventType } from '../threads/event-ring.ts';
import { State } from '../threads/state-table.ts';
import { Drop } from '../vrrp/drop-reasons.ts';
import { Hold } from '../vrrp/hold.ts';
import { EventFeed } from './event-feed.ts';
import { config, viewOf } from './test/view.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A feed and what it has told. */
function listen(view = viewOf([config(1), config(2)])) {
  const feed = new EventFeed(view);
  const told: ServiceEvent[] = [];
  let lost = 0;
  feed.subscribe((events, missing) => {
    told.push(...events);
    lost += missing;
  });
  return { feed, told, lost: () => lost, ring: new EventRing(view.events) };
}

function becomeMaster(ring: EventRing, slot: number, time: number): void {
  ring.write(EventType.Transition, slot, State.Backup, State.Master, Cause.MasterDown, time);
}

test('translates what the engine tells', () => {
  const { told, ring } = listen();
  becomeMaster(ring, 1, 5);
  ring.write(EventType.Dropped, 0, Drop['auth-failed'], 3, 0, 6, Uint8Array.of(10, 0, 0, 9), 0, 4);
  ring.write(EventType.Dropped, 2, Drop['unknown-vrid'], 1, 0, 7); // the strangers' slot
  ring.write(EventType.AdvertisementSent, 0, 100, 0, 0, 8); // of no interest
  ring.write(EventType.Hold, 0, Hold.Link, 8000.4, 0, 9);
  ring.write(EventType.HoldOver, 0, Hold.Hearing, 0, 0, 10);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(200);
  const on = (group: number) => ({ interface: 'eth0', group, family: 4, version: 2 });
  expect(told).toEqual([
    {
      ...{ type: 'transition', time: 5, ...on(2), from: 'Backup', to: 'Master' },
      cause: 'the Master_Down_Timer expired',
    },
    { type: 'rejected', time: 6, ...on(1), reason: 'auth-failed', count: 3, peer: '10.0.0.9' },
    { type: 'rejected', time: 7, reason: 'unknown-vrid', count: 1 },
    { type: 'hold', time: 9, ...on(1), reason: 'link_delay', left: 8 },
    { type: 'hold', time: 10, ...on(1), reason: 'hearing', left: 0 },
  ]);
});

test('goes on with the next generation, and loses nothing on the way', () => {
  const { feed, told, ring } = listen();
  const next = viewOf([config(7)]);
  becomeMaster(ring, 0, 1);
  becomeMaster(new EventRing(next.events), 0, 2); // before the service knows of it
  feed.follow(next);
  becomeMaster(ring, 1, 3); // nobody's any more
  becomeMaster(new EventRing(next.events), 0, 4);
  vi.advanceTimersByTime(200);
  const groups = told.map((event) => ('group' in event ? [event.group, event.time] : []));
  expect(groups).toEqual([
    [1, 1],
    [7, 2],
    [7, 4],
  ]);
});

test('tells of reloads, and of events that were lost', () => {
  const view = viewOf([config(1)], 8);
  const { feed, told, lost, ring } = listen(view);
  for (let i = 0; i < 20; i++) becomeMaster(ring, 0, i);
  const lastReload = { time: '2026-01-01T00:00:00.000Z', ok: false, error: 'no', issues: [] };
  feed.reloaded({ ...view.daemon, generation: 3, lastReload });
  vi.advanceTimersByTime(200);
  expect(lost()).toBe(12);
  expect(told).toHaveLength(9);
  expect(told.at(-1)).toEqual({ type: 'reload', generation: 3, ...lastReload });
});
