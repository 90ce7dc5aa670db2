import { expect, test, vi } from 'vitest';
import { within } from './within.ts';

const never = new Promise<string>(() => {});

test('what the work comes to, and no timer is left', async () => {
  vi.useFakeTimers();
  expect(await within(Promise.resolve('done'), 1000, () => 'late')).toBe('done');
  await expect(within(Promise.reject(new Error('no')), 1000, () => 'late')).rejects.toThrow('no');
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test('what else, or its error, once it takes too long', async () => {
  expect(await within(never, 1, () => 'late')).toBe('late');
  const fails = (): string => {
    throw new Error('too late');
  };
  await expect(within(never, 1, fails)).rejects.toThrow('too late');
});
