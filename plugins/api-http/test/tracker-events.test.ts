import { expect, test } from 'vitest';
import { entryOf } from '../src/events/entry.ts';

const time = 1_700_000_000_000;
const on = { interface: 'eth0', group: 1, family: 4, version: 2 } as const;
const data = (event: Parameters<typeof entryOf>[0]): unknown => JSON.parse(entryOf(event).data);

test('Fault is a state in events', () => {
  const cause = 'tracker web is down: 503';
  const to = { type: 'transition', time, ...on, from: 'Master', to: 'Down', cause, fault: 'to' } as const;
  expect(data(to)).toMatchObject({ from: 'Master', to: 'Fault', cause });
  const from = { ...to, from: 'Down', to: 'Backup', fault: 'from' } as const;
  expect(data(from)).toMatchObject({ from: 'Fault', to: 'Backup' });
});

test('a verdict is about no virtual router, a priority is', () => {
  const verdict = entryOf({ type: 'tracker', time, tracker: 'web', verdict: 'down', words: '503' });
  expect(verdict).toEqual({
    type: 'tracker',
    data: '{"time":"2023-11-14T22:13:20.000Z","tracker":"web","verdict":"down","words":"503"}',
  });
  const priority = entryOf({
    type: 'priority',
    time,
    ...on,
    from: 100,
    to: 70,
    cause: '100 - 30 (web) = 70',
  });
  expect(priority).toMatchObject({ type: 'priority', interface: 'eth0', group: 1 });
  expect(JSON.parse(priority.data)).toMatchObject({ from: 100, to: 70, cause: '100 - 30 (web) = 70' });
});
