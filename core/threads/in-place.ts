/** What the state table says of a router's addresses, and of what it has beside them: whether the kernel has it, and if not, why. */
import { getSystemErrorName } from 'node:util';
import type { VirtualRouterConfig } from '../config/model.ts';
import type { FurtherStatus } from '../plugin/contracts/index.ts';
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

/** Reads what has become of `[[vrouter.address]]`, `[[vrouter.route]]` and `[[vrouter.rule]]`; nothing if there are none. */
export function readFurther(
  table: TableReader,
  slot: number,
  { further = [], extras = [] }: Pick<VirtualRouterConfig, 'further' | 'extras'>,
): { readonly further?: FurtherStatus } {
  const configured = further.length + extras.length;
  if (configured === 0) return {};
  // Of one that is not Master any more the actuator may not have heard yet.
  const isMaster = table.int(slot, Int.State) === State.Master;
  const missing = isMaster ? table.int(slot, Int.FurtherMissing) : 0;
  const errno = missing > 0 ? table.int(slot, Int.FurtherErrno) : 0;
  return { further: { configured, missing, ...(errno !== 0 && { refusal: getSystemErrorName(-errno) }) } };
}
