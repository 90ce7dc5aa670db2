import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuthMemories } from '../threads/auth-memory.ts';
import { AuthKeeper } from './auth-keeper.ts';
import { router } from './test/stage.ts';

const OWNER = 4711;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-keeper-'));
  file = path.join(folder, 'x.auth');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Memories whose slots hold these numbers. */
function memories(...numbers: readonly number[]): AuthMemories {
  const made = AuthMemories.allocate(numbers.length);
  for (const [slot, number] of numbers.entries()) {
    made.claim(slot, OWNER);
    made.place(slot)[1023] = number;
    made.save(slot);
  }
  return made;
}

const filled = (keeper: AuthKeeper, ...groups: readonly number[]): (readonly [number, number])[] => {
  const made = AuthMemories.allocate(groups.length);
  keeper.fill(
    made,
    groups.map((group) => router(group)),
  );
  return groups.map((_, slot) => [made.owner(slot), made.place(slot)[1023]!] as const);
};

test('what a generation has is there after a restart, by virtual router, for root alone', async () => {
  const keeper = new AuthKeeper(file);
  keeper.follow(memories(1, 2), [router(1), router(2)]);
  await keeper.flush();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(filled(new AuthKeeper(file), 2, 3, 1)).toEqual([
    [OWNER, 2],
    [0, 0],
    [OWNER, 1],
  ]);
});

test('a virtual router that was away finds what it had', async () => {
  const keeper = new AuthKeeper(file);
  keeper.follow(memories(1, 2), [router(1), router(2)]);
  keeper.follow(memories(2), [router(2)]);
  expect(filled(keeper, 1)).toEqual([[OWNER, 1]]);
  keeper.follow(AuthMemories.allocate(0), []);
  await keeper.flush();
  expect(filled(new AuthKeeper(file), 1, 2)).toEqual([
    [OWNER, 1],
    [OWNER, 2],
  ]);
});

test('is written soon after a change, and not without one', async () => {
  const keeper = new AuthKeeper(file);
  const running = memories(1);
  keeper.follow(running, [router(1)]);
  await keeper.flush();
  const before = readFileSync(file, 'utf8');
  rmSync(file);
  await keeper.flush();
  expect(() => statSync(file)).toThrow('ENOENT');
  running.place(0)[1023] = 9;
  running.save(0);
  keeper.changed();
  await expect.poll(() => readFileSync(file, 'utf8'), { timeout: 10_000 }).not.toBe(before);
  expect(filled(new AuthKeeper(file), 1)).toEqual([[OWNER, 9]]);
});

describe('a file is none if it', () => {
  test.each([
    ['is of another boot', (text: string) => text.replace(/"boot":"[^"]*"/, '"boot":"other"')],
    ['is empty', () => ''],
    ['is damaged', (text: string) => text.slice(0, 90)],
    ['is something else', () => '[]\n5\n{"router":1}\n'],
    [
      'has memories of another size',
      (text: string) => text.replace(/"memory":"[^"]*"/, `"memory":"${'A'.repeat(1400)}"`),
    ],
  ])('%s', async (_, spoil) => {
    const keeper = new AuthKeeper(file);
    keeper.follow(memories(1), [router(1)]);
    await keeper.flush();
    writeFileSync(file, spoil(readFileSync(file, 'utf8')));
    expect(filled(new AuthKeeper(file), 1)).toEqual([[0, 0]]);
  });
});

test('one that cannot be written is told, and that it can again', async () => {
  const told: (string | undefined)[] = [];
  const keeper = new AuthKeeper(path.join(folder, 'missing', 'x.auth'));
  keeper.onTrouble = (text) => told.push(text);
  const running = memories(1);
  keeper.follow(running, [router(1)]);
  await keeper.flush();
  expect(told).toEqual([expect.stringMatching(/cannot be written: ENOENT.*may be accepted again/)]);
});

test('memory of another owner is wiped out, an own one is found', () => {
  const one = memories(7);
  expect(one.claim(0, OWNER)).toBe(true);
  expect(one.claim(0, OWNER + 1)).toBe(false);
  expect(one.place(0)[1023]).toBe(0);
  const next = AuthMemories.allocate(1);
  expect(next.inherit(0, OWNER, one, 0)).toBe(false);
  expect(next.inherit(0, OWNER + 1, one, 0)).toBe(true);
  expect(next.inherit(0, OWNER + 1, AuthMemories.allocate(0), 0)).toBe(false);
  expect(() => new AuthMemories(new SharedArrayBuffer(64))).toThrow('not of this layout');
});
