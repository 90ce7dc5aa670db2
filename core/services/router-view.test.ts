import { constants } from 'node:os';
import { expect, test } from 'vitest';
import type { RouterStatus } from '../plugin/contracts/index.ts';
import { Int, macNumber, Num, State, StateTable } from '../threads/state-table.ts';
import { RouterView } from './router-view.ts';
import { config } from './test/view.ts';

const configs = [config(1), config(2, { interface: 'eth1', preempt: false, advertisementIntervalCs: 300 })];

test('shows what the state table says', () => {
  const table = StateTable.allocate(2);
  table.setInt(0, Int.State, State.Master);
  table.setInt(0, Int.Priority, 255);
  table.setInt(0, Int.AuthType, 250);
  table.setInt(0, Int.OnVirtualInterface, 1);
  table.setNum(0, Num.Since, 1_700_000_000_000);
  table.setNum(0, Num.HardwareAddress, macNumber('02:00:00:00:00:0a'));
  expect(new RouterView(configs, table).read()).toEqual([
    {
      interface: 'eth0',
      group: 1,
      family: 4,
      version: 2,
      addresses: ['10.0.1.1', '10.0.1.2'],
      priority: 255,
      preempt: true,
      state: 'Master',
      since: 1_700_000_000_000,
      vifname: 'standby1',
      onVirtualInterface: true,
      inPlace: true,
      authType: 250,
      hardwareAddress: '02:00:00:00:00:0a',
      advertisementInterval: 1000,
      // RFC 3768 §6.1: Skew_Time is (256 − 255) / 256 s
      masterDownInterval: 3000 + 1000 / 256,
      skewTime: 1000 / 256,
      standingBy: false,
    },
    {
      interface: 'eth1',
      group: 2,
      family: 4,
      version: 2,
      addresses: ['10.0.2.1', '10.0.2.2'],
      priority: 100, // as configured, before the engine knows better
      preempt: false,
      state: 'Init',
      since: 0,
      vifname: 'standby2',
      onVirtualInterface: false,
      inPlace: false,
      authType: 0,
      hardwareAddress: '',
      advertisementInterval: 3000,
      masterDownInterval: 9000 + (156 * 1000) / 256,
      skewTime: (156 * 1000) / 256,
      standingBy: false,
    },
  ]);
});

test('is a new array if, and only if, something has changed', () => {
  const table = StateTable.allocate(2);
  const view = new RouterView(configs, table);
  let last = view.read();
  for (const field of [Int.State, Int.Priority, Int.AuthType, Int.StandingBy, Int.OnVirtualInterface]) {
    expect(view.read()).toBe(last);
    table.setInt(1, field, 1);
    expect(view.read(), `Int ${field}`).not.toBe(last);
    last = view.read();
  }
  for (const field of [Num.Since, Num.HardwareAddress, Num.MasterAdverInterval]) {
    table.setNum(0, field, 7);
    expect(view.read(), `Num ${field}`).not.toBe(last);
    last = view.read();
  }
  table.count(0, Num.AdvertisementsSent);
  expect(view.read()).toBe(last);
});

test('a Master’s addresses are in place once the kernel has them; else the refusal tells why', () => {
  const table = StateTable.allocate(1);
  const view = new RouterView([config(1)], table);
  const placed = () => {
    const [{ inPlace, refusal }] = view.read() as [RouterStatus];
    return [inPlace, refusal];
  };
  table.setInt(0, Int.State, State.Master);
  table.setInt(0, Int.Wanted, 3);
  expect(placed()).toEqual([false, undefined]);
  table.setInt(0, Int.KernelErrno, constants.errno.EROFS);
  table.setInt(0, Int.Refused, 1);
  expect(placed()).toEqual([false, undefined]); // of an earlier time as Master
  table.setInt(0, Int.Refused, 3);
  expect(placed()).toEqual([false, 'EROFS']);
  table.setInt(0, Int.State, State.Down);
  table.setInt(0, Int.GiveUpErrno, constants.errno.ETIMEDOUT);
  table.setInt(0, Int.Wanted, 4);
  expect(placed()).toEqual([false, 'ETIMEDOUT']);
  table.setInt(0, Int.State, State.Master);
  table.setInt(0, Int.Wanted, 5);
  table.setInt(0, Int.Applied, 5);
  expect(placed()).toEqual([true, undefined]);
});

test('what a Master has beside its virtual addresses: how many are missing, and why', () => {
  const table = StateTable.allocate(2);
  const further = [{ family: 4, address: '192.0.2.5', prefixLength: 32 }] as const;
  const extras = [{ kind: 'rule', family: 4, priority: 1000, table: 7, type: 'lookup' }] as const;
  const view = new RouterView([config(1, { further, extras }), config(2)], table);
  const told = () => view.read().map((router) => router.further);
  expect(told()).toEqual([{ configured: 2, missing: 0 }, undefined]);
  table.setInt(0, Int.FurtherMissing, 1);
  table.setInt(0, Int.FurtherErrno, constants.errno.ENETUNREACH);
  expect(told()[0]).toEqual({ configured: 2, missing: 0 }); // it is not Master
  table.setInt(0, Int.State, State.Master);
  expect(told()[0]).toEqual({ configured: 2, missing: 1, refusal: 'ENETUNREACH' });
  table.setInt(0, Int.FurtherErrno, 0);
  expect(told()[0]).toEqual({ configured: 2, missing: 1 });
});

test('a lease as configured', () => {
  const view = new RouterView([config(1, { lease: 10 }), config(2)], StateTable.allocate(2));
  expect(view.read().map(({ lease }) => lease)).toEqual([10, undefined]);
});

test('a MAC as a number and back', () => {
  for (const mac of ['00:00:5e:00:01:07', 'ff:ff:ff:ff:ff:ff', '02:00:00:00:00:00', '']) {
    const table = StateTable.allocate(1);
    table.setNum(0, Num.HardwareAddress, macNumber(mac));
    expect(new RouterView([config(1)], table).read()[0]!.hardwareAddress).toBe(mac);
  }
});

test('what holds a Backup back, until its time is over, without a change of the table', () => {
  const table = StateTable.allocate(2);
  const view = new RouterView(configs, table);
  const now = Number(process.hrtime.bigint()) / 1e6;
  table.setInt(0, Int.State, State.Backup);
  table.setInt(0, Int.HoldReason, 2);
  table.setNum(0, Num.HoldUntil, now + 3_600_000);
  table.setNum(0, Num.HearingUntil, now + 1000);
  const hold = view.read()[0]?.hold;
  expect(hold?.reason).toBe('link_delay');
  expect(Math.abs(hold!.until - Date.now() - 3_600_000)).toBeLessThan(60_000);
  expect(view.read()[1]).not.toHaveProperty('hold');
  table.setNum(0, Num.HoldUntil, now + 1);
  table.setNum(0, Num.HearingUntil, 0);
  view.read();
  while (Number(process.hrtime.bigint()) / 1e6 < now + 2);
  expect(view.read()[0]).not.toHaveProperty('hold');
  table.setNum(0, Num.PreemptAt, now + 3_600_000);
  expect(view.read()[0]?.hold?.reason).toBe('preempt_delay');
  table.setInt(0, Int.State, State.Master);
  expect(view.read()[0]).not.toHaveProperty('hold');
});
