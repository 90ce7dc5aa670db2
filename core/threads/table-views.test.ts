/** The types are the test: `npm run check` compiles this file, and an expected error that does not occur is one. */
import { expect, test } from 'vitest';
import { droppedField } from '../engine/observer.ts';
import { Drop } from '../vrrp/drop-reasons.ts';
import { Int, Num, StateTable } from './state-table.ts';
import type { ActuatorTable, EngineTable, TableReader } from './table-views.ts';

test("the engine writes its own fields and none of the actuator's", () => {
  const whole = StateTable.allocate(1);
  const table: EngineTable = whole;
  table.setInt(0, Int.Wanted, 1);
  table.setNum(0, Num.Deadline, 5);
  table.count(0, droppedField(Drop.ttl));
  table.nums[Num.Since] = 7;
  table.touch();
  expect([table.int(0, Int.Wanted), table.num(0, Num.Deadline), table.num(0, Num.Since)]).toEqual([1, 5, 7]);
  expect(table.num(0, Num.Dropped + Drop.ttl)).toBe(1);
  () => {
    // @ts-expect-error the actuator writes what has been applied
    table.setInt(0, Int.Applied, 1);
    // @ts-expect-error the actuator's
    table.setInt(0, Int.Announce, 1);
    // @ts-expect-error the actuator's
    table.setInt(0, Int.KernelErrno, 1);
    // @ts-expect-error the actuator's
    table.setInt(0, Int.OnVirtualInterface, 1);
    // @ts-expect-error the actuator's
    table.setInt(0, Int.Refused, 1);
    // @ts-expect-error some of these fields are not the engine's
    table.ints[Int.State] = 1;
    // @ts-expect-error not known to be a field of the engine's
    table.setInt(0, Number('0'), 1);
  };
});

test("the actuator writes its own fields and none of the engine's", () => {
  const table: ActuatorTable = StateTable.allocate(1);
  table.setInt(0, Int.Applied, 1);
  table.setInt(0, Int.Refused, 3);
  expect([table.int(0, Int.Applied), table.int(0, Int.Refused)]).toEqual([1, 3]);
  () => {
    // @ts-expect-error the engine says what is wanted
    table.setInt(0, Int.Wanted, 1);
    // @ts-expect-error the engine's
    table.setInt(0, Int.State, 1);
    // @ts-expect-error the engine writes all of these
    table.setNum(0, Num.Deadline, 1);
    // @ts-expect-error the engine counts
    table.count(0, Num.SendErrors);
    // @ts-expect-error no writer passes for another
    const other: EngineTable = table;
    return other;
  };
});

test('a reader writes nothing', () => {
  const table: TableReader = StateTable.allocate(1);
  expect(table.int(0, Int.State)).toBe(0);
  () => {
    // @ts-expect-error it reads
    table.setInt(0, Int.State, 1);
    // @ts-expect-error it reads
    table.setNum(0, Num.Deadline, 1);
    // @ts-expect-error it reads
    table.nums[0] = 1;
  };
});
