/**
 * The engine: runs the state machine of every virtual router on packets and deadlines. One wake-up serves
 * all that is due; on the steady path nothing is allocated and nothing is waited for.
 */
import { Meta, type PacketLoop } from '../native/packet-loop.ts';
import type { Authenticator, Link, TrailerVerdict } from '../plugin/contracts/index.ts';
import { PluginError } from '../plugin/load.ts';
import { Cause } from '../threads/event-ring.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import type { EngineNum, EngineTable } from '../threads/table-views.ts';
import {
  type Advertisement,
  addressLength,
  ChecksumSort,
  emptyAdvertisement,
  putChecksum,
  takeChecksum,
} from '../vrrp/advertisement.ts';
import { TARGET_ADDRESS_AT } from '../vrrp/announcement.ts';
import { AnswerLimit } from '../vrrp/answer-limit.ts';
import { foldChecksum, sumWords } from '../vrrp/checksum.ts';
import { Drop } from '../vrrp/drop-reasons.ts';
import { compareAddress, decodeFor, decodeHeader, ETHERNET_LENGTH, emptyFrame } from '../vrrp/frame.ts';
import { heldBackUntil } from '../vrrp/hold.ts';
import { IP_LENGTH, pseudoHeaderOf } from '../vrrp/ip-header.ts';
import type { Action, Event, Outcome } from '../vrrp/machine.ts';
import { type SyncEvent, transitionTogether } from '../vrrp/sync.ts';
import { masterDownInterval, skewedDeadline, skewTime } from '../vrrp/timers.ts';
import { Announcer } from './announcer.ts';
import { isArp, SENDER_ADDRESS_AT, senderMac } from './arp-watch.ts';
import type { Attachment } from './attachment.ts';
import { Deadlines } from './deadlines.ts';
import { FAMILIAR_MESSAGE_AT, FAMILIAR_SOURCE_AT, Familiar } from './familiar.ts';
import { Holds } from './holds.ts';
import { type EngineIo, kernelIo } from './io.ts';
import { isNeighbourAdvertisement, toldMac } from './nd-watch.ts';
import { droppedField, type Observer } from './observer.ts';
import type { EngineRouter } from './router.ts';
import { slotFor } from './routing.ts';
import { Stalls } from './stall.ts';
import { SyncGroups } from './sync-groups.ts';
import type { GuardedTrailer } from './trailer-guard.ts';
import { Transmitter } from './transmitter.ts';

/**
 * Packets received before they are handed over, and octets of each: VRRP's longest message fits, which has 255
 * addresses. Those of IPv6 take memory that is only spent where there is an IPv6 router.
 */
const SLOTS = { 4: 512, 6: 384 } as const;
const SLOT_SIZE = { 4: 2048, 6: 4352 } as const;

/**
 * An advertisement may go out early by this share of its interval, or so many ms where that is more, so that many need
 * one wake-up.
 */
const COALESCE = 1 / 250;
const COALESCE_MS = 0.2;

/**
 * A packet that has waited for more than this share of its Master's interval was kept waiting by us: its age tells
 * nothing of the Master, and the Master_Down_Timer runs from now.
 */
const OLD = 1 / 2;

/** A Master whose interval in ms is not longer than this advertises once more before another engine takes over. */
const SOON = 100;

/**
 * The engine wakes so many ms before a Backup's deadline, and stays awake until then: a processor that has slept for
 * a second needs a while to be itself again.
 */
const LEAD = 2;

/**
 * Where at least so many ms of {@link LEAD} are left, whoever wants to can do something with them, but not sooner than
 * `WARM_FOR` ms after the last time: what has just run is warm.
 */
const WARM_UP = 1;
const WARM_FOR = 100;

/**
 * A Master that guesses what the others' checksums cover listens this part of its interval longer: enough for a timer of
 * another daemon, and less than the skew of any Backup's, which may have missed two advertisements…
 */
const LISTEN = 1 / 192;
/** …each time after so many advertisements. */
const LISTEN_EVERY = 8;
/** With intervals below so many ms no two daemons keep the same time for long, and there is nothing to spare. */
const LISTEN_FROM = 100;

/**
 * A deadline that an advertisement has moved is looked at up to so many ms before its old time: one wake-up for all that
 * were near each other.
 */
const GATHER = 20;

/** While the engine is awake for the next Backup's deadline, the actuator is told so many ms later at most: sending comes first. */
const TELL_WITHIN = 1;

/** What strangers have sent to a router with `peers` is counted at most every so many ms. */
const COLLECT_EVERY = 1000;

/** Greater than any priority on the wire: whoever has it is given way to. */
const SUPERIOR = 256;

/** Lowest bit of a tag: the packet is of a socket that watches over our addresses, not of one for advertisements. */
const WATCH = 1;

const STARTUP: Event = { type: 'startup' };
const SHUTDOWN: Event = { type: 'shutdown' };
const TIMER: Event = { type: 'timer' };

/** Two timers for each router: the protocol's, and the next announcement. */
const PROTOCOL = 0;
const ANNOUNCE = 1;

/** The reasons to drop what a trailer does not prove. */
const TRAILER_DROPS: Readonly<Record<Exclude<TrailerVerdict, 'genuine' | 'skewed'>, number>> = {
  malformed: Drop['auth-malformed'],
  stale: Drop['auth-stale'],
  'unknown-key': Drop['auth-unknown-key'],
  invalid: Drop['auth-failed'],
  replayed: Drop['auth-replayed'],
};

/** Whether the authentication of a decoded message holds; leaves the message as it is. */
function verifyMessage(
  authenticator: Authenticator,
  bytes: Uint8Array,
  { start, bodyEnd }: Advertisement,
): boolean {
  const checksum = takeChecksum(bytes, start);
  const holds = authenticator.verify(bytes, start, bodyEnd);
  putChecksum(bytes, start, checksum);
  return holds;
}

export class Engine {
  /** By slot. */
  readonly routers: readonly EngineRouter[];
  readonly observer: Observer;
  private readonly table: EngineTable;
  private readonly deadlines: Deadlines;
  private readonly transmitter: Transmitter;
  private readonly announcer: Announcer;
  private readonly loop: PacketLoop;
  /** The clock of everything here: monotonic ms. */
  readonly clock: () => number;
  private readonly slotSize: number;
  private readonly receiveBuffer: Uint8Array;
  private readonly meta: Int32Array;
  /** By half of the tag. */
  private readonly attachments: (Attachment | undefined)[] = [];
  /** Where each router's frames stand in the send buffer. */
  private readonly frameAt: number[];
  /** By slot: which flush sends, or has sent, the advertisement that was queued last. */
  private readonly signedFor: Int32Array;
  private readonly familiar: Familiar;
  private readonly answers: AnswerLimit;
  private readonly stalls: Stalls;
  private readonly groups: SyncGroups;
  /** What keeps routers from being Master. */
  readonly holds: Holds;
  private armed = 0;
  /** When the last turn was over, and how late this one has begun. */
  private turnEnded = 0;
  private overslept = 0;
  /** When this turn has begun. */
  private woke = 0;
  private closed = false;
  /** When it was told to {@link suspend}, monotonic ms. */
  private suspended = 0;
  /** How many attachments are for peers, and when what strangers have sent there was looked at last. */
  private unicast = 0;
  private collected = 0;
  private wantedChanged = false;
  /** Since when that has not been told, monotonic ms; 0: there is nothing to tell, or it is told at once. */
  private untoldSince = 0;
  /** ms that the clock of who sent the last stale trailer is ahead of ours. */
  private skew = 0;
  /** The slot whose advertisement is being acted upon, −1: none, and where the address of its sender stands. */
  private hearing = -1;
  private heardAt = 0;
  /** When {@link onAwake} was called last, monotonic ms. */
  private warmedAt = Number.NEGATIVE_INFINITY;

  // Lent to the decoder and the state machine over and over.
  private readonly frame = emptyFrame();
  private readonly advertisement = emptyAdvertisement();
  private readonly advertisementEvent = {
    type: 'advertisement' as const,
    priority: 0,
    interval: 0,
    addressOrder: 0,
    answer: true,
  };
  /** Lent to the state machine alone, see {@link move}. */
  private readonly outcome: Outcome = {
    state: State.Initialize,
    deadline: 0,
    masterAdverInterval: 0,
    actions: [],
  };

  /**
   * @param onSettled called at the end of every turn; `wantedChanged`: what a router wants of the kernel changed
   * @param chatty tell observers of every advertisement
   * @param io clock and packet loop; default: the kernel's
   */
  constructor(
    routers: readonly EngineRouter[],
    table: EngineTable,
    observer: Observer,
    private readonly onSettled: (wantedChanged: boolean) => void,
    private readonly chatty: boolean,
    io: EngineIo = kernelIo,
  ) {
    this.clock = io.now;
    this.routers = routers;
    this.table = table;
    this.observer = observer;
    this.familiar = new Familiar(routers.length);
    this.answers = new AnswerLimit(routers.length);
    this.stalls = new Stalls(routers.length);
    this.holds = new Holds(table, observer, io);
    this.deadlines = new Deadlines(routers.length * 2);
    this.frameAt = [];
    this.signedFor = new Int32Array(routers.length).fill(-1);
    let space = 0;
    for (const router of routers) {
      this.frameAt.push(space);
      space += router.space;
    }
    this.transmitter = new Transmitter(space, (slot, errno, to) => this.sendFailed(slot, errno, to));
    this.announcer = new Announcer(table, this.transmitter);
    this.groups = new SyncGroups(routers, {
      move: (router, event, now, cause, into) => this.move(router, event, now, cause, into),
      announceAgain: (router, now) => this.perform(router, 'announce-addresses', now),
      sayGoodBye: (router, now) => this.perform(router, 'send-priority-zero', now),
      heldUntil: (router, now) => (router.isHeld ? heldBackUntil(router, now) : 0),
      setTimer: ({ slot }, deadline) => {
        this.table.setNum(slot, Num.Deadline, deadline);
        this.deadlines.set(slot * 2 + PROTOCOL, deadline);
      },
    });
    const longest = routers.some(({ family }) => family === 6) ? 6 : 4;
    this.slotSize = SLOT_SIZE[longest];
    this.receiveBuffer = new Uint8Array(SLOTS[longest] * this.slotSize);
    this.meta = new Int32Array(SLOTS[longest] * Meta.Count);
    this.loop = io.loop(
      this.receiveBuffer,
      this.slotSize,
      this.meta,
      this.transmitter.buffer,
      this.transmitter.queue,
      (packets, timers, woke) => this.wake(packets, timers, woke),
    );
    this.transmitter.send = (count) => this.loop.flush(count);
  }

  /** Receives from an attachment. */
  attach(attachment: Attachment): void {
    const free = this.attachments.indexOf(undefined);
    const tag = free < 0 ? this.attachments.length : free;
    this.attachments[tag] = attachment;
    this.listen(attachment, tag);
    if (attachment.use.kind === 'peers') this.unicast++;
  }

  private listen({ descriptor, family, use, watch }: Attachment, tag: number): void {
    if (use.kind === 'peers') {
      this.loop.add(descriptor, tag * 2, family, use.scope);
      return;
    }
    if (descriptor >= 0) this.loop.add(descriptor, tag * 2);
    if (watch !== undefined) this.loop.add(watch, tag * 2 + WATCH);
  }

  private unlisten({ descriptor, watch }: Attachment): void {
    this.loop.remove(descriptor);
    if (watch !== undefined) this.loop.remove(watch);
  }

  /** Puts a frame into a slot of the receive buffer, as if it had come from the attachment with this tag. */
  place(index: number, frame: Uint8Array, tag: number): void {
    this.receiveBuffer.set(frame, index * this.slotSize);
    this.meta.fill(0, index * Meta.Count, (index + 1) * Meta.Count);
    this.meta[index * Meta.Count + Meta.Tag] = tag * 2;
    this.meta[index * Meta.Count + Meta.Length] = frame.length;
  }

  /** Receives from it no longer; it can be closed. */
  detach(attachment: Attachment): void {
    this.unlisten(attachment);
    this.attachments[this.attachments.indexOf(attachment)] = undefined;
    if (attachment.use.kind === 'peers') this.unicast--;
  }

  /** Builds a router's frames anew: its priority, its primary address or its addresses have changed. */
  rebuildFrames(router: EngineRouter, link: Link): void {
    this.familiar.forget(router.slot);
    router.buildFrames(this.transmitter.buffer, this.frameAt[router.slot]!, link);
  }

  /** Decodes every router's own frame, so that the code is warm before the first packet. Nothing comes of it. */
  rehearse(): void {
    for (const router of this.routers) {
      const at = this.frameAt[router.slot]!;
      const { buffer } = this.transmitter;
      if (decodeHeader(buffer, at, at + router.frameLength, this.frame) >= 0) continue;
      decodeFor(buffer, this.frame, router.rules, this.advertisement);
    }
  }

  /** Goes on with what the state table says: it was another engine's until now. */
  resume(): void {
    for (const router of this.routers) {
      // Built before it was known what the other engine had heard last.
      router.resealFrames(this.transmitter.buffer, this.frameAt[router.slot]!);
      if (router.state === State.Backup && router.deadline === 0 && !this.groups.membersWith(router))
        this.table.setNum(router.slot, Num.Deadline, this.clock()); // it has waited for a group, and is in none now
      this.deadlines.set(router.slot * 2 + PROTOCOL, router.deadline);
      this.deadlines.set(router.slot * 2 + ANNOUNCE, this.announcer.resume(router, this.clock()));
    }
    this.wantedChanged = true;
  }

  /**
   * Another engine takes over: until it runs some ms pass, which where intervals are as short may cost a Master its
   * place. It is heard once more before that, out of turn; its deadline stays.
   */
  bridge(): void {
    for (const router of this.routers) {
      if (router.state !== State.Master || router.advertisementInterval > SOON) continue;
      this.perform(router, 'send-advertisement', this.clock());
    }
  }

  /** Starts a router; {@link settle} sends what comes of it. */
  start(router: EngineRouter, cause: number): void {
    const now = this.clock();
    this.step(router, STARTUP, now, cause);
  }

  /** Stops a router; {@link settle} sends what comes of it. */
  stop(router: EngineRouter, cause: number, into: typeof State.Initialize | typeof State.Down): void {
    const now = this.clock();
    this.step(router, SHUTDOWN, now, cause, into);
  }

  /**
   * Has a Master give up, as if VRRP were stopped and started again with Preempt_Mode false (RFC 3768 §6.4.3 and
   * §6.4.1): a Backup takes over after its skew time, and if there is none it is Master again after its
   * Master_Down_Interval. Does nothing to a router that is not Master; the address owner would be at once. Its whole group
   * gives up with it.
   */
  failOver(router: EngineRouter): void {
    if (router.state !== State.Master || router.priority === 255) return;
    this.stop(router, Cause.FailOver, State.Initialize);
    this.table.setInt(router.slot, Int.StandingBy, 1);
    this.table.setNum(router.slot, Num.OtherHeard, 0); // whoever takes over is heard from now on
    for (const { slot } of this.groups.membersWith(router) ?? []) {
      this.table.setInt(slot, Int.StandingBy, 1);
      this.table.setNum(slot, Num.OtherHeard, 0);
    }
    this.start(router, Cause.FailOver);
  }

  /** Brings groups of routers in line whose members have come, gone or changed: the rule of core/vrrp/sync.ts. */
  reviewGroups(): void {
    this.groups.review(this.clock());
  }

  /** Does what stops routers; the others of their groups follow when all of it is done. */
  together(act: () => void): void {
    this.groups.hold();
    try {
      act();
    } finally {
      this.groups.release(this.clock());
    }
  }

  /** Every router is for itself from now on: all of them stop, or another engine goes on with them. */
  dissolveGroups(): void {
    this.groups.dissolve();
  }

  /**
   * Gives a router another priority, without a transition: a Master's next advertisement has it, a Backup's
   * Master_Down_Timer goes by it. Nothing to an address owner, or to one that does not run: its start sees to it.
   * {@link settle} ends it.
   * @throws PluginError if it cannot be signed: it has the priority that it had
   */
  reweigh(router: EngineRouter, priority: number): void {
    const { slot, link, priority: before, state, version } = router;
    const runs = state === State.Master || state === State.Backup;
    if (!runs || !link || before === 255 || before === priority) return;
    this.table.setInt(slot, Int.Priority, priority);
    try {
      this.rebuildFrames(router, link);
    } catch (error) {
      this.table.setInt(slot, Int.Priority, before);
      throw error;
    }
    if (state === State.Backup && router.deadline !== 0) {
      const { deadline, masterAdverInterval } = router;
      const later = skewedDeadline(version, deadline, masterAdverInterval, before, priority);
      this.table.setNum(slot, Num.Deadline, later);
      this.deadlines.set(slot * 2 + PROTOCOL, later);
    }
    this.observer.priority(slot, before, priority);
  }

  /**
   * Has a router stand by: a Master says good-bye, and from then on it follows as a Backup that does not claim the role,
   * whoever goes away. The address owner cannot: RFC 3768 §6.4.1 has it Master whenever it runs.
   * @param until when that is over, ms since the epoch, for whoever asks: to end it is {@link release}'s; 0: not by itself
   */
  hold(router: EngineRouter, until: number): void {
    const { slot, state, priority } = router;
    if (priority === 255) return;
    const wasMaster = state === State.Master;
    if (wasMaster) this.stop(router, Cause.StandBy, State.Initialize);
    this.table.setInt(slot, Int.Held, 1);
    this.table.setNum(slot, Num.HeldUntil, until);
    this.observer.standby(slot, true, until);
    if (!wasMaster) {
      // One that waits for its group holds it back from now on.
      if (state === State.Backup && router.deadline === 0) this.restartDown(router, this.clock());
      return;
    }
    // Whoever takes over is heard from now on; the others of its group have given up with it.
    this.table.setNum(slot, Num.OtherHeard, 0);
    for (const other of this.groups.membersWith(router) ?? [])
      this.table.setNum(other.slot, Num.OtherHeard, 0);
    this.start(router, Cause.StandBy);
  }

  /** Ends a stand-by: it preempts as configured again. Where nobody is Master it is, after its skew time. */
  release(router: EngineRouter): void {
    const { slot } = router;
    if (!this.endStandby(slot) || router.state !== State.Backup || this.table.num(slot, Num.OtherHeard) !== 0)
      return;
    const { version, priority, masterAdverInterval } = router;
    const soon = this.clock() + skewTime(version, priority, masterAdverInterval);
    if (soon >= router.deadline) return;
    this.table.setNum(slot, Num.Deadline, soon);
    this.deadlines.set(slot * 2 + PROTOCOL, soon);
  }

  /** Nobody has taken over from a Master that was told to give up, or to stand by: it is Master again, at once. */
  takeBack(router: EngineRouter): void {
    const { slot } = router;
    this.endStandby(slot);
    if (router.state !== State.Backup || this.table.num(slot, Num.OtherHeard) !== 0) return;
    this.step(router, TIMER, this.clock(), Cause.NobodyTookOver);
  }

  /** @returns whether it was in stand-by */
  private endStandby(slot: number): boolean {
    const { table } = this;
    if (table.int(slot, Int.Held) === 0) return false;
    table.setInt(slot, Int.Held, 0);
    table.setInt(slot, Int.Masterless, 0);
    table.setNum(slot, Num.HeldUntil, 0);
    this.observer.standby(slot, false, 0);
    return true;
  }

  /**
   * Has a Master give up whose addresses are not in place: it says so and is Down until `retryAt` (monotonic ms).
   * Then it is a Backup that does not preempt: whoever took over may have what it has not.
   */
  giveUp(router: EngineRouter, retryAt: number): void {
    this.stop(router, Cause.NotInPlace, State.Down);
    this.table.setInt(router.slot, Int.StandingBy, 1);
    this.table.setNum(router.slot, Num.RetryAt, retryAt);
  }

  /** Starts the announcements of routers whose addresses are in place now. */
  announceApplied(): void {
    if (this.closed) return; // the routers are another engine's
    const now = this.clock();
    for (const router of this.routers) {
      if (!this.announcer.hasComeIntoPlace(router, now)) continue;
      this.deadlines.set(router.slot * 2 + ANNOUNCE, this.announcer.announce(router, now));
    }
    // Other deadlines wait for their wake-up: packets that have arrived count before them.
    this.settle();
  }

  /**
   * Called when the engine is awake for a Backup's deadline and has nothing to do until then: what the take-over needs
   * can be made ready. To be back within half a ms.
   */
  onAwake: () => void = () => {};

  /** Told a socket that hears whether anything comes in, after it has: it is to be detached. */
  onHeard: (ear: Attachment) => void = () => {};

  /** What kept a router from being Master is over before its time; {@link settle} sends what comes of it. */
  endHold(router: EngineRouter, which: typeof Num.HearingUntil | typeof Num.CarrierUntil): void {
    const deadline = this.holds.end(router, which);
    if (deadline === 0) return;
    this.table.setNum(router.slot, Num.Deadline, deadline);
    this.deadlines.set(router.slot * 2 + PROTOCOL, deadline);
  }

  /** Sends what waits, arms the timer, tells the actuator. Ends every turn of the engine. */
  settle(): void {
    if (this.closed) return;
    this.transmitter.flush();
    const awake = this.arm();
    if (awake) this.warmUp();
    const { wantedChanged } = this;
    if (awake && wantedChanged) {
      const now = this.clock();
      if (this.untoldSince === 0) this.untoldSince = now;
      if (now - this.untoldSince < TELL_WITHIN) return;
    }
    this.untoldSince = 0;
    this.wantedChanged = false; // first: whoever is told may change it again
    this.onSettled(wantedChanged);
  }

  /** @returns whether the engine stays awake until then */
  private arm(): boolean {
    const first = this.deadlines.first();
    let next = first < 0 ? 0 : this.deadlines.at(first);
    let awake = false;
    if (first >= 0 && (first & 1) === PROTOCOL && this.routers[first >> 1]!.state === State.Backup) {
      // A deadline that an advertisement has moved meanwhile is found at the early wake-up, and nobody stays awake.
      if (next - LEAD > this.clock()) next -= LEAD;
      else awake = true;
    }
    if (next !== this.armed) this.loop.setTimer(next, awake);
    this.armed = next;
    this.turnEnded = this.clock();
    return awake;
  }

  private warmUp(): void {
    const { armed, turnEnded } = this;
    if (armed - turnEnded < WARM_UP || turnEnded - this.warmedAt < WARM_FOR) return;
    this.warmedAt = turnEnded;
    this.onAwake();
    this.turnEnded = this.clock();
  }

  /** Neither receives, nor serves deadlines, nor sends, until {@link reopen}. The routers are another engine's meanwhile. */
  suspend(): void {
    this.closed = true;
    this.suspended = this.clock();
    for (const attachment of this.attachments) if (attachment) this.unlisten(attachment);
    this.loop.setTimer(0);
  }

  /** After {@link suspend}: goes on with what the state table says. What a Backup has not heard meanwhile, others have. */
  reopen(): void {
    this.closed = false;
    this.groups.form();
    this.armed = -1;
    const pause = this.clock() - this.suspended;
    for (const { slot, state, deadline } of this.routers) {
      if (state === State.Backup && deadline !== 0) this.table.setNum(slot, Num.Deadline, deadline + pause);
    }
    for (const [tag, attachment] of this.attachments.entries()) if (attachment) this.listen(attachment, tag);
    this.resume();
  }

  /** Stops for good: neither packets nor deadlines are served any more, and nothing is sent. Idempotent. */
  close(): void {
    this.closed = true;
    this.loop.close();
  }

  /**
   * What the packet loop calls, see there; a rehearsal calls it too.
   * @param now when the loop woke, what packets' ages are counted back from; default: just now
   */
  wake(packets: number, timers: boolean, now = this.clock()): void {
    this.woke = now;
    // What came while we were at work is not late, but while we slept.
    const wanted = Math.max(this.armed, this.turnEnded);
    if (this.armed > 0) this.overslept = Math.max(0, now - wanted);
    if (packets > 0) {
      for (let i = 0; i < packets; i++) {
        // A Master_Down_Timer runs from when the advertisement came, not from when we woke.
        this.receive(i, now - this.meta[i * Meta.Count + Meta.Age]! / 1000);
      }
    }
    if (timers) {
      this.table.count(this.table.strangers, Num.WakeUps);
      this.armed = -1; // it may have fired
      this.runTimers();
      this.settle();
      if (this.unicast > 0 && now - this.collected >= COLLECT_EVERY) this.collectStrangers(now);
    }
  }

  /** What wakes nobody is counted now, after everything that waits. */
  private collectStrangers(now: number): void {
    this.collected = now;
    let some = false;
    for (let tag = 0; tag < this.attachments.length; tag++) {
      const attachment = this.attachments[tag];
      if (attachment?.use.kind !== 'peers' || attachment.watch === undefined) continue;
      const count = this.loop.collect(attachment.watch, tag * 2, attachment.family);
      for (let i = 0; i < count; i++) this.receive(i, now);
      some ||= count > 0;
    }
    if (some) this.settle(); // whoever observes is told
  }

  /** RFC 3768 §7.1: every check, then the state machine. */
  private receive(index: number, now: number): void {
    const bytes = this.receiveBuffer;
    const at = index * this.slotSize;
    const tag = this.meta[index * Meta.Count + Meta.Tag]!;
    const attachment = this.attachments[tag >> 1];
    const foreign = this.meta[index * Meta.Count + Meta.Foreign]!;
    if (!attachment) return;
    if (attachment.use.kind === 'ear') {
      this.onHeard(attachment);
      return;
    }
    if (foreign === 1) return;
    const length = this.meta[index * Meta.Count + Meta.Length]!;
    if (foreign < 0) {
      this.hearFailure(attachment, at, length, -foreign);
      return;
    }
    if ((tag & 1) === WATCH) {
      this.watch(attachment, at, length, now);
      return;
    }
    const { frame, advertisement } = this;
    const known = this.familiar.recognise(attachment.slotOfVrid, bytes, at, length);
    if (known >= 0) {
      const router = this.routers[known]!;
      const unproven = router.trailer ? this.checkAgain(router, router.trailer, at, length, now) : -1;
      if (unproven >= 0) this.drop(known, unproven, now);
      else this.acceptAgain(router, at, now);
      return;
    }
    const broken = decodeHeader(bytes, at, at + Math.min(length, this.slotSize), frame);
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
    const reason = malformed >= 0 ? malformed : this.check(router, now);
    if (reason >= 0) {
      this.drop(slot, reason, now);
      if (reason !== Drop['address-owner']) return;
      // Not obeyed, but it has told the neighbours otherwise.
      if (router.state === State.Master) this.perform(router, 'announce-addresses', now);
      // Perhaps it could not read ours: now it can, and it gives way.
      const changed = this.learnChecksum(router, advertisement.checksumSort, frame.sourceAt, now);
      if (
        changed &&
        router.state === State.Master &&
        this.answers.take(slot, now, router.advertisementInterval)
      )
        this.perform(router, 'send-advertisement', now);
    } else this.compareAddresses(router, at, length, now);
  }

  /** The network has answered that a packet of ours did not get to a peer; the frame has the start of it. */
  private hearFailure({ slotOfVrid, family }: Attachment, at: number, length: number, errno: number): void {
    const bytes = this.receiveBuffer;
    const messageAt = at + ETHERNET_LENGTH + IP_LENGTH[family];
    if (at + length < messageAt + 2) return;
    const slot = slotFor(slotOfVrid, bytes[messageAt]! >> 4, bytes[messageAt + 1]!);
    if (slot < 0) return;
    const peer = this.routers[slot]!.peerAt(bytes, messageAt - addressLength(family));
    if (peer >= 0) this.sendFailed(slot, errno, peer);
  }

  /** A packet that may be about our addresses. Of IPv6 the socket for packets hears it too if it has no filter. */
  private watch(attachment: Attachment, at: number, length: number, now: number): void {
    const bytes = this.receiveBuffer;
    if (isArp(bytes, at, length)) {
      this.hearClaim(attachment, at + SENDER_ADDRESS_AT, senderMac(bytes, at), now);
    } else if (isNeighbourAdvertisement(bytes, at, length)) {
      const mac = toldMac(bytes, at, Math.min(length, this.slotSize));
      if (mac >= 0) this.hearClaim(attachment, at + TARGET_ADDRESS_AT, mac, now);
    }
  }

  /** Somebody has told our neighbours that an address is at a MAC. */
  private hearClaim({ slotOfVrid, family }: Attachment, addressAt: number, mac: number, now: number): void {
    const bytes = this.receiveBuffer;
    for (let index = 0; index < slotOfVrid.length; index++) {
      const slot = slotOfVrid[index]!;
      if (slot < 0) continue;
      const router = this.routers[slot]!;
      if (router.state !== State.Master || !router.hasAddress(bytes, addressAt)) continue;
      if (mac === router.virtualMacNumber || mac === this.table.num(slot, Num.HardwareAddress)) return;
      const when = this.announcer.contested(router, now);
      if (when === 0) return; // not announced yet: another Master may only just be leaving
      this.deadlines.set(slot * 2 + ANNOUNCE, when);
      this.table.count(slot, droppedField(Drop['address-conflict']));
      const size = addressLength(family);
      this.observer.dropped(slot, Drop['address-conflict'], now, bytes, addressAt, size, mac);
      return;
    }
  }

  /** The checks that need the configuration. @returns −1, or the reason to drop it */
  private check(router: EngineRouter, now: number): number {
    const bytes = this.receiveBuffer;
    const { advertisement, frame } = this;
    if (compareAddress(bytes, frame.sourceAt, router.primary) === 0) return Drop['own-source'];
    if (router.isSubnetEdge(bytes, frame.sourceAt)) return Drop.source;
    // One that is held back from being Master listens like any Backup.
    const isOwner = router.priority === 255 && router.state !== State.Backup;
    if (isOwner && !router.trailer) return Drop['address-owner'];
    // The owner's own address is a virtual one, and only the owner's: it has priority 255 until it says good-bye.
    // Over IPv6 not: FRR puts the virtual link-local address on an interface of its own and speaks from there.
    const { priority } = advertisement;
    const isOthers = frame.family === 4 && priority !== 255 && priority !== 0;
    if (!isOwner && isOthers && router.hasAddress(bytes, frame.sourceAt)) return Drop.source;
    const unproven = router.trailer ? this.checkTrailer(router, router.trailer, now) : -1;
    if (unproven >= 0) return unproven;
    if (isOwner) return Drop['address-owner'];
    if (router.version === 3) return -1;
    const { authenticator } = router;
    if (advertisement.authType !== (authenticator?.authType ?? 0)) return Drop['auth-type'];
    if (authenticator && !verifyMessage(authenticator, bytes, advertisement)) return Drop['auth-failed'];
    if (advertisement.interval !== router.advertisementInterval) return Drop.interval;
    return -1;
  }

  /** The trailer of a message that is otherwise that of before. @returns −1, or the reason to drop it */
  private checkAgain(
    router: EngineRouter,
    trailer: GuardedTrailer,
    at: number,
    length: number,
    now: number,
  ): number {
    const { advertisement, frame } = this;
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
      const sum = sumWords(
        this.receiveBuffer,
        start,
        frame.messageEnd,
        pseudoHeaderOf(this.receiveBuffer, frame),
      );
      if (foldChecksum(sum) !== 0) return Drop.checksum;
    }
    return this.checkTrailer(router, trailer, now);
  }

  /** What stands behind the message. @returns −1, or the reason to drop it */
  private checkTrailer({ slot }: EngineRouter, trailer: GuardedTrailer, now: number): number {
    const bytes = this.receiveBuffer;
    const { advertisement, frame } = this;
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
   * The last check, of an advertisement that has passed all others: its address list. RFC 3768 §7.1: where it is
   * not ours that is told, and the packet dropped unless it is an address owner's.
   */
  private compareAddresses(router: EngineRouter, at: number, length: number, now: number): void {
    const { advertisement, frame } = this;
    const { priority, count } = advertisement;
    const size = addressLength(frame.family);
    const listAt = advertisement.bodyEnd - count * size;
    const listed = router.listedOfOurs(this.receiveBuffer, listAt, count);
    const complete = listed === router.advertised.length;
    if (!complete) {
      const { slot } = router;
      const obeyed = priority === 255 || router.isOfOurGroup(this.receiveBuffer, listAt, count, listed);
      this.table.count(slot, obeyed ? Num.AddressListMismatches : droppedField(Drop['address-list']));
      this.observer.otherAddresses(
        slot,
        obeyed,
        now,
        this.receiveBuffer,
        frame.sourceAt,
        listAt,
        count,
        size,
      );
      if (!obeyed) return;
    }
    this.accept(router, at, length, complete && priority > 0, now);
  }

  /**
   * An advertisement that has passed every check. Frame and message are decoded.
   * @param familiar it may be recognised the next time, and need not be looked at then
   */
  private accept(router: EngineRouter, at: number, length: number, familiar: boolean, now: number): void {
    const bytes = this.receiveBuffer;
    const { slot } = router;
    const { frame, advertisement } = this;
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
  private acceptAgain(router: EngineRouter, at: number, now: number): void {
    const { familiar } = this;
    const { slot } = router;
    const order = familiar.addressOrders[slot]!;
    const sourceAt = at + (router.family === 4 ? FAMILIAR_SOURCE_AT[4] : FAMILIAR_SOURCE_AT[6]);
    // Another router's may have been heard in between, which was not remembered.
    this.learnChecksum(router, familiar.checksumSorts[slot] as ChecksumSort, sourceAt, now);
    this.hear(router, familiar.priorities[slot]!, familiar.intervals[slot]!, order, sourceAt, now);
  }

  /**
   * Another router of the group was heard with this sort of checksum. Its sender may be one that reads no other: before
   * it is answered, our frames have the right one.
   * @returns whether ours have changed
   */
  private learnChecksum(router: EngineRouter, heard: ChecksumSort, sourceAt: number, now: number): boolean {
    if (heard === ChecksumSort.Any) return false;
    const { slot } = router;
    const peer = router.peerAt(this.receiveBuffer, sourceAt);
    if (heard === router.checksumHeardFrom(peer)) return false;
    const to = Math.max(peer, 0);
    const before = router.checksumSortTo(to);
    router.hearChecksum(peer, heard);
    const sent = router.checksumSortTo(to);
    router.resealFrames(this.transmitter.buffer, this.frameAt[slot]!);
    if (sent === before && sent === heard) return false; // as it was supposed
    const size = addressLength(router.family);
    this.observer.checksum(slot, heard, sent, now, this.receiveBuffer, sourceAt, size);
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
    const { advertisementEvent: event } = this;
    this.table.count(slot, Num.AdvertisementsReceived);
    if (priority === 0) this.table.count(slot, Num.PriorityZeroReceived);
    if (this.chatty) {
      const size = addressLength(router.family);
      this.observer.received(slot, priority, this.receiveBuffer, sourceAt, size);
    }
    const arrived = this.woke - now > interval * OLD ? this.woke : now;
    this.table.nums[slot * Num.Count + Num.OtherHeard] = priority === 0 ? 0 : arrived;
    if (router.held && router.state === State.Backup) {
      if (priority === 0) return; // the next one is another's: until then the Master_Down_Timer runs on
      if (this.table.int(slot, Int.Masterless) === 1) this.tellMasterless(slot, false);
    }
    const { priority: ours, version } = router;
    const isTie = priority === ours && addressOrder !== 0;
    const order = isTie ? this.groups.orderOf(router, addressOrder, arrived) : addressOrder;
    const isReplaced = router.isLeased && priority > 0 && this.hasOutlivedLease(router);
    event.priority = isReplaced ? SUPERIOR : priority;
    event.interval = interval;
    event.addressOrder = order;
    const isSuperior = isReplaced || priority > ours || (priority === ours && order > 0);
    const asks = router.state === State.Master && (priority === 0 || (version === 3 && !isSuperior));
    event.answer = !asks || this.answers.take(slot, arrived, router.advertisementInterval);
    this.hearing = slot;
    this.heardAt = sourceAt;
    const heard = priority > ours ? Cause.HigherPriority : Cause.HigherAddress;
    this.step(router, event, arrived, isReplaced ? Cause.Replaced : heard);
    this.hearing = -1;
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
    return this.woke - (deadline - advertisementInterval) >= lease;
  }

  private drop(slot: number, reason: number, now: number): void {
    const { frame } = this;
    const length = frame.sourceAt < 0 ? 0 : addressLength(frame.family);
    this.table.count(slot, droppedField(reason));
    const detail = reason === Drop['auth-stale'] ? this.skew : 0;
    this.observer.dropped(slot, reason, now, this.receiveBuffer, frame.sourceAt, length, detail);
  }

  /** Serves the timers that are due. */
  private runTimers(): void {
    const now = this.clock();
    for (;;) {
      const timer = this.deadlines.first();
      if (timer < 0) return;
      const router = this.routers[timer >> 1]!;
      if ((timer & 1) === ANNOUNCE) {
        if (this.deadlines.at(timer) > now) return;
        this.deadlines.set(timer, this.announcer.announce(router, now));
      } else {
        const at = this.deadlines.at(timer);
        let early = 0;
        if (router.state === State.Master)
          early = Math.max(router.advertisementInterval * COALESCE, COALESCE_MS);
        else if (router.deadline > at) early = GATHER; // an advertisement has moved it
        if (at - early > now) return;
        this.runProtocolTimer(router, timer, now);
      }
    }
  }

  private runProtocolTimer(router: EngineRouter, timer: number, now: number): void {
    if (router.state === State.Backup) {
      // Advertisements restart the Master_Down_Timer without touching the heap: it is moved only here.
      const { slot, deadline } = router;
      const later = this.stalls.deadline(slot, deadline, router.masterAdverInterval, now, this.overslept);
      if (later > now) {
        if (later !== deadline) {
          this.table.setNum(slot, Num.Deadline, later);
          this.observer.stalled(slot, now - deadline);
        }
        this.deadlines.set(timer, later);
        return;
      }
      if (router.held) {
        this.holdBack(router, now);
        return;
      }
      // Before its group learns that it waits for nothing any more.
      const until = router.isHeld ? heldBackUntil(router, now) : 0;
      if (until > 0) {
        this.table.setNum(slot, Num.Deadline, until);
        this.deadlines.set(timer, until);
        return;
      }
    }
    this.step(router, TIMER, now, Cause.MasterDown);
  }

  /** In stand-by the Master_Down_Timer has expired: it is told once, and runs again. */
  private holdBack(router: EngineRouter, now: number): void {
    const { slot } = router;
    this.restartDown(router, now);
    this.table.nums[slot * Num.Count + Num.OtherHeard] = 0;
    if (this.table.int(slot, Int.Masterless) === 0) this.tellMasterless(slot, true);
  }

  /** A Backup's Master_Down_Timer begins anew. */
  private restartDown(router: EngineRouter, now: number): void {
    const { slot, version, priority, masterAdverInterval, downTimerAdverts } = router;
    const deadline = now + masterDownInterval(version, priority, masterAdverInterval, downTimerAdverts);
    this.table.nums[slot * Num.Count + Num.Deadline] = deadline;
    this.deadlines.set(slot * 2 + PROTOCOL, deadline);
  }

  private tellMasterless(slot: number, nobody: boolean): void {
    this.table.setInt(slot, Int.Masterless, nobody ? 1 : 0);
    this.observer.masterless(slot, nobody);
  }

  /** Something happens to a router: it is moved, and the others of its group as the group's rule demands. */
  private step(
    router: EngineRouter,
    event: Event,
    now: number,
    cause: number,
    into: typeof State.Initialize | typeof State.Down | undefined = undefined,
  ): void {
    if (!this.groups.step(router, event, now, cause, into)) this.move(router, event, now, cause, into);
  }

  /**
   * Has the state machine decide, and makes its outcome happen. Whoever is told of it may bring about a transition of
   * another router in the middle of it, so all of the outcome is taken out before anybody is told.
   * @param into the state that it stops into; default: what the state machine says
   */
  private move(
    router: EngineRouter,
    event: SyncEvent,
    now: number,
    cause: number,
    into: typeof State.Initialize | typeof State.Down | undefined = undefined,
  ): void {
    const { slot } = router;
    const { table } = this;
    const before = router.state;
    const { isHeld } = router;
    const outcome = isHeld
      ? this.holds.transition(router, event, now)
      : transitionTogether(router, event, now, this.outcome);
    const { masterAdverInterval, actions } = outcome;
    const deadline =
      outcome.deadline + (event.type === 'timer' && before === State.Master ? this.pause(router) : 0);
    const state = into ?? outcome.state;
    const nums = slot * Num.Count;
    if (state !== before) {
      table.setNum(slot, Num.Since, Date.now());
      // Before the deadline: a Backup's must not be taken for that of a Master that has just advertised, see leases.ts.
      table.setInt(slot, Int.State, state);
    }
    table.nums[nums + Num.Deadline] = deadline;
    if (table.nums[nums + Num.MasterAdverInterval] !== masterAdverInterval) {
      table.nums[nums + Num.MasterAdverInterval] = masterAdverInterval;
      table.touch();
    }
    const timer = slot * 2 + PROTOCOL;
    const scheduled = this.deadlines.at(timer);
    const runs = state === State.Backup && before === State.Backup && scheduled !== 0;
    const restarted = runs && deadline > scheduled;
    if (deadline !== scheduled && !restarted) this.deadlines.set(timer, deadline);
    // A Backup waits for its group from now on, or does no longer.
    if ((deadline === 0 || scheduled === 0) && before === State.Backup) table.touch();
    if (state !== before)
      this.tellTransition(router, before, state, isHeld && this.holds.freed ? Cause.HoldOver : cause);
    for (const action of actions) this.perform(router, action, now);
  }

  /** With the router that was heard: just now, or the Master that a Backup has followed. */
  private tellTransition({ slot, family }: EngineRouter, before: number, state: number, cause: number): void {
    const { observer, familiar } = this;
    const size = addressLength(family);
    if (slot === this.hearing) {
      observer.transition(slot, before, state, cause, this.receiveBuffer, this.heardAt, size);
      return;
    }
    const at = before === State.Backup ? familiar.sourceAt(slot, family) : -1;
    if (at < 0) observer.transition(slot, before, state, cause);
    else observer.transition(slot, before, state, cause, familiar.octets, at, size);
  }

  /**
   * How much longer a Master listens before its next advertisement: now and then a little, while the sort of its
   * checksums is a guess. keepalived begins its interval anew with every advertisement, those too that it cannot read:
   * as the other Master of a group that was parted it would not be heard again, and never learnt of.
   * @returns ms
   */
  private pause(router: EngineRouter): number {
    const { advertisementInterval: interval, guessesChecksum, slot } = router;
    if (!guessesChecksum || interval < LISTEN_FROM) return 0;
    return this.table.num(slot, Num.AdvertisementsSent) % LISTEN_EVERY === 0 ? interval * LISTEN : 0;
  }

  private perform(router: EngineRouter, action: Action, now: number): void {
    const { slot } = router;
    switch (action) {
      case 'send-advertisement':
        this.advertise(router, false, Num.AdvertisementsSent, router.priority, now);
        break;
      case 'send-priority-zero':
        this.advertise(router, true, Num.PriorityZeroSent, 0, now);
        break;
      case 'acquire-addresses':
        this.table.count(slot, Num.BecameMaster);
        this.table.setInt(slot, Int.StandingBy, 0);
        this.want(slot);
        break;
      case 'release-addresses':
        this.table.count(slot, Num.LeftMaster);
        this.want(slot);
        this.deadlines.set(slot * 2 + ANNOUNCE, 0);
        break;
      case 'announce-addresses':
        if (this.announcer.again(router, now)) this.deadlines.set(slot * 2 + ANNOUNCE, now);
        break;
    }
  }

  /** Queues one of a router's advertisements, a frame for each destination. @param priorityZero which one */
  private advertise(
    router: EngineRouter,
    priorityZero: boolean,
    counter: EngineNum,
    priority: number,
    now: number,
  ): void {
    const { attachment, slot, reach, frameLength } = router;
    if (!attachment) return;
    let queued = false;
    for (let to = 0; to < router.destinations.length; to++) {
      if (reach?.recovers(to, now)) this.observer.reachable(slot, router.destinations[to]!.address);
      const at = this.frameAt[slot]! + router.frameOffset(to, priorityZero);
      if (router.signsEach && !this.sign(router, at, to)) continue;
      this.transmitter.frame(attachment.descriptor, at, frameLength, slot, to);
      queued = true;
    }
    if (!queued) return;
    this.signedFor[slot] = this.transmitter.flushes;
    this.table.count(slot, counter);
    if (this.chatty) this.observer.sent(slot, priority);
  }

  /**
   * Signs a frame that is about to be queued.
   * @returns false: it cannot be signed, and must not be sent; the plugin's guard has told
   */
  private sign(router: EngineRouter, at: number, to: number): boolean {
    const { slot } = router;
    // One that still waits goes first: two with one signature would be a replay to those who hear them.
    if (this.signedFor[slot] === this.transmitter.flushes) this.transmitter.flush();
    try {
      router.signAgain(this.transmitter.buffer, at, to);
      return true;
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      this.table.count(slot, Num.SendErrors);
      return false;
    }
  }

  private want(slot: number): void {
    this.table.setInt(slot, Int.Wanted, this.table.int(slot, Int.Wanted) + 1);
    this.wantedChanged = true;
  }

  /** @param to the router's destination; −1: it was an announcement */
  private sendFailed(slot: number, errno: number, to: number): void {
    const { reach, destinations } = this.routers[slot]!;
    this.table.count(slot, Num.SendErrors);
    const now = this.clock();
    if (!reach || to < 0) this.observer.sendError(slot, errno, now);
    else if (reach.fails(to, now)) this.observer.unreachable(slot, errno, destinations[to]!.address);
  }
}
