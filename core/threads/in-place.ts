/** What the state table says of a router's addresses: whether the kernel has them, and if not, why. */
import { getSystemErrorName } from 'node:util';
import { Int, State } from './state-table.ts';
import type { TableReader } from './table-views.ts';

/** See the file's comment. */
export interface InPlace {
  /** It is Master, and its addresses are in the kernel. */
  readonly inPlace: boolean;
  /** Name of the errno that the kernel refused them with, or that the router gave up for. Absent: none. */
  readonly refusal?: string;
}

/** Reads it. */
export function readInPlace(table: TableReader, slot: number): InPlace {
  const wanted = table.int(slot, Int.Wanted);
  const isMaster = table.int(slot, Int.State) === State.Master;
  const inPlace = isMaster && table.int(slot, Int.Applied) === wanted;
  const isRefused = wanted !== 0 && table.int(slot, Int.Refused) === wanted;
  const running = isRefused ? table.int(slot, Int.KernelErrno) : 0;
  const errno = running || (inPlace ? 0 : table.int(slot, Int.GiveUpErrno));
  return { inPlace, ...(errno === 0 ? {} : { refusal: getSystemErrorName(-errno) }) };
}
