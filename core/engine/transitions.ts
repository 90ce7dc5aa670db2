/**
 * Moves routers from state to state: what has happened to one goes to its group's rule and to the state machine, and what
 * they decide is made to happen.
 */
import { Cause } from '../threads/event-ring.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { addressLength } from '../vrrp/advertisement.ts';
import { heldBackUntil } from '../vrrp/hold.ts';
import type { Action, Event, Outcome } from '../vrrp/machine.ts';
import { type SyncEvent, transitionTogether } from '../vrrp/sync.ts';
import type { Advertiser } from './advertiser.ts';
import type { Announcer } from './announcer.ts';
import type { Familiar } from './familiar.ts';
import type { Holds } from './holds.ts';
import type { Observer } from './observer.ts';
import type { Parts } from './parts.ts';
import type { Reception } from './reception.ts';
import type { EngineRouter } from './router.ts';
import { SyncGroups } from './sync-groups.ts';
import type { Timers } from './timers.ts';

const STARTUP: Event = { type: 'startup' };
const SHUTDOWN: Event = { type: 'shutdown' };
const TIMER: Event = { type: 'timer' };

/** Where a router can be stopped into. */
export type Stopped = typeof State.Initialize | typeof State.Down;

/** See the file's comment. On the steady path nothing is allocated. */
export class Transitions {
  readonly groups: SyncGroups;
  /** What a router wants of the kernel has changed since this was set to false. */
  wantedChanged = false;
  private readonly table: EngineTable;
  private readonly observer: Observer;
  private readonly timers: Timers;
  private readonly familiar: Familiar;
  private readonly holds: Holds;
  private readonly advertiser: Advertiser;
  private readonly announcer: Announcer;
  private readonly reception: Reception;
  /** Lent to the state machine alone, see {@link move}. */
  private readonly outcome: Outcome = {
    state: State.Initialize,
    deadline: 0,
    masterAdverInterval: 0,
    actions: [],
  };

  constructor(parts: Parts) {
    this.table = parts.table;
    this.observer = parts.observer;
    this.timers = parts.timers;
    this.familiar = parts.familiar;
    this.holds = parts.holds;
    this.advertiser = parts.advertiser;
    this.announcer = parts.announcer;
    this.reception = parts.reception;
    this.groups = new SyncGroups(parts.routers, {
      move: (router, event, now, cause, into) => this.move(router, event, now, cause, into),
      announceAgain: (router, now) => this.announceAgain(router, now),
      sayGoodBye: (router, now) => this.advertiser.sayGoodBye(router, now),
      heldUntil: (router, now) => (router.isHeld ? heldBackUntil(router, now) : 0),
      setTimer: ({ slot }, deadline) => {
        this.table.setNum(slot, Num.Deadline, deadline);
        this.timers.setProtocol(slot, deadline);
      },
    });
  }

  /** A router is started. */
  start(router: EngineRouter, now: number, cause: number): void {
    this.step(router, STARTUP, now, cause);
  }

  /** A router is stopped. */
  stop(router: EngineRouter, now: number, cause: number, into: Stopped): void {
    this.step(router, SHUTDOWN, now, cause, into);
  }

  /** Its Adver_Timer or Master_Down_Timer has expired. */
  expire(router: EngineRouter, now: number, cause: number): void {
    this.step(router, TIMER, now, cause);
  }

  /** Something happens to a router: it is moved, and the others of its group as the group's rule demands. */
  step(
    router: EngineRouter,
    event: Event,
    now: number,
    cause: number,
    into: Stopped | undefined = undefined,
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
    into: Stopped | undefined = undefined,
  ): void {
    const { slot } = router;
    const { table } = this;
    const before = router.state;
    const { isHeld } = router;
    const outcome = isHeld
      ? this.holds.transition(router, event, now)
      : transitionTogether(router, event, now, this.outcome);
    const { masterAdverInterval, actions } = outcome;
    const isTurn = event.type === 'timer' && before === State.Master;
    const deadline = outcome.deadline + (isTurn ? this.advertiser.pause(router) : 0);
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
    const scheduled = this.timers.protocolAt(slot);
    const runs = state === State.Backup && before === State.Backup && scheduled !== 0;
    const restarted = runs && deadline > scheduled;
    if (deadline !== scheduled && !restarted) this.timers.setProtocol(slot, deadline);
    // A Backup waits for its group from now on, or does no longer.
    if ((deadline === 0 || scheduled === 0) && before === State.Backup) table.touch();
    if (state !== before)
      this.tell(router, before, state, isHeld && this.holds.freed ? Cause.HoldOver : cause);
    for (const action of actions) this.perform(router, action, now);
  }

  /** With the router that was heard: just now, or the Master that a Backup has followed. */
  private tell({ slot, family }: EngineRouter, before: number, state: number, cause: number): void {
    const { observer, familiar, reception } = this;
    const size = addressLength(family);
    if (slot === reception.hearing) {
      observer.transition(slot, before, state, cause, reception.bytes, reception.heardAt, size);
      return;
    }
    const at = before === State.Backup ? familiar.sourceAt(slot, family) : -1;
    if (at < 0) observer.transition(slot, before, state, cause);
    else observer.transition(slot, before, state, cause, familiar.octets, at, size);
  }

  private perform(router: EngineRouter, action: Action, now: number): void {
    const { slot } = router;
    switch (action) {
      case 'send-advertisement':
        this.advertiser.advertise(router, now);
        break;
      case 'send-priority-zero':
        this.advertiser.sayGoodBye(router, now);
        break;
      case 'acquire-addresses':
        this.table.count(slot, Num.BecameMaster);
        this.table.setInt(slot, Int.StandingBy, 0);
        this.want(slot);
        break;
      case 'release-addresses':
        this.table.count(slot, Num.LeftMaster);
        this.want(slot);
        this.timers.setAnnouncement(slot, 0);
        break;
      case 'announce-addresses':
        this.announceAgain(router, now);
        break;
    }
  }

  /** A Master's announcements start again, unless they only just have. */
  announceAgain(router: EngineRouter, now: number): void {
    if (this.announcer.again(router, now)) this.timers.setAnnouncement(router.slot, now);
  }

  private want(slot: number): void {
    this.table.setInt(slot, Int.Wanted, this.table.int(slot, Int.Wanted) + 1);
    this.wantedChanged = true;
  }
}
