/** Serves the timers that are due: advertisements of Masters, Master_Down_Timers of Backups, announcements. */
import { Cause } from '../threads/event-ring.ts';
import { Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { heldBackUntil } from '../vrrp/hold.ts';
import type { Advertiser } from './advertiser.ts';
import type { Announcer } from './announcer.ts';
import type { Observer } from './observer.ts';
import type { Parts } from './parts.ts';
import type { EngineRouter } from './router.ts';
import { Stalls } from './stall.ts';
import type { Standby } from './standby.ts';
import { isAnnouncement, slotOf, type Timers } from './timers.ts';
import type { Transitions } from './transitions.ts';

/**
 * An advertisement may go out early by this share of its interval, or so many ms where that is more, so that many need
 * one wake-up.
 */
const COALESCE = 1 / 250;
const COALESCE_MS = 0.2;

/**
 * A deadline that an advertisement has moved is looked at up to so many ms before its old time: one wake-up for all that
 * were near each other.
 */
const GATHER = 20;

/** See the file's comment. On the steady path nothing is allocated. */
export class Expiry {
  private readonly routers: readonly EngineRouter[];
  private readonly table: EngineTable;
  private readonly observer: Observer;
  private readonly timers: Timers;
  private readonly announcer: Announcer;
  private readonly advertiser: Advertiser;
  private readonly clock: () => number;
  private readonly stalls: Stalls;

  constructor(
    { routers, table, observer, timers, announcer, advertiser, clock }: Parts,
    private readonly transitions: Transitions,
    private readonly standby: Standby,
  ) {
    this.routers = routers;
    this.table = table;
    this.observer = observer;
    this.timers = timers;
    this.announcer = announcer;
    this.advertiser = advertiser;
    this.clock = clock;
    this.stalls = new Stalls(routers.length);
  }

  /** @param overslept how many ms later than it wanted the engine was woken */
  serve(overslept: number): void {
    const now = this.clock();
    for (;;) {
      const timer = this.timers.first();
      if (timer < 0) return;
      const router = this.routers[slotOf(timer)]!;
      const at = this.timers.at(timer);
      if (isAnnouncement(timer)) {
        if (at > now) return;
        this.timers.set(timer, this.announcer.announce(router, now));
      } else {
        let early = 0;
        if (router.state === State.Master)
          early = Math.max(router.advertisementInterval * COALESCE, COALESCE_MS);
        else if (router.deadline > at) early = GATHER; // an advertisement has moved it
        if (at - early > now) return;
        this.serveProtocol(router, now, overslept, early);
      }
    }
  }

  /** @param early how many ms before its time it may be served */
  private serveProtocol(router: EngineRouter, now: number, overslept: number, early: number): void {
    if (router.state === State.Master && router.deadline - early > now) {
      // One more time what was lost, see retries.ts: not a turn of the Adver_Timer.
      this.timers.setProtocol(router.slot, router.deadline);
      this.advertiser.advertise(router, now);
      return;
    }
    if (router.state === State.Backup) {
      // Advertisements restart the Master_Down_Timer without touching the heap: it is moved only here.
      const { slot, deadline } = router;
      const later = this.stalls.deadline(slot, deadline, router.masterAdverInterval, now, overslept);
      if (later > now) {
        if (later !== deadline) {
          this.table.setNum(slot, Num.Deadline, later);
          this.observer.stalled(slot, now - deadline);
        }
        this.timers.setProtocol(slot, later);
        return;
      }
      if (router.held) {
        this.standby.missMaster(router, now);
        return;
      }
      // Before its group learns that it waits for nothing any more.
      const until = router.isHeld ? heldBackUntil(router, now) : 0;
      if (until > 0) {
        this.table.setNum(slot, Num.Deadline, until);
        this.timers.setProtocol(slot, until);
        return;
      }
    }
    this.transitions.expire(router, now, Cause.MasterDown);
  }
}
