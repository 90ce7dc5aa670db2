import { expect, test } from 'vitest';
import { Int } from '../threads/state-table.ts';
import { Rehearsal } from './rehearsal.ts';

test('every virtual router becomes Master and leaves again, and nothing is held in the end', async () => {
  const rehearsal = new Rehearsal();
  const { table, holdings } = rehearsal;
  const installed = new Set<string>();
  const { claim } = holdings;
  holdings.claim = (user, wanted) => {
    for (const { resource } of wanted) installed.add(`${user} ${resource.kind}`);
    return claim.call(holdings, user, wanted);
  };
  for (let act = 1; act <= 2; act++) {
    installed.clear();
    await rehearsal.act();
    for (let slot = 0; slot < table.slots; slot++) {
      expect(table.int(slot, Int.Wanted)).toBe(2 * act);
      expect(table.int(slot, Int.Applied), 'brought to what it wants').toBe(2 * act);
      expect(table.int(slot, Int.KernelErrno)).toBe(0);
      expect(installed, 'it has had its addresses').toContain(`${slot} address`);
    }
    for (const kind of ['link', 'up']) expect([...installed].join()).toContain(` ${kind}`);
    expect([...holdings.all()]).toEqual([]);
  }
});

test('it comes to an end', async () => {
  const rehearsal = new Rehearsal();
  let acts = 1;
  while (await rehearsal.act()) acts++;
  expect(acts).toBeLessThan(100);
  expect(await rehearsal.act(), 'later ones are single').toBe(false);
});
