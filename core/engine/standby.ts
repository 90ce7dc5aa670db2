/** Routers that an operator has told to stand by: a Backup that does not claim the role, whoever goes away. */
import { Cause } from '../threads/event-ring.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { masterDownInterval, skewTime } from '../vrrp/timers.ts';
import type { Observer } from './observer.ts';
import type { Parts } from './parts.ts';
import type { EngineRouter } from './router.ts';
import type { Timers } from './timers.ts';
import type { Transitions } from './transitions.ts';

/** See the file's comment. Who stands by is in the state table: an engine after this one goes on with it. */
export class Standby {
  private readonly table: EngineTable;
  private readonly observer: Observer;
  private readonly timers: Timers;
  private readonly clock: () => number;

  constructor(
    { table, observer, timers, clock }: Parts,
    private readonly transitions: Transitions,
  ) {
    this.table = table;
    this.observer = observer;
    this.timers = timers;
    this.clock = clock;
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
    if (wasMaster) this.transitions.stop(router, this.clock(), Cause.StandBy, State.Initialize);
    this.table.setInt(slot, Int.Held, 1);
    this.table.setNum(slot, Num.HeldUntil, until);
    this.observer.standby(slot, true, until);
    if (!wasMaster) {
      // One that waits for its group holds it back from now on.
      if (state === State.Backup && router.deadline === 0) this.restartDown(router, this.clock());
      this.transitions.groups.review(this.clock());
      return;
    }
    // Whoever takes over is heard from now on; the others of its group have given up with it.
    this.table.setNum(slot, Num.OtherHeard, 0);
    for (const other of this.transitions.groups.membersWith(router) ?? [])
      this.table.setNum(other.slot, Num.OtherHeard, 0);
    this.transitions.start(router, this.clock(), Cause.StandBy);
  }

  /** Ends a stand-by: it preempts as configured again. Where nobody is Master it is, after its skew time. */
  release(router: EngineRouter): void {
    const { slot } = router;
    if (!this.end(slot) || router.state !== State.Backup || this.table.num(slot, Num.OtherHeard) !== 0)
      return;
    const { version, priority, masterAdverInterval } = router;
    const soon = this.clock() + skewTime(version, priority, masterAdverInterval);
    if (soon >= router.deadline) return;
    this.table.setNum(slot, Num.Deadline, soon);
    this.timers.setProtocol(slot, soon);
  }

  /** Nobody has taken over from a Master that was told to give up, or to stand by: it is Master again, at once. */
  takeBack(router: EngineRouter): void {
    const { slot } = router;
    this.end(slot);
    if (router.state !== State.Backup || this.table.num(slot, Num.OtherHeard) !== 0) return;
    this.transitions.expire(router, this.clock(), Cause.NobodyTookOver);
  }

  /** @returns whether it was in stand-by */
  private end(slot: number): boolean {
    const { table } = this;
    if (table.int(slot, Int.Held) === 0) return false;
    table.setInt(slot, Int.Held, 0);
    table.setInt(slot, Int.Masterless, 0);
    table.setNum(slot, Num.HeldUntil, 0);
    this.observer.standby(slot, false, 0);
    return true;
  }

  /** The Master_Down_Timer of one that stands by has expired: that is told once, and it runs again. */
  missMaster(router: EngineRouter, now: number): void {
    const { slot } = router;
    this.restartDown(router, now);
    this.table.nums[slot * Num.Count + Num.OtherHeard] = 0;
    if (this.table.int(slot, Int.Masterless) === 0) this.tellMasterless(slot, true);
  }

  /** One that stands by has heard a Master. */
  hearMaster(slot: number): void {
    if (this.table.int(slot, Int.Masterless) === 1) this.tellMasterless(slot, false);
  }

  /** A Backup's Master_Down_Timer begins anew. */
  private restartDown(router: EngineRouter, now: number): void {
    const { slot, version, priority, masterAdverInterval, downTimerAdverts } = router;
    const deadline = now + masterDownInterval(version, priority, masterAdverInterval, downTimerAdverts);
    this.table.nums[slot * Num.Count + Num.Deadline] = deadline;
    this.timers.setProtocol(slot, deadline);
  }

  private tellMasterless(slot: number, nobody: boolean): void {
    this.table.setInt(slot, Int.Masterless, nobody ? 1 : 0);
    this.observer.masterless(slot, nobody);
  }
}
