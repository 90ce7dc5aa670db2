/**
 * Who may write what of the state table, as types: a thread's code holds the table as its own view, and writing a
 * field of another's does not compile. At run time a view is the table itself and costs nothing.
 *
 * Whoever makes a table or takes over an earlier one (core/engine/succession.ts), before anybody else knows it, holds
 * the {@link StateTable} itself.
 */
import type { Int, Num, StateTable } from './state-table.ts';

/** Int32 fields that the actuator writes. */
export type ActuatorInt = (typeof Int)[
  | 'Applied'
  | 'Announce'
  | 'KernelErrno'
  | 'OnVirtualInterface'
  | 'Refused'
  | 'FurtherInPlace'
  | 'FurtherMissing'
  | 'FurtherErrno'];

/** Int32 fields that the engine writes: all others. */
export type EngineInt = (typeof Int)[Exclude<keyof typeof Int, 'Count'>] extends infer Field
  ? Exclude<Field, ActuatorInt>
  : never;

/** A Float64 field that counts packets dropped for one reason. Made by `droppedField` of core/engine/observer.ts. */
export type DroppedField = number & { readonly counts: 'dropped packets' };

/** Float64 fields that the actuator writes. */
export type ActuatorNum = (typeof Num)['LeaseUntil'];

/** Float64 fields that the engine writes: all others. */
export type EngineNum = (typeof Num)[Exclude<keyof typeof Num, 'Count' | 'LeaseUntil'>] | DroppedField;

/** The table to those who only read it: the service, the supervisor. */
export type TableReader = Pick<StateTable, 'slots' | 'strangers' | 'version' | 'int' | 'num'>;

/** The table to the actuator. */
export interface ActuatorTable extends TableReader {
  readonly setInt: (slot: number, field: ActuatorInt, value: number) => void;
  readonly setNum: (slot: number, field: ActuatorNum, value: number) => void;
}

/** The table to the engine. */
export interface EngineTable extends TableReader {
  readonly setInt: (slot: number, field: EngineInt, value: number) => void;
  readonly setNum: (slot: number, field: EngineNum, value: number) => void;
  readonly count: (slot: number, field: EngineNum) => void;
  /** After {@link nums} was written directly. */
  readonly touch: () => void;
  /** For the steady path: what the engine itself writes, read without atomic loads. */
  readonly ints: { readonly [index: number]: number; readonly length: number };
  readonly nums: Float64Array;
}
