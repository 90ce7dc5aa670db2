/** Why the kernel would not do something, by what it was asked for. */
import os from 'node:os';
import type { KernelRefusal } from '../plugin/contracts/index.ts';
import type { Holding } from './holdings.ts';

/** Why holdings could not be brought in or out. */
export type Refusals = ReadonlyMap<Holding, KernelRefusal>;

/** The first one of a list, in its order. */
export function firstRefusal(holdings: readonly Holding[], refusals: Refusals): KernelRefusal | undefined {
  for (const holding of holdings) {
    const refusal = refusals.get(holding);
    if (refusal) return refusal;
  }
  return undefined;
}

/** Its number on this machine; EIO of a name that it does not know. */
export function errnoOf({ errno }: KernelRefusal): number {
  const numbers: Readonly<Record<string, number>> = os.constants.errno;
  return numbers[errno] ?? os.constants.errno.EIO;
}
