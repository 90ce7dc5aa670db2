/** Virtual routers of every sort side by side in one daemon: what must hold for each takes no longer than for one. */
import { FLAVOURS, type Flavour, V3_IPV6 } from './flavour.ts';
import type { VrouterTable } from './rvrrpd.ts';
import type { TwoRoutersOptions } from './two-routers.ts';
import type { Wire } from './wire.ts';

/** A VRID, and what sort of virtual router it is. */
export interface Sorted {
  readonly vrid: number;
  readonly flavour: Flavour;
}

/** So many VRIDs of each sort, from 1 on. */
export function ofEachSort(count: number): Sorted[] {
  return FLAVOURS.flatMap((flavour, sort) =>
    Array.from({ length: count }, (_, index) => ({ flavour, vrid: sort * count + index + 1 })),
  );
}

/** One of each. */
export const SORTS: readonly Sorted[] = ofEachSort(1);

/** How `twoRouters` builds a network for all of them. */
export const ALL_FAMILIES: TwoRoutersOptions = V3_IPV6.network(SORTS.at(-1)!.vrid);

/** An address of each one's own that is nobody's. */
export function addressOf({ vrid, flavour }: Sorted): string {
  return flavour.address(10 + vrid);
}

/** A `[[vrouter]]` for each of {@link SORTS}. */
export function oneOfEachSort(more: Partial<VrouterTable> = {}): VrouterTable[] {
  return SORTS.map(({ vrid, flavour }) => flavour.router(vrid, [10 + vrid], more));
}

/** Waits until r1 alone is Master of each of {@link SORTS}. */
export async function allSortsMaster(wire: Wire): Promise<void> {
  for (const { vrid, flavour } of SORTS) await wire.soleMaster(vrid, flavour.r1);
}
