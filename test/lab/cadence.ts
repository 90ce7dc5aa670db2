/** How regular the advertisements of a Master are, from what was on its wire. */
import type { Advert } from './sightings.ts';

/** The gaps between one advertisement of a virtual router and the next, in ms. */
export interface Cadence {
  readonly smallest: number;
  readonly greatest: number;
  /** When the greatest one began, in ms since the epoch. */
  readonly greatestAt: number;
  /** How many gaps there are. */
  readonly count: number;
}

/**
 * The cadence of one source's advertisements, over all of its virtual routers.
 * @param adverts in the order of the wire; those of other sources do not count
 */
export function cadence(adverts: readonly Advert[], sources: (source: string) => boolean): Cadence {
  const last = new Map<string, number>();
  let smallest = Number.POSITIVE_INFINITY;
  let greatest = 0;
  let greatestAt = 0;
  let count = 0;
  for (const { source, vrid, interfaceIndex, time } of adverts) {
    if (!sources(source)) continue;
    const router = `${interfaceIndex}/${vrid}`;
    const before = last.get(router);
    last.set(router, time);
    if (before === undefined) continue;
    count++;
    const gap = time - before;
    if (gap < smallest) smallest = gap;
    if (gap > greatest) {
      greatest = gap;
      greatestAt = before;
    }
  }
  return { smallest, greatest, greatestAt, count };
}
