import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AGAIN, collectGarbage, SMALL, TIMES } from './garbage.ts';

/** Ends the job, until which V8 keeps what a WeakRef was asked for. */
const endJob = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Times that it is collected again. */
function timesAgain(): number {
  let times = 0;
  for (; vi.getTimerCount() > 0; times++) vi.advanceTimersByTime(AGAIN);
  return times;
}

/** Something that nobody holds. */
function litter(): WeakRef<object> {
  return new WeakRef({});
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

it('collects at once, and again when all is quiet', async () => {
  const first = litter();
  await endJob();
  collectGarbage(() => SMALL);
  expect(first.deref()).toBeUndefined();

  const second = litter();
  await endJob();
  vi.advanceTimersByTime(AGAIN - 1);
  await endJob();
  vi.advanceTimersByTime(1);
  expect(second.deref()).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});

it('waits anew after the next reload', () => {
  collectGarbage(() => SMALL);
  vi.advanceTimersByTime(AGAIN - 1);
  collectGarbage(() => SMALL);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(AGAIN - 1);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1);
  expect(vi.getTimerCount()).toBe(0);
});

it('tries again while V8 keeps the memory, but not for ever', () => {
  const sizes = [SMALL + 1, SMALL + 1, SMALL];
  collectGarbage(() => sizes.shift() ?? Number.NaN);
  expect(timesAgain()).toBe(3);
  collectGarbage(() => SMALL + 1);
  expect(timesAgain()).toBe(TIMES);
});
