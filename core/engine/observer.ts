/** What the engine tells observers: events into the ring, those that a peer can provoke at a bounded rate. */
import { EventRing, EventType } from '../threads/event-ring.ts';
import { Num } from '../threads/state-table.ts';
import type { DroppedField } from '../threads/table-views.ts';
import { DROP_REASONS, Drop } from '../vrrp/drop-reasons.ts';

/** The same complaint about the same virtual router is told once in this many ms, with how often it occurred. */
const COMPLAINT_INTERVAL = 10_000;

/** Kinds of complaints: each drop reason, then these. */
const ADDRESS_LIST = DROP_REASONS.length;
const SEND_ERROR = DROP_REASONS.length + 1;
/** One for each `ChecksumSort`: the last change is told, whatever was before. */
const CHECKSUM = DROP_REASONS.length + 2;
const CLOCK_SKEW = CHECKSUM + 3;
const UNAUTHENTICATED = CLOCK_SKEW + 1;
const KINDS = UNAUTHENTICATED + 1;

/** A clock that differs does so for long: it is told once in this many ms. */
const CLOCK_SKEW_INTERVAL = 600_000;

/** Writes the engine's events. Nothing here allocates or blocks. */
export class Observer {
  private readonly ring: EventRing;
  /** When each complaint was told last, monotonic ms. */
  private readonly told: Float64Array;
  /** How often it occurred since. */
  private readonly untold: Uint32Array;
  /** Something was written since the last look. */
  dirty = false;

  /** @param slots of the state table, that of the strangers included */
  constructor(events: SharedArrayBuffer, slots: number) {
    this.ring = new EventRing(events);
    this.told = new Float64Array(slots * KINDS).fill(Number.NEGATIVE_INFINITY);
    this.untold = new Uint32Array(slots * KINDS);
  }

  /** @param bytes where the address stands of the router that was heard, from `at`, `length` octets (0: none was) */
  transition(
    slot: number,
    from: number,
    to: number,
    cause: number,
    bytes?: Uint8Array,
    at = 0,
    length = 0,
  ): void {
    this.write(EventType.Transition, slot, from, to, cause, bytes, at, length);
  }

  stalled(slot: number, lateness: number): void {
    this.write(EventType.Stalled, slot, lateness, 0, 0);
  }

  /** A tracker's verdict is another one. @param slot of no virtual router */
  tracker(slot: number, tracker: number, verdict: number): void {
    this.write(EventType.Tracker, slot, tracker, verdict, 0);
  }

  /** Trackers have changed the priority in use. */
  priority(slot: number, before: number, after: number): void {
    this.write(EventType.Priority, slot, before, after, 0);
  }

  /** @param reason an index of `HOLD_REASONS` @param ms how long the router is held back at most */
  hold(slot: number, reason: number, ms: number): void {
    this.write(EventType.Hold, slot, reason, ms, 0);
  }

  /** Before its time. @param reason an index of `HOLD_REASONS` */
  holdOver(slot: number, reason: number): void {
    this.write(EventType.HoldOver, slot, reason, 0, 0);
  }

  ownership(slot: number, owned: boolean): void {
    this.write(EventType.Ownership, slot, owned ? 1 : 0, 0, 0);
  }

  sent(slot: number, priority: number): void {
    this.write(EventType.AdvertisementSent, slot, priority, 0, 0);
  }

  received(slot: number, priority: number, bytes: Uint8Array, sourceAt: number, length: number): void {
    this.write(EventType.AdvertisementReceived, slot, priority, 0, 0, bytes, sourceAt, length);
  }

  /** @param detail the MAC of who is in conflict with us, or how many ms a stale one's clock is ahead of ours */
  dropped(
    slot: number,
    reason: number,
    now: number,
    bytes: Uint8Array,
    sourceAt: number,
    length: number,
    detail = 0,
  ): void {
    const times = this.complain(slot, reason, now);
    if (times > 0) this.write(EventType.Dropped, slot, reason, times, detail, bytes, sourceAt, length);
  }

  /**
   * An advertisement that does not list all of our addresses.
   * @param obeyed false: it was dropped
   * @param listAt where its addresses stand, `count` of them, `length` octets each
   */
  otherAddresses(
    slot: number,
    obeyed: boolean,
    now: number,
    bytes: Uint8Array,
    sourceAt: number,
    listAt: number,
    count: number,
    length: number,
  ): void {
    const reason = Drop['address-list'];
    const times = this.complain(slot, obeyed ? ADDRESS_LIST : reason, now);
    if (times === 0) return;
    const type = obeyed ? EventType.AddressListMismatch : EventType.Dropped;
    const a = obeyed ? 0 : reason;
    this.ring.write(type, slot, a, times, count, Date.now(), bytes, sourceAt, length, listAt, count * length);
    this.dirty = true;
  }

  /**
   * Another router of the group computes its checksums otherwise than those before.
   * @param heard its `ChecksumSort`
   * @param sent ours from now on
   */
  checksum(
    slot: number,
    heard: number,
    sent: number,
    now: number,
    bytes: Uint8Array,
    sourceAt: number,
    length: number,
  ): void {
    const times = this.complain(slot, CHECKSUM + heard, now);
    if (times > 0) this.write(EventType.Checksum, slot, heard, times, sent, bytes, sourceAt, length);
  }

  /** @param skew ms that the sender's clock is ahead of ours */
  clockSkew(
    slot: number,
    skew: number,
    now: number,
    bytes: Uint8Array,
    sourceAt: number,
    length: number,
  ): void {
    const times = this.complain(slot, CLOCK_SKEW, now, CLOCK_SKEW_INTERVAL);
    if (times > 0) this.write(EventType.ClockSkew, slot, skew, times, 0, bytes, sourceAt, length);
  }

  /** An advertisement without authentication, which need not have any. */
  unauthenticated(slot: number, now: number, bytes: Uint8Array, sourceAt: number, length: number): void {
    const times = this.complain(slot, UNAUTHENTICATED, now, Number.POSITIVE_INFINITY);
    if (times > 0) this.write(EventType.Unauthenticated, slot, 0, times, 0, bytes, sourceAt, length);
  }

  sendError(slot: number, errno: number, now: number): void {
    const times = this.complain(slot, SEND_ERROR, now);
    if (times > 0) this.write(EventType.SendError, slot, errno, times, 0);
  }

  /** Packets do not get to a peer. @param address of 4 or 16 octets */
  unreachable(slot: number, errno: number, address: Uint8Array): void {
    this.write(EventType.PeerUnreachable, slot, errno, 0, 0, address, 0, address.length);
  }

  /** They do again. */
  reachable(slot: number, address: Uint8Array): void {
    this.write(EventType.PeerReachable, slot, 0, 0, 0, address, 0, address.length);
  }

  /** An operator's stand-by begins or is over. @param until ms since the epoch, 0: with `resume` alone */
  standby(slot: number, held: boolean, until: number): void {
    this.write(EventType.Standby, slot, held ? 1 : 0, until, 0);
  }

  /** In stand-by: nobody is Master, or somebody is again. */
  masterless(slot: number, nobody: boolean): void {
    this.write(EventType.NobodyIsMaster, slot, nobody ? 1 : 0, 0, 0);
  }

  /** @returns how often it occurred, this time included, if it is time to tell; else 0 */
  private complain(slot: number, kind: number, now: number, interval = COMPLAINT_INTERVAL): number {
    const at = slot * KINDS + kind;
    const times = ++this.untold[at]!;
    if (now - this.told[at]! < interval) return 0;
    this.told[at] = now;
    this.untold[at] = 0;
    return times;
  }

  private write(
    type: number,
    slot: number,
    a: number,
    b: number,
    c: number,
    peer?: Uint8Array,
    peerAt?: number,
    peerLength?: number,
  ): void {
    this.ring.write(type, slot, a, b, c, Date.now(), peer, peerAt, peerLength);
    this.dirty = true;
  }
}

/** The counter field of a drop reason. */
export function droppedField(reason: number): DroppedField {
  return (Num.Dropped + reason) as DroppedField;
}
