/** Counts sightings for the line at the end. Pure. */
import { counted } from '../shared/words.ts';
import type { DropReason } from '../vrrp/drop-reasons.ts';
import type { Sighting } from './sighting.ts';

/** What was seen. */
export class Tally {
  packets = 0;
  private readonly reasons = new Map<DropReason, number>();

  add({ reason }: Pick<Sighting, 'reason'>): void {
    this.packets++;
    if (reason !== undefined) this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
  }

  /**
   * `12 packets on eth0: 10 valid, 2 invalid (ttl 1, checksum 1)`.
   * @param lost packets that the kernel had no room for
   */
  summary(interfaceName: string, lost: number): string {
    const invalid = [...this.reasons.values()].reduce((sum, count) => sum + count, 0);
    const list = [...this.reasons].map(([reason, count]) => `${reason} ${count}`).join(', ');
    const packets = `${counted(this.packets, 'packet')} on ${interfaceName}`;
    const verdicts = `${this.packets - invalid} valid, ${invalid} invalid${invalid === 0 ? '' : ` (${list})`}`;
    const losses = lost === 0 ? '' : `; ${lost} more were lost: they came faster than they could be printed`;
    return `${packets}: ${verdicts}${losses}`;
  }
}
