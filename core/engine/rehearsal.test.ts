import { expect, test } from 'vitest';
import { Int, Num, State } from '../threads/state-table.ts';
import { kindsOf, Rehearsal } from './rehearsal.ts';
import { MemoryIo } from './test/memory-io.ts';

test.each([
  ['all that there are', undefined],
  ['version 2', [{ version: 2, family: 4 }]],
  ['version 3', [{ version: 3, family: 4 }]],
  ['IPv6', [{ version: 3, family: 6 }]],
] as const)('%s: every virtual router goes through every transition, and ends where it began', (_, kinds) => {
  const rehearsal = new Rehearsal(undefined, kinds);
  const { table } = rehearsal;
  for (let act = 1; act <= 2; act++) {
    expect(rehearsal.act()).toBe(true);
    for (let slot = 0; slot < table.slots; slot++) {
      expect(table.int(slot, Int.State)).toBe(State.Initialize);
      expect(table.num(slot, Num.BecameMaster)).toBe(2 * act);
      expect(table.num(slot, Num.LeftMaster)).toBe(2 * act);
      expect(table.num(slot, Num.AdvertisementsReceived)).toBe(7 * act);
      expect(table.num(slot, Num.PriorityZeroReceived)).toBe(2 * act);
      expect(table.num(slot, Num.PriorityZeroSent)).toBe(act);
      // Two when it becomes Master, one by its timer, one in answer to priority 0, version 3 one to an inferior one.
      expect([4 * act, 5 * act]).toContain(table.num(slot, Num.AdvertisementsSent));
      expect(table.num(slot, Num.SendErrors)).toBeGreaterThan(0);
    }
  }
});

test('warming up: one of each kind takes over, sends, and is back where it began', () => {
  const io = new MemoryIo();
  const rehearsal = new Rehearsal(io);
  const { table } = rehearsal;
  for (let time = 1; time <= 2; time++) {
    rehearsal.warm();
    for (let slot = 0; slot < table.slots; slot++) {
      const plays = slot < 3;
      expect(table.int(slot, Int.State)).toBe(State.Initialize);
      expect(table.num(slot, Num.BecameMaster)).toBe(plays ? time : 0);
      expect(table.num(slot, Num.AdvertisementsSent)).toBe(plays ? time : 0);
    }
  }
  expect(
    io.loops.map(({ armed }) => armed.deadline),
    'nothing is left to come',
  ).toEqual([0]);
  rehearsal.close();
});

test('a group of one of each kind is rehearsed as the others are', () => {
  const rehearsal = new Rehearsal(new MemoryIo(), undefined, true);
  const { table } = rehearsal;
  for (let act = 1; act <= 2; act++) {
    rehearsal.act();
    rehearsal.warm();
    for (let slot = 0; slot < table.slots; slot++) {
      expect(table.int(slot, Int.State)).toBe(State.Initialize);
      expect(table.num(slot, Num.BecameMaster)).toBe(2 * act + (slot < 3 ? act : 0));
      expect(table.num(slot, Num.LeftMaster)).toBe(table.num(slot, Num.BecameMaster));
    }
  }
  rehearsal.close();
});

test('what a configuration has is rehearsed, each kind once', () => {
  const four = { version: 2, family: 4 } as const;
  const six = { version: 3, family: 6 } as const;
  expect(kindsOf([six, four, six])).toEqual([four, six]);
  expect(kindsOf([])).toEqual([]);
});

test('it comes to an end', () => {
  const rehearsal = new Rehearsal();
  let acts = 1;
  while (rehearsal.act()) acts++;
  expect(acts).toBeLessThan(1000);
});
