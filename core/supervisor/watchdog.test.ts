import { expect, test } from 'vitest';
import { Num, StateTable } from '../threads/state-table.ts';
import { lateness, watchdogPeriod } from './watchdog.ts';

test.each([
  [{}, undefined],
  [{ WATCHDOG_USEC: '30000000' }, 30_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 30_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, undefined],
  [{ WATCHDOG_USEC: '0' }, undefined],
  [{ WATCHDOG_USEC: 'soon' }, undefined],
])('%j for process 7: %s ms', (environment, period) => {
  expect(watchdogPeriod(environment, 7)).toBe(period);
});

test('an engine is late by its most overdue timer; one that runs none is not', () => {
  const table = StateTable.allocate(3);
  expect(lateness(table, 5000)).toBe(0);
  table.setNum(0, Num.Deadline, 6000);
  expect(lateness(table, 5000)).toBe(0);
  table.setNum(1, Num.Deadline, 4000);
  table.setNum(2, Num.Deadline, 4500);
  expect(lateness(table, 5000)).toBe(1000);
});
