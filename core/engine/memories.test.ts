import { expect, test } from 'vitest';
import { AuthMemories, ownerNumber } from '../threads/auth-memory.ts';
import { adoptMemory, catchUp } from './memories.ts';
import type { EngineRouter } from './router.ts';
import { ToyTrailer } from './test/toy-trailer.ts';

const OWNER = ownerNumber('toy');

/** A router of slot 0 with a memory that has this octet first; 0: it is new. */
function router(octet = 0) {
  const memories = AuthMemories.allocate(1);
  memories.claim(0, OWNER);
  const bytes = memories.place(0);
  bytes[0] = octet;
  const toy = new ToyTrailer({ bytes, save: () => {} });
  const trailer = Object.assign(toy, { plugin: 'toy' });
  return { memories, bytes, toy, whole: { slot: 0, trailer } as unknown as EngineRouter };
}

test.each(['reload', 'restart'] as const)('what the one before it knew, %s', (how) => {
  const [before, now] = [router(7), router()];
  adoptMemory(now.whole, now.memories, before.memories, 0, how);
  expect([now.bytes[0], now.toy.adopted]).toEqual([7, [how]]);
});

test('a router that did not run before begins with what it has', () => {
  const now = router(7);
  adoptMemory(now.whole, now.memories, router(8).memories, -1, 'reload');
  expect([now.bytes[0], now.toy.adopted]).toEqual([7, []]);
});

test('memory that cannot be read: what came from a file is caught up with, what is new is not', () => {
  const none = AuthMemories.allocate(0);
  for (const [octet, adopted] of [
    [7, ['restart']],
    [0, []],
  ] as const) {
    const now = router(octet);
    adoptMemory(now.whole, now.memories, none, 0, 'reload');
    expect([now.bytes[0], now.toy.adopted]).toEqual([octet, adopted]);
  }
});

test('all catch up, though one cannot', () => {
  const [one, two] = [router(), router()];
  one.toy.adopt = () => {
    throw new Error('no');
  };
  const failed: unknown[] = [];
  catchUp([one.whole, two.whole, { slot: 2 }], (error) => failed.push(error));
  expect(failed).toEqual([new Error('no')]);
  expect(two.toy.adopted).toEqual(['restart']);
});
