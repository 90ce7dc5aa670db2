import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AGAIN, collectGarbage } from './garbage.ts';

/** Ends the job, until which V8 keeps what a WeakRef was asked for. */
const endJob = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

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
  collectGarbage();
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
  collectGarbage();
  vi.advanceTimersByTime(AGAIN - 1);
  collectGarbage();
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(AGAIN - 1);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1);
  expect(vi.getTimerCount()).toBe(0);
});
