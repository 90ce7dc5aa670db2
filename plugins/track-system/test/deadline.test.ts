import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { patience, within } from '../src/deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('leaves a tenth of the time, a quarter of a second at most', () => {
  expect([patience(100), patience(1000), patience(10_000)]).toEqual([90, 900, 9750]);
});

test('what ends in time is the result, or the failure', async () => {
  const { signal } = new AbortController();
  expect(await within(100, signal, () => Promise.resolve(1))).toBe(1);
  await expect(within(100, signal, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(vi.getTimerCount()).toBe(0);
});

test('what does not is told to end', async () => {
  const outer = new AbortController();
  let told = false;
  const hang = (signal: AbortSignal) =>
    new Promise<number>((_, reject) =>
      signal.addEventListener('abort', () => {
        told = true;
        reject(new Error('late'));
      }),
    );
  const result = within(100, outer.signal, hang);
  await vi.advanceTimersByTimeAsync(100);
  expect(await result).toBeUndefined();
  expect(told).toBe(true);
  const other = within(100, outer.signal, hang);
  outer.abort();
  expect(await other).toBeUndefined();
  expect(await within(100, AbortSignal.abort(), hang)).toBeUndefined();
});
