import { closeSync, existsSync, fstatSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allClosed, closeLater } from './closing.ts';

test('descriptors are closed beside the caller, and can be waited for', async () => {
  const descriptors = Array.from({ length: 20 }, () => openSync('/dev/null', 'r'));
  for (const descriptor of descriptors) closeLater(descriptor);
  await allClosed();
  // Numbers are given out anew: those that are open now are not ours.
  const reopened = openSync('/dev/zero', 'r');
  const other = descriptors.filter((descriptor) => descriptor !== reopened);
  const isNull = (descriptor: number): boolean =>
    existsSync(`/proc/self/fd/${descriptor}`) && fstatSync(descriptor).rdev === 0x103;
  expect(other.filter(isNull)).toEqual([]);
  closeSync(reopened);
});

test('one that is not open harms nobody', async () => {
  closeLater(1_000_000);
  await expect(allClosed()).resolves.toBeUndefined();
});
