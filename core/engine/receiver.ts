/** Takes each received packet to whom it concerns: which router it is for, whether it is dropped, and why. */
import { Meta } from '../native/packet-loop.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { addressLength } from '../vrrp/advertisement.ts';
import { Drop } from '../vrrp/drop-reasons.ts';
import { decodeFor, decodeHeader, ETHERNET_LENGTH } from '../vrrp/frame.ts';
import { IP_LENGTH } from '../vrrp/ip-header.ts';
import { Acceptance } from './acceptance.ts';
import type { Advertiser } from './advertiser.ts';
import type { Attachment } from './attachment.ts';
import { AddressList, Checks } from './checks.ts';
import { Contest } from './contest.ts';
import type { Familiar } from './familiar.ts';
import { droppedField, type Observer } from './observer.ts';
import type { Parts } from './parts.ts';
import type { Reception } from './reception.ts';
import type { EngineRouter } from './router.ts';
import { slotFor } from './routing.ts';
import { isWatch, type Sockets } from './sockets.ts';
import type { Standby } from './standby.ts';
import { TrailerCheck } from './trailer-check.ts';
import type { Transitions } from './transitions.ts';

/** What strangers have sent to a router with `peers` is counted at most every so many ms. */
const COLLECT_EVERY = 1000;

/** See the file's comment. On the steady path nothing is allocated. */
export class Receiver {
  /** Told a socket that hears whether anything comes in, after it has: it is to be detached. */
  onHeard: (ear: Attachment) => void = () => {};
  private readonly routers: readonly EngineRouter[];
  private readonly table: EngineTable;
  private readonly observer: Observer;
  private readonly reception: Reception;
  private readonly familiar: Familiar;
  private readonly advertiser: Advertiser;
  private readonly trailerCheck: TrailerCheck;
  private readonly checks: Checks;
  private readonly acceptance: Acceptance;
  private readonly contest: Contest;
  /** When what strangers have sent to routers with `peers` was looked at last, monotonic ms. */
  private collected = 0;

  constructor(
    parts: Parts,
    private readonly sockets: Sockets,
    transitions: Transitions,
    standby: Standby,
  ) {
    this.routers = parts.routers;
    this.table = parts.table;
    this.observer = parts.observer;
    this.reception = parts.reception;
    this.familiar = parts.familiar;
    this.advertiser = parts.advertiser;
    this.trailerCheck = new TrailerCheck(parts);
    this.checks = new Checks(parts, this.trailerCheck);
    this.acceptance = new Acceptance(parts, transitions, standby);
    this.contest = new Contest(parts);
  }

  /**
   * RFC 3768 §7.1: every check, then the state machine.
   * @param index of the packet in the receive buffer
   * @param now when it has arrived, monotonic ms
   */
  receive(index: number, now: number): void {
    const { bytes, meta, slotSize, frame, advertisement } = this.reception;
    const at = index * slotSize;
    const tag = meta[index * Meta.Count + Meta.Tag]!;
    const attachment = this.sockets.attachmentOf(tag);
    const foreign = meta[index * Meta.Count + Meta.Foreign]!;
    if (!attachment) return;
    if (attachment.use.kind === 'ear') {
      this.onHeard(attachment);
      return;
    }
    if (foreign === 1) return;
    const length = meta[index * Meta.Count + Meta.Length]!;
    if (foreign < 0) {
      this.hearFailure(attachment, at, length, -foreign);
      return;
    }
    if (isWatch(tag)) {
      this.contest.watch(attachment, at, length, now);
      return;
    }
    const known = this.familiar.recognise(attachment.slotOfVrid, bytes, at, length);
    if (known >= 0) {
      const router = this.routers[known]!;
      const { trailer } = router;
      const unproven = trailer ? this.trailerCheck.checkFamiliar(router, trailer, at, length, now) : -1;
      if (unproven >= 0) this.drop(known, unproven, now);
      else this.acceptance.acceptAgain(router, at, now);
      return;
    }
    const broken = decodeHeader(bytes, at, at + Math.min(length, slotSize), frame);
    if (broken === Drop['not-vrrp']) {
      this.table.count(this.table.strangers, droppedField(broken));
      return; // normal without a filter: nothing to tell
    }
    if (broken >= 0) {
      this.drop(this.table.strangers, broken, now);
      return;
    }
    const slot = slotFor(attachment.slotOfVrid, bytes[frame.messageStart]! >> 4, frame.vrid);
    if (slot < 0) {
      // The group is not what a peer sends to: there the VRID is all that can be told.
      const isGroup = attachment.use.kind !== 'peers';
      const malformed = isGroup ? decodeFor(bytes, frame, undefined, advertisement) : -1;
      this.drop(this.table.strangers, malformed >= 0 ? malformed : Drop['unknown-vrid'], now);
      return;
    }
    const router = this.routers[slot]!;
    const malformed = decodeFor(bytes, frame, router.rules, advertisement);
    const reason = malformed >= 0 ? malformed : this.checks.check(router, now);
    if (reason >= 0) {
      this.drop(slot, reason, now);
      if (reason === Drop['address-owner']) this.acceptance.hearRival(router, now);
      return;
    }
    const list = this.checks.compareAddresses(router, now);
    if (list === AddressList.Refused) return;
    const familiar = list === AddressList.Same && advertisement.priority > 0;
    this.acceptance.accept(router, at, length, familiar, now);
  }

  /**
   * What strangers have sent to routers with `peers`, which wakes nobody, is counted, at most now and then: after
   * everything that waits.
   * @returns whether there was any
   */
  collectStrangers(now: number): boolean {
    if (!this.sockets.haveUnicast || now - this.collected < COLLECT_EVERY) return false;
    this.collected = now;
    let some = false;
    for (let place = 0; place < this.sockets.places; place++) {
      const count = this.sockets.collect(place);
      for (let i = 0; i < count; i++) this.receive(i, now);
      some ||= count > 0;
    }
    return some;
  }

  /** The network has answered that a packet of ours did not get to a peer; the frame has the start of it. */
  private hearFailure({ slotOfVrid, family }: Attachment, at: number, length: number, errno: number): void {
    const { bytes } = this.reception;
    const messageAt = at + ETHERNET_LENGTH + IP_LENGTH[family];
    if (at + length < messageAt + 2) return;
    const slot = slotFor(slotOfVrid, bytes[messageAt]! >> 4, bytes[messageAt + 1]!);
    if (slot < 0) return;
    const peer = this.routers[slot]!.peerAt(bytes, messageAt - addressLength(family));
    if (peer >= 0) this.advertiser.failed(slot, errno, peer);
  }

  private drop(slot: number, reason: number, now: number): void {
    const { bytes, frame } = this.reception;
    const length = frame.sourceAt < 0 ? 0 : addressLength(frame.family);
    this.table.count(slot, droppedField(reason));
    const detail = reason === Drop['auth-stale'] ? this.trailerCheck.skew : 0;
    this.observer.dropped(slot, reason, now, bytes, frame.sourceAt, length, detail);
  }
}
