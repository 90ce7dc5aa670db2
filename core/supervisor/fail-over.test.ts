import { expect, test } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import type { RouterName } from '../plugin/contracts/index.ts';
import { Int, State, StateTable } from '../threads/state-table.ts';
import { failOverFault, slotsOf } from './fail-over.ts';
import { router, startOf } from './test/stage.ts';

const NAME: RouterName = { interface: 'eth0', group: 1 };

/** @param masters slots of them, with their priority */
function fault(
  routers: readonly VirtualRouterConfig[],
  name: RouterName,
  masters: Record<number, number> = {},
) {
  const table = StateTable.allocate(routers.length);
  for (const slot of routers.keys()) table.setInt(slot, Int.State, State.Backup);
  for (const [slot, priority] of Object.entries(masters)) {
    table.setInt(Number(slot), Int.State, State.Master);
    table.setInt(Number(slot), Int.Priority, priority);
  }
  return failOverFault(name, { start: startOf(routers), table })?.message;
}

const four = router(1, { version: 3 });
const six = router(1, { version: 3, family: 6 });

test('both families of one table: those that are Master', () => {
  const both = [four, { ...six, table: 0 }];
  expect(slotsOf(both, NAME)).toEqual([0, 1]);
  expect(fault(both, NAME)).toBe('virtual router 1 on eth0 is not Master: it is Backup');
  expect(fault(both, NAME, { 1: 100 })).toBeUndefined();
  expect(fault(both, NAME, { 0: 255, 1: 100 })).toBeUndefined();
  expect(fault(both, NAME, { 0: 255, 1: 255 })).toContain('owns its address');
  expect(fault(both, { ...NAME, family: 4 }, { 1: 100 })).toContain('is not Master');
  expect(fault(both, { ...NAME, family: 6 }, { 1: 100 })).toBeUndefined();
});

test('of several tables, a name must say which', () => {
  expect(fault([four, six], NAME, { 0: 100, 1: 100 })).toBe(
    'there is virtual router 1 on eth0 for IPv4 and for IPv6: "family" must say which',
  );
  const versions = [router(1), four];
  expect(fault(versions, NAME, { 0: 100, 1: 100 })).toBe(
    'there is virtual router 1 on eth0 for VRRPv2 and for VRRPv3: "version" must say which',
  );
  expect(fault(versions, { ...NAME, version: 3 }, { 1: 100 })).toBeUndefined();
  expect(fault(versions, { ...NAME, version: 2 }, { 1: 100 })).toContain('is not Master');
});
