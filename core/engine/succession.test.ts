import { expect, test } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import { Int, Num, State, StateTable } from '../threads/state-table.ts';
import { Drop } from '../vrrp/drop-reasons.ts';
import { inherit } from './succession.ts';

const router = (over: Partial<VirtualRouterConfig> = {}): VirtualRouterConfig => ({
  position: { file: 'rvrrpd.conf', line: 1 },
  vrid: 1,
  interface: 'eth0',
  family: 4,
  version: 2,
  addresses: ['10.0.0.1'],
  priority: 100,
  preempt: true,
  advertisementIntervalCs: 100,
  rfc3768: true,
  authSecret: '',
  vifname: 'standby1',
  socketFilter: true,
  ...over,
});

/** A Master in slot 1 of 2, with things to lose. */
function predecessor(): StateTable {
  const table = StateTable.allocate(2);
  table.setInt(1, Int.State, State.Master);
  table.setInt(1, Int.Priority, 200);
  table.setInt(1, Int.Wanted, 3);
  table.setInt(1, Int.Applied, 3);
  table.setNum(1, Num.Deadline, 5000);
  table.setNum(1, Num.AdvertisementsSent, 77);
  table.setNum(table.strangers, Num.Dropped + Drop['unknown-vrid'], 9);
  return table;
}

test('a router goes on in another slot: state, deadline, counters, what the kernel has', () => {
  const table = StateTable.allocate(3);
  inherit(table, predecessor(), { slots: [-1, -1, 1], changed: [] }, [router(), router(), router()], 4500);
  expect(table.int(2, Int.State)).toBe(State.Master);
  expect(table.num(2, Num.Deadline)).toBe(5000);
  expect(table.num(2, Num.AdvertisementsSent)).toBe(77);
  expect([table.int(2, Int.Wanted), table.int(2, Int.Applied)]).toEqual([3, 3]);
  expect(table.int(0, Int.State)).toBe(State.Initialize);
  expect(table.num(table.strangers, Num.Dropped + Drop['unknown-vrid'])).toBe(9);
  expect(table.int(2, Int.Priority), 'is found out anew').toBe(0);
});

test('other addresses are a new wish of the same Master', () => {
  const table = StateTable.allocate(1);
  inherit(table, predecessor(), { slots: [1], changed: [true] }, [router()], 4500);
  expect([table.int(0, Int.Wanted), table.int(0, Int.Applied)]).toEqual([5, 3]);
});

test('a shorter interval starts now, a longer one after the advertisement that is due', () => {
  const short = StateTable.allocate(1);
  const old = predecessor();
  old.setNum(1, Num.Deadline, 14_000);
  inherit(short, old, { slots: [1], changed: [] }, [router()], 4500);
  expect(short.num(0, Num.Deadline)).toBe(5500);
  const long = StateTable.allocate(1);
  const slower = router({ advertisementIntervalCs: 1000 });
  inherit(long, predecessor(), { slots: [1], changed: [] }, [slower], 4500);
  expect(long.num(0, Num.Deadline)).toBe(5000);
  expect(long.num(0, Num.MasterAdverInterval)).toBe(10_000);
});
