import { expect, test } from 'vitest';
import { SHARED_FOR, URGENT_FOR, Urgency } from './urgency.ts';

/** What was set, and when in ms. */
function atWork() {
  const seen: [at: number, urgent: boolean][] = [];
  const clock = { now: 0 };
  const urgency = new Urgency(
    (urgent) => seen.push([clock.now, urgent]),
    () => clock.now,
  );
  return { seen, clock, urgency };
}

test('whoever rests is woken urgently, and what is short stays urgent', () => {
  const { seen, clock, urgency } = atWork();
  for (let round = 0; round < 3; round++) {
    urgency.rest();
    clock.now += 10_000;
    urgency.work();
    clock.now += URGENT_FOR;
    urgency.work();
  }
  expect(seen).toEqual([[0, true]]);
});

test('what takes long lets others in now and then, until there is nothing left to do', () => {
  const { seen, clock, urgency } = atWork();
  urgency.rest();
  for (; clock.now < 1000; clock.now += 10) urgency.work();
  urgency.rest();
  clock.now += 1;
  urgency.work();
  const shared = URGENT_FOR + 10;
  const again = shared + SHARED_FOR + 10;
  expect(seen).toEqual([
    [0, true],
    [shared, false],
    [again, true],
    [again + shared, false],
    [1000, true],
  ]);
});

test('the end is not hurried', () => {
  const { seen, urgency } = atWork();
  urgency.end();
  urgency.rest();
  urgency.end();
  urgency.end();
  expect(seen.map(([, urgent]) => urgent)).toEqual([true, false]);
});
