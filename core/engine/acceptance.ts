/** What comes of an advertisement that has passed every check: what is learnt of its sender, and the state machine's step. */
import { Cause } from '../threads/event-ring.ts';
import { Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { addressLength, ChecksumSort } from '../vrrp/advertisement.ts';
import type { AnswerLimit } from '../vrrp/answer-limit.ts';
import { compareAddress } from '../vrrp/frame.ts';
import type { Advertiser } from './advertiser.ts';
import { FAMILIAR_SOURCE_AT, type Familiar } from './familiar.ts';
import type { Observer } from './observer.ts';
import type { Parts } from './parts.ts';
import type { Reception } from './reception.ts';
import type { EngineRouter } from './router.ts';
import type { Standby } from './standby.ts';
import type { Transitions } from './transitions.ts';

/**
 * A packet that has waited for more than this share of its Master's interval was kept waiting by us: its age tells
 * nothing of the Master, and the Master_Down_Timer runs from now.
 */
const OLD = 1 / 2;

/** Greater than any priority on the wire: whoever has it is given way to. */
const SUPERIOR = 256;

/** See the file's comment. On the steady path nothing is allocated. */
export class Acceptance {
  private readonly table: EngineTable;
  private readonly observer: Observer;
  private readonly chatty: boolean;
  private readonly reception: Reception;
  private readonly familiar: Familiar;
  private readonly answers: AnswerLimit;
  private readonly advertiser: Advertiser;
  /** Lent to the state machine over and over. */
  private readonly event = {
    type: 'advertisement' as const,
    priority: 0,
    interval: 0,
    addressOrder: 0,
    answer: true,
  };

  constructor(
    parts: Parts,
    private readonly transitions: Transitions,
    private readonly standby: Standby,
  ) {
    this.table = parts.table;
    this.observer = parts.observer;
    this.chatty = parts.chatty;
    this.reception = parts.reception;
    this.familiar = parts.familiar;
    this.answers = parts.answers;
    this.advertiser = parts.advertiser;
  }

  /**
   * An advertisement that has passed every check. Frame and message are decoded.
   * @param familiar it may be recognised the next time, and need not be looked at then
   */
  accept(router: EngineRouter, at: number, length: number, familiar: boolean, now: number): void {
    const { bytes, frame, advertisement } = this.reception;
    const { slot } = router;
    const { priority, interval, checksumSort: sort } = advertisement;
    const order = compareAddress(bytes, frame.sourceAt, router.primary);
    // What is behind the message is looked at each time: the same once more is a replay. Where there may be nothing
    // behind it, or octets of the link behind that, every packet is decoded.
    const trailer = router.trailer ? advertisement.extension : 0;
    const isWhole = !router.trailer || (trailer > 0 && frame.messageEnd === at + length);
    if (familiar && isWhole)
      this.familiar.remember(slot, bytes, at, length, priority, interval, order, sort, trailer);
    this.learnChecksum(router, sort, frame.sourceAt, now);
    this.hear(router, priority, interval, order, frame.sourceAt, now);
  }

  /** The advertisement that was accepted last, once more. */
  acceptAgain(router: EngineRouter, at: number, now: number): void {
    const { familiar } = this;
    const { slot } = router;
    const order = familiar.addressOrders[slot]!;
    const sourceAt = at + (router.family === 4 ? FAMILIAR_SOURCE_AT[4] : FAMILIAR_SOURCE_AT[6]);
    // Another router's may have been heard in between, which was not remembered.
    this.learnChecksum(router, familiar.checksumSorts[slot] as ChecksumSort, sourceAt, now);
    this.hear(router, familiar.priorities[slot]!, familiar.intervals[slot]!, order, sourceAt, now);
  }

  /** One that is not obeyed because its receiver owns the addresses. Frame and message are decoded. */
  hearRival(router: EngineRouter, now: number): void {
    const { frame, advertisement } = this.reception;
    // Not obeyed, but it has told the neighbours otherwise.
    if (router.state === State.Master) this.transitions.announceAgain(router, now);
    // Perhaps it could not read ours: now it can, and it gives way.
    const changed = this.learnChecksum(router, advertisement.checksumSort, frame.sourceAt, now);
    if (
      changed &&
      router.state === State.Master &&
      this.answers.take(router.slot, now, router.advertisementInterval)
    )
      this.advertiser.advertise(router, now);
  }

  /**
   * Another router of the group was heard with this sort of checksum. Its sender may be one that reads no other: before
   * it is answered, our frames have the right one.
   * @returns whether ours have changed
   */
  private learnChecksum(router: EngineRouter, heard: ChecksumSort, sourceAt: number, now: number): boolean {
    if (heard === ChecksumSort.Any) return false;
    const { bytes } = this.reception;
    const { slot } = router;
    const peer = router.peerAt(bytes, sourceAt);
    if (heard === router.checksums.heardFrom(peer)) return false;
    const to = Math.max(peer, 0);
    const before = router.checksums.sortTo(to);
    router.checksums.hear(peer, heard);
    const sent = router.checksums.sortTo(to);
    this.advertiser.reseal(router);
    if (sent === before && sent === heard) return false; // as it was supposed
    this.observer.checksum(slot, heard, sent, now, bytes, sourceAt, addressLength(router.family));
    return sent !== before;
  }

  private hear(
    router: EngineRouter,
    priority: number,
    interval: number,
    addressOrder: number,
    sourceAt: number,
    now: number,
  ): void {
    const { slot } = router;
    const { event, reception } = this;
    this.table.count(slot, Num.AdvertisementsReceived);
    if (priority === 0) this.table.count(slot, Num.PriorityZeroReceived);
    if (this.chatty) {
      const size = addressLength(router.family);
      this.observer.received(slot, priority, reception.bytes, sourceAt, size);
    }
    const { woke } = reception;
    const arrived = woke - now > interval * OLD ? woke : now;
    // Who says good-bye to a Backup is going. To a Master of a group it says that it yields, and stays.
    const isGoing = priority === 0 && (router.config.sync === undefined || router.state !== State.Master);
    this.table.nums[slot * Num.Count + Num.OtherHeard] = isGoing ? 0 : arrived;
    if (router.held && router.state === State.Backup) {
      if (priority === 0) return; // the next one is another's: until then the Master_Down_Timer runs on
      this.standby.hearMaster(slot);
    }
    const { priority: ours, version } = router;
    const isTie = priority === ours && addressOrder !== 0;
    const order = isTie ? this.transitions.groups.orderOf(router, addressOrder, arrived) : addressOrder;
    const isReplaced = router.isLeased && priority > 0 && this.hasOutlivedLease(router);
    event.priority = isReplaced ? SUPERIOR : priority;
    event.interval = interval;
    event.addressOrder = order;
    const isSuperior = isReplaced || priority > ours || (priority === ours && order > 0);
    const asks = router.state === State.Master && (priority === 0 || (version === 3 && !isSuperior));
    event.answer = !asks || this.answers.take(slot, arrived, router.advertisementInterval);
    reception.hearing = slot;
    reception.heardAt = sourceAt;
    const heard = priority > ours ? Cause.HigherPriority : Cause.HigherAddress;
    this.transitions.step(router, event, arrived, isReplaced ? Cause.Replaced : heard);
    reception.hearing = -1;
  }

  /**
   * A Master that has not advertised for a lease, as the process or this thread stood still: its addresses have ended, and
   * who speaks now has taken over. It follows first, whatever the priorities, and preempts as any Backup does.
   */
  private hasOutlivedLease({
    state,
    priority,
    deadline,
    advertisementInterval,
    lease,
  }: EngineRouter): boolean {
    if (state !== State.Master || priority === 255) return false;
    return this.reception.woke - (deadline - advertisementInterval) >= lease;
  }
}
