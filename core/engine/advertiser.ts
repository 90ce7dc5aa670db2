/** Sends the advertisements of an engine's routers: where their frames stand, when each is signed, what has failed. */
import os from 'node:os';
import type { Link } from '../plugin/contracts/index.ts';
import { PluginError } from '../plugin/load.ts';
import { Num } from '../threads/state-table.ts';
import type { EngineNum, EngineTable } from '../threads/table-views.ts';
import type { Advertisement } from '../vrrp/advertisement.ts';
import { decodeFor, decodeHeader, type ReceivedFrame } from '../vrrp/frame.ts';
import type { Observer } from './observer.ts';
import type { Retries } from './retries.ts';
import type { EngineRouter } from './router.ts';
import { Transmitter } from './transmitter.ts';

/**
 * A Master that guesses what the others' checksums cover listens this part of its interval longer: enough for a timer of
 * another daemon, and less than the skew of any Backup's, which may have missed two advertisements…
 */
const LISTEN = 1 / 192;
/** …each time after so many advertisements. */
const LISTEN_EVERY = 8;
/** With intervals below so many ms no two daemons keep the same time for long, and there is nothing to spare. */
const LISTEN_FROM = 100;

/** What the kernel, or the interface's queue, has no room for just now: soon it may (man 2 send). */
const WITHOUT_ROOM: ReadonlySet<number> = new Set([
  os.constants.errno.ENOBUFS,
  os.constants.errno.ENOMEM,
  os.constants.errno.EAGAIN,
]);

/** See the file's comment. On the steady path nothing is allocated. */
export class Advertiser {
  /** What waits to be sent; the frames are in its buffer. */
  readonly transmitter: Transmitter;
  /** By slot: where a router's frames stand in the send buffer. */
  private readonly frameAt: number[] = [];
  /** By slot: which flush sends, or has sent, the advertisement that was queued last. */
  private readonly signedFor: Int32Array;

  /**
   * @param routers by slot
   * @param chatty tell observers of every advertisement
   * @param clock monotonic ms
   * @param retries has an advertisement that the kernel had no room for sent again
   */
  constructor(
    private readonly routers: readonly EngineRouter[],
    private readonly table: EngineTable,
    private readonly observer: Observer,
    private readonly chatty: boolean,
    private readonly clock: () => number,
    private readonly retries: Retries,
  ) {
    this.signedFor = new Int32Array(routers.length).fill(-1);
    let space = 0;
    for (const router of routers) {
      this.frameAt.push(space);
      space += router.frames.space;
    }
    this.transmitter = new Transmitter(space, (slot, errno, to) => this.failed(slot, errno, to));
  }

  /** Builds a router's frames anew. @throws PluginError if they cannot be signed: it keeps those that it had */
  build(router: EngineRouter, link: Link): void {
    router.buildFrames(this.transmitter.buffer, this.frameAt[router.slot]!, link);
  }

  /** Has the checksums of its frames cover what they have to now. */
  reseal(router: EngineRouter): void {
    router.frames.reseal(this.transmitter.buffer, this.frameAt[router.slot]!);
  }

  /** Decodes every router's own frame, so that the code is warm before the first packet. Nothing comes of it. */
  rehearse(frame: ReceivedFrame, advertisement: Advertisement): void {
    for (const router of this.routers) {
      const at = this.frameAt[router.slot]!;
      const { buffer } = this.transmitter;
      if (decodeHeader(buffer, at, at + router.frames.length, frame) >= 0) continue;
      decodeFor(buffer, frame, router.rules, advertisement);
    }
  }

  /** Queues an advertisement, a frame for each destination. */
  advertise(router: EngineRouter, now: number): void {
    this.queue(router, false, Num.AdvertisementsSent, router.priority, now);
  }

  /** Queues one with priority 0 (RFC 3768 §6.4.3). */
  sayGoodBye(router: EngineRouter, now: number): void {
    this.queue(router, true, Num.PriorityZeroSent, 0, now);
  }

  /** @param priorityZero which of its two frames */
  private queue(
    router: EngineRouter,
    priorityZero: boolean,
    counter: EngineNum,
    priority: number,
    now: number,
  ): void {
    const { attachment, slot, reach, frames } = router;
    if (!attachment) return;
    let queued = false;
    for (let to = 0; to < router.destinations.length; to++) {
      if (reach?.recovers(to, now)) this.observer.reachable(slot, router.destinations[to]!.address);
      const at = this.frameAt[slot]! + frames.offset(to, priorityZero);
      if (frames.signEach && !this.sign(router, at, to)) continue;
      this.transmitter.frame(attachment.descriptor, at, frames.length, slot, to);
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
      router.frames.signAgain(this.transmitter.buffer, at, to);
      return true;
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      this.table.count(slot, Num.SendErrors);
      return false;
    }
  }

  /** A frame of a router was not sent, or did not get there. @param to the router's destination; −1: it was an announcement */
  failed(slot: number, errno: number, to: number): void {
    const router = this.routers[slot]!;
    const { reach, destinations } = router;
    this.table.count(slot, Num.SendErrors);
    const now = this.clock();
    if (to >= 0 && WITHOUT_ROOM.has(errno)) {
      this.observer.sendError(slot, errno, now);
      this.retries.lost(router, now);
    } else if (!reach || to < 0) this.observer.sendError(slot, errno, now);
    else if (reach.fails(to, now)) this.observer.unreachable(slot, errno, destinations[to]!.address);
  }

  /**
   * How much longer a Master listens before its next advertisement: now and then a little, while the sort of its
   * checksums is a guess. keepalived begins its interval anew with every advertisement, those too that it cannot read:
   * as the other Master of a group that was parted it would not be heard again, and never learnt of.
   * @returns ms
   */
  pause(router: EngineRouter): number {
    const { advertisementInterval: interval, checksums, slot } = router;
    if (!checksums.isGuess || interval < LISTEN_FROM) return 0;
    return this.table.num(slot, Num.AdvertisementsSent) % LISTEN_EVERY === 0 ? interval * LISTEN : 0;
  }
}
