/** What a router is told to do that the protocol does not know: give up, or go by another priority. */
import type { Link } from '../plugin/contracts/index.ts';
import { Cause } from '../threads/event-ring.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { skewedDeadline } from '../vrrp/timers.ts';
import type { Advertiser } from './advertiser.ts';
import type { Familiar } from './familiar.ts';
import type { Observer } from './observer.ts';
import type { Parts } from './parts.ts';
import type { EngineRouter } from './router.ts';
import type { Timers } from './timers.ts';
import type { Transitions } from './transitions.ts';

/** See the file's comment. */
export class Commands {
  private readonly table: EngineTable;
  private readonly observer: Observer;
  private readonly timers: Timers;
  private readonly familiar: Familiar;
  private readonly advertiser: Advertiser;
  private readonly clock: () => number;

  constructor(
    { table, observer, timers, familiar, advertiser, clock }: Parts,
    private readonly transitions: Transitions,
  ) {
    this.table = table;
    this.observer = observer;
    this.timers = timers;
    this.familiar = familiar;
    this.advertiser = advertiser;
    this.clock = clock;
  }

  /** See `Engine.failOver`. */
  failOver(router: EngineRouter): void {
    if (router.state !== State.Master || router.priority === 255) return;
    this.transitions.stop(router, this.clock(), Cause.FailOver, State.Initialize);
    this.standAside(router.slot);
    for (const { slot } of this.transitions.groups.membersWith(router) ?? []) this.standAside(slot);
    this.transitions.start(router, this.clock(), Cause.FailOver);
  }

  private standAside(slot: number): void {
    this.table.setInt(slot, Int.StandingBy, 1);
    this.table.setNum(slot, Num.OtherHeard, 0); // whoever takes over is heard from now on
  }

  /** See `Engine.giveUp`. */
  giveUp(router: EngineRouter, retryAt: number): void {
    this.transitions.stop(router, this.clock(), Cause.NotInPlace, State.Down);
    this.table.setInt(router.slot, Int.StandingBy, 1);
    this.table.setNum(router.slot, Num.RetryAt, retryAt);
  }

  /** See `Engine.rebuildFrames`. @throws PluginError if they cannot be signed: it keeps those that it had */
  rebuildFrames(router: EngineRouter, link: Link): void {
    this.familiar.forget(router.slot);
    this.advertiser.build(router, link);
  }

  /** See `Engine.reweigh`. @throws PluginError if it cannot be signed: it has the priority that it had */
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
      this.timers.setProtocol(slot, later);
    }
    this.observer.priority(slot, before, priority);
  }
}
