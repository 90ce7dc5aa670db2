import { expect, test } from 'vitest';
import { Int, Num, State } from '../threads/state-table.ts';
import { Rehearsal } from './rehearsal.ts';

test('every virtual router goes through every transition, and ends where it began', () => {
  const rehearsal = new Rehearsal();
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
      // Two when it becomes Master, one by its timer, one in answer to priority 0.
      expect(table.num(slot, Num.AdvertisementsSent)).toBe(4 * act);
      expect(table.num(slot, Num.SendErrors)).toBeGreaterThan(0);
    }
  }
});

test('it comes to an end', () => {
  const rehearsal = new Rehearsal();
  let acts = 1;
  while (rehearsal.act()) acts++;
  expect(acts).toBeLessThan(1000);
});
