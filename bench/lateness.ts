/** How late a Backup took over, from what was on its wire. */
import type { Advert } from '../test/lab/sightings.ts';
import { MASTER_DOWN_INTERVAL } from './network.ts';

/**
 * For each virtual router that moved: the Backup's first advertisement minus (the last one that it heard plus
 * Master_Down_Interval), in ms.
 * @param killed when the Master was killed, in ms since the epoch
 * @param backup suffix of the Backup's IP source addresses
 * @param masterDown Master_Down_Interval in ms
 */
export function lateness(
  adverts: readonly Advert[],
  killed: number,
  backup: string,
  masterDown = MASTER_DOWN_INTERVAL,
): number[] {
  const heard = new Map<string, number>();
  const late = new Map<string, number>();
  for (const { time, source, vrid, interfaceIndex } of adverts) {
    const router = `${interfaceIndex}/${vrid}`;
    if (!source.endsWith(backup)) {
      heard.set(router, time);
    } else if (time > killed && !late.has(router)) {
      const last = heard.get(router);
      if (last === undefined) throw new Error(`no advertisement of ${router} was heard before`);
      late.set(router, time - (last + masterDown));
    }
  }
  return [...late.values()];
}
