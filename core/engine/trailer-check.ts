/** Checks what a plugin has signed behind the message of a received advertisement. */
import type { TrailerVerdict } from '../plugin/contracts/index.ts';
import { Num } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { addressLength, putChecksum, takeChecksum } from '../vrrp/advertisement.ts';
import { foldChecksum, sumWords } from '../vrrp/checksum.ts';
import { Drop } from '../vrrp/drop-reasons.ts';
import { pseudoHeaderOf } from '../vrrp/ip-header.ts';
import { FAMILIAR_MESSAGE_AT, FAMILIAR_SOURCE_AT } from './familiar.ts';
import type { Observer } from './observer.ts';
import type { Parts } from './parts.ts';
import type { Reception } from './reception.ts';
import type { EngineRouter } from './router.ts';
import type { GuardedTrailer } from './trailer-guard.ts';

/** The reasons to drop what a trailer does not prove. */
const TRAILER_DROPS: Readonly<Record<Exclude<TrailerVerdict, 'genuine' | 'skewed'>, number>> = {
  malformed: Drop['auth-malformed'],
  stale: Drop['auth-stale'],
  'unknown-key': Drop['auth-unknown-key'],
  invalid: Drop['auth-failed'],
  replayed: Drop['auth-replayed'],
};

/** See the file's comment. */
export class TrailerCheck {
  /** ms that the clock of who sent the last stale trailer is ahead of ours. */
  skew = 0;
  private readonly table: EngineTable;
  private readonly observer: Observer;
  private readonly reception: Reception;

  constructor({ table, observer, reception }: Parts) {
    this.table = table;
    this.observer = observer;
    this.reception = reception;
  }

  /** What stands behind the message that is decoded. @returns −1, or the reason to drop it */
  check({ slot }: EngineRouter, trailer: GuardedTrailer, now: number): number {
    const { bytes, advertisement, frame } = this.reception;
    const { start, messageEnd, extension } = advertisement;
    const size = addressLength(frame.family);
    if (extension === 0) {
      if (trailer.requires) return Drop['auth-missing'];
      this.table.count(slot, Num.Unauthenticated);
      this.observer.unauthenticated(slot, now, bytes, frame.sourceAt, size);
      return -1;
    }
    const checksum = takeChecksum(bytes, start);
    const verdict = trailer.verify(bytes, start, messageEnd, frame.sourceAt);
    putChecksum(bytes, start, checksum);
    if (verdict === 'genuine') return -1;
    if (verdict !== 'skewed') {
      this.skew = trailer.skew;
      return TRAILER_DROPS[verdict];
    }
    this.table.count(slot, Num.ClockSkews);
    this.observer.clockSkew(slot, trailer.skew, now, bytes, frame.sourceAt, size);
    return -1;
  }

  /**
   * The same of a message that is otherwise the familiar one, and is not decoded.
   * @param at where the packet is
   * @returns −1, or the reason to drop it
   */
  checkFamiliar(
    router: EngineRouter,
    trailer: GuardedTrailer,
    at: number,
    length: number,
    now: number,
  ): number {
    const { bytes, advertisement, frame } = this.reception;
    const { family } = router;
    const start = at + FAMILIAR_MESSAGE_AT[family];
    frame.family = family;
    frame.sourceAt = at + FAMILIAR_SOURCE_AT[family];
    frame.destinationAt = frame.sourceAt + addressLength(family);
    frame.messageStart = start;
    frame.messageEnd = at + length;
    advertisement.start = start;
    advertisement.messageEnd = frame.messageEnd - trailer.length;
    advertisement.extension = trailer.length;
    if (family === 6) {
      const sum = sumWords(bytes, start, frame.messageEnd, pseudoHeaderOf(bytes, frame));
      if (foldChecksum(sum) !== 0) return Drop.checksum;
    }
    return this.check(router, trailer, now);
  }
}
