/**
 * The engine: runs the state machine of every virtual router on packets and deadlines. One wake-up serves
 * all that is due; on the steady path nothing is allocated and nothing is waited for.
 *
 * Here is when what has its turn. What is done then: receiver.ts with packets, expiry.ts with timers, transitions.ts with
 * routers; advertiser.ts and announcer.ts send; standby.ts and commands.ts do what the engine is told.
 */
import { Meta, type PacketLoop } from '../native/packet-loop.ts';
import type { Link } from '../plugin/contracts/index.ts';
import { Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import type { Attachment } from './attachment.ts';
import { Commands } from './commands.ts';
import { Expiry } from './expiry.ts';
import type { Holds } from './holds.ts';
import { type EngineIo, kernelIo, type Turns } from './io.ts';
import type { Observer } from './observer.ts';
import { makeParts, type Parts } from './parts.ts';
import { Receiver } from './receiver.ts';
import type { Reception } from './reception.ts';
import type { EngineRouter } from './router.ts';
import { Sockets, tagOf } from './sockets.ts';
import { Standby } from './standby.ts';
import { type Stopped, Transitions } from './transitions.ts';
import { WakeUp } from './wake-up.ts';

/** A Master whose interval in ms is not longer than this advertises once more before another engine takes over. */
const SOON = 100;

/** While the engine is awake for the next Backup's deadline, the actuator is told so many ms later at most: sending comes first. */
const TELL_WITHIN = 0.3;

/** See the file's comment. All times are ms on the machine's monotonic clock. */
export class Engine {
  /** By slot. */
  readonly routers: readonly EngineRouter[];
  readonly observer: Observer;
  /** The clock of everything here: monotonic ms. */
  readonly clock: () => number;
  /** What its parts share. */
  readonly parts: Parts;
  /** What keeps routers from being Master. */
  readonly holds: Holds;
  /** Has routers stand by, and ends that; {@link settle} sends what comes of it. */
  readonly standby: Standby;
  private readonly reception: Reception;
  private readonly loop: PacketLoop;
  private readonly sockets: Sockets;
  private readonly transitions: Transitions;
  private readonly commands: Commands;
  private readonly receiver: Receiver;
  private readonly expiry: Expiry;
  private readonly wakeUp: WakeUp;
  private readonly turns: Turns | undefined;
  private closed = false;
  /** When it was told to {@link suspend}, monotonic ms. */
  private suspended = 0;
  /** Since when that something is wanted of the kernel has not been told, monotonic ms; 0: there is nothing to tell, or it is told at once. */
  private untoldSince = 0;

  /**
   * @param onSettled called at the end of every turn; `wantedChanged`: what a router wants of the kernel changed
   * @param chatty tell observers of every advertisement
   * @param io clock and packet loop; default: the kernel's
   */
  constructor(
    routers: readonly EngineRouter[],
    private readonly table: EngineTable,
    observer: Observer,
    private readonly onSettled: (wantedChanged: boolean) => void,
    chatty: boolean,
    io: EngineIo = kernelIo,
  ) {
    const parts = makeParts(routers, table, observer, chatty, io);
    const { reception } = parts;
    const { transmitter } = parts.advertiser;
    this.parts = parts;
    this.routers = routers;
    this.observer = observer;
    this.clock = io.now;
    this.turns = io.turns;
    this.holds = parts.holds;
    this.reception = reception;
    this.loop = io.loop(
      reception.bytes,
      reception.slotSize,
      reception.meta,
      transmitter.buffer,
      transmitter.queue,
      (packets, timers, woke) => this.wake(packets, timers, woke),
    );
    transmitter.send = (count) => this.loop.flush(count);
    this.sockets = new Sockets(this.loop);
    this.transitions = new Transitions(parts);
    this.standby = new Standby(parts, this.transitions);
    this.commands = new Commands(parts, this.transitions);
    this.receiver = new Receiver(parts, this.sockets, this.transitions, this.standby);
    this.expiry = new Expiry(parts, this.transitions, this.standby);
    this.wakeUp = new WakeUp(parts, this.loop);
  }

  /** Receives from an attachment. */
  attach(attachment: Attachment): void {
    this.sockets.attach(attachment);
  }

  /** Receives from it no longer; it can be closed. */
  detach(attachment: Attachment): void {
    this.sockets.detach(attachment);
  }

  /** Puts a frame into a slot of the receive buffer, as if it had come from the attachment with this number. */
  place(index: number, frame: Uint8Array, attachment: number): void {
    this.reception.place(index, frame, tagOf(attachment));
  }

  /**
   * Builds a router's frames anew: its priority, its primary address or its addresses have changed.
   * @throws PluginError if they cannot be signed: it keeps those that it had
   */
  rebuildFrames(router: EngineRouter, link: Link): void {
    this.commands.rebuildFrames(router, link);
  }

  /** Decodes every router's own frame, so that the code is warm before the first packet. Nothing comes of it. */
  rehearse(): void {
    this.parts.advertiser.rehearse(this.reception.frame, this.reception.advertisement);
  }

  /** Goes on with what the state table says: it was another engine's until now. */
  resume(): void {
    const { advertiser, announcer, timers } = this.parts;
    for (const router of this.routers) {
      // Built before it was known what the other engine had heard last.
      advertiser.reseal(router);
      const inGroup = this.transitions.groups.membersWith(router) !== undefined;
      if (router.state === State.Backup && router.deadline === 0 && !inGroup)
        this.table.setNum(router.slot, Num.Deadline, this.clock()); // it has waited for a group, and is in none now
      timers.setProtocol(router.slot, router.deadline);
      timers.setAnnouncement(router.slot, announcer.resume(router, this.clock()));
    }
    this.transitions.wantedChanged = true;
  }

  /**
   * Another engine takes over: until it runs some ms pass, which where intervals are as short may cost a Master its
   * place. It is heard once more before that, out of turn; its deadline stays.
   */
  bridge(): void {
    for (const router of this.routers) {
      if (router.state !== State.Master || router.advertisementInterval > SOON) continue;
      this.parts.advertiser.advertise(router, this.clock());
    }
  }

  /** Starts a router; {@link settle} sends what comes of it. @param cause a `Cause` */
  start(router: EngineRouter, cause: number): void {
    this.transitions.start(router, this.clock(), cause);
  }

  /** Stops a router; {@link settle} sends what comes of it. @param cause a `Cause` */
  stop(router: EngineRouter, cause: number, into: Stopped): void {
    this.transitions.stop(router, this.clock(), cause, into);
  }

  /**
   * Has a Master give up, as if VRRP were stopped and started again with Preempt_Mode false (RFC 3768 §6.4.3 and
   * §6.4.1): a Backup takes over after its skew time, and if there is none it is Master again after its
   * Master_Down_Interval. Does nothing to a router that is not Master; the address owner would be at once. Its whole group
   * gives up with it.
   */
  failOver(router: EngineRouter): void {
    this.commands.failOver(router);
  }

  /** Brings groups of routers in line whose members have come, gone or changed: the rule of core/vrrp/sync.ts. */
  reviewGroups(): void {
    this.transitions.groups.review(this.clock());
  }

  /** Does what stops routers; the others of their groups follow when all of it is done. */
  together(act: () => void): void {
    const { groups } = this.transitions;
    groups.hold();
    try {
      act();
    } finally {
      groups.release(this.clock());
    }
  }

  /** Every router is for itself from now on: all of them stop, or another engine goes on with them. */
  dissolveGroups(): void {
    this.transitions.groups.dissolve();
  }

  /**
   * Gives a router another priority, without a transition: a Master's next advertisement has it, a Backup's
   * Master_Down_Timer goes by it. Nothing to an address owner, or to one that does not run: its start sees to it.
   * {@link settle} ends it.
   * @throws PluginError if it cannot be signed: it has the priority that it had
   */
  reweigh(router: EngineRouter, priority: number): void {
    this.commands.reweigh(router, priority);
  }

  /**
   * Has a Master give up whose addresses are not in place: it says so and is Down until `retryAt` (monotonic ms).
   * Then it is a Backup that does not preempt: whoever took over may have what it has not.
   */
  giveUp(router: EngineRouter, retryAt: number): void {
    this.commands.giveUp(router, retryAt);
  }

  /** Starts the announcements of routers whose addresses are in place now. */
  announceApplied(): void {
    if (this.closed) return; // the routers are another engine's
    const { announcer, timers } = this.parts;
    const now = this.clock();
    for (const router of this.routers) {
      if (!announcer.hasComeIntoPlace(router, now)) continue;
      timers.setAnnouncement(router.slot, announcer.announce(router, now));
    }
    // Other deadlines wait for their wake-up: packets that have arrived count before them.
    this.settle();
  }

  /**
   * Called when the engine is awake for a Backup's deadline and has nothing to do until then: what the take-over needs
   * can be made ready. To be back within half a ms.
   */
  set onAwake(act: () => void) {
    this.wakeUp.onAwake = act;
  }

  /** Told a socket that hears whether anything comes in, after it has: it is to be detached. */
  set onHeard(act: (ear: Attachment) => void) {
    this.receiver.onHeard = act;
  }

  /** What kept a router from being Master is over before its time; {@link settle} sends what comes of it. */
  endHold(router: EngineRouter, which: typeof Num.HearingUntil | typeof Num.CarrierUntil): void {
    const deadline = this.holds.end(router, which);
    if (deadline === 0) return;
    this.table.setNum(router.slot, Num.Deadline, deadline);
    this.parts.timers.setProtocol(router.slot, deadline);
  }

  /** Sends what waits, arms the timer, tells the actuator. Ends every turn of the engine. */
  settle(): void {
    if (this.closed) return;
    this.parts.advertiser.transmitter.flush();
    const awake = this.wakeUp.arm();
    if (awake) this.wakeUp.warmUp();
    const { wantedChanged } = this.transitions;
    if (awake && wantedChanged) {
      const now = this.clock();
      if (this.untoldSince === 0) this.untoldSince = now;
      if (now - this.untoldSince < TELL_WITHIN) return;
    }
    this.untoldSince = 0;
    this.transitions.wantedChanged = false; // first: whoever is told may change it again
    this.onSettled(wantedChanged);
  }

  /** Neither receives, nor serves deadlines, nor sends, until {@link reopen}. The routers are another engine's meanwhile. */
  suspend(): void {
    this.closed = true;
    this.suspended = this.clock();
    this.sockets.suspend();
    this.wakeUp.disarm();
  }

  /** After {@link suspend}: goes on with what the state table says. What a Backup has not heard meanwhile, others have. */
  reopen(): void {
    this.closed = false;
    this.transitions.groups.form();
    this.wakeUp.forget();
    const pause = this.clock() - this.suspended;
    for (const { slot, state, deadline } of this.routers) {
      if (state === State.Backup && deadline !== 0) this.table.setNum(slot, Num.Deadline, deadline + pause);
    }
    this.sockets.resume();
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
    const { reception, wakeUp } = this;
    this.turns?.begin();
    reception.woke = now;
    wakeUp.begin(now);
    for (let i = 0; i < packets; i++) {
      // A Master_Down_Timer runs from when the advertisement came, not from when we woke.
      this.receiver.receive(i, now - reception.meta[i * Meta.Count + Meta.Age]! / 1000);
    }
    if (timers) {
      this.table.count(this.table.strangers, Num.WakeUps);
      wakeUp.forget();
      this.expiry.serve(wakeUp.overslept);
      this.settle();
      if (this.receiver.collectStrangers(now)) this.settle(); // whoever observes is told
    }
    this.turns?.end();
  }
}
