/** What holds the routers of an engine back from being Master: when it begins, how it is over. See vrrp/hold.ts. */
import { Int, Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { deadlineOfListener, type HeldOutcome, Hold, heldTransition } from '../vrrp/hold.ts';
import type { SyncEvent } from '../vrrp/sync.ts';
import type { EngineIo } from './io.ts';
import type { Observer } from './observer.ts';
import type { EngineRouter } from './router.ts';

/** What was seen of a router's link, `Int.LinkSeen`. */
const Seen = { Nothing: 0, Up: 1, Lost: 2 } as const;

/** The fields that hold a router back whatever Master there is. */
const UNTIL = [Num.HoldUntil, Num.HearingUntil, Num.CarrierUntil] as const;

/** See the file's comment. All that it knows is in the state table: an engine after this one goes on with it. */
export class Holds {
  /** This engine is the daemon's first. */
  private isStart = false;
  /** The last transition was to Master, and it was a delay that had kept the router from it. */
  freed = false;
  /** Lent to the state machine over and over. */
  private readonly outcome: HeldOutcome = {
    ...{ state: State.Initialize, deadline: 0, masterAdverInterval: 0, actions: [] },
    ...{ preemptAt: 0, inferiorUntil: 0 },
  };

  constructor(
    private readonly table: EngineTable,
    private readonly observer: Observer,
    private readonly io: Pick<EngineIo, 'now' | 'sinceBoot'>,
  ) {}

  /** The routers run from now on. */
  begin(): void {
    const { table } = this;
    if (table.num(table.strangers, Num.StartedAt) !== 0) return;
    table.setNum(table.strangers, Num.StartedAt, this.io.now());
    this.isStart = true;
  }

  /** A router's link was looked at, before the router is started or stopped for it. */
  see(router: EngineRouter, isUp: boolean): void {
    const { slot, state } = router;
    const { hold } = router.config;
    const before = this.table.int(slot, Int.LinkSeen);
    this.table.setInt(slot, Int.LinkSeen, isUp ? Seen.Up : Seen.Lost);
    if (!hold || state === State.Master) return;
    const now = this.io.now();
    if (before === Seen.Nothing) {
      const started = this.table.num(this.table.strangers, Num.StartedAt);
      const booted = now - (hold.boot > 0 ? this.io.sinceBoot() : 0);
      const isBoot = booted + hold.boot > started + hold.start;
      if (isBoot) this.holdUntil(router, Hold.Boot, booted + hold.boot, now);
      else this.holdUntil(router, Hold.Start, started + hold.start, now);
      if (isUp && this.isStart) this.listen(router, now);
    } else if (before === Seen.Lost && isUp) {
      this.holdUntil(router, Hold.Link, now + hold.link, now);
      this.listen(router, now);
    } else if (!isUp) this.table.setNum(slot, Num.HearingUntil, 0); // it begins anew with the link
  }

  private holdUntil({ slot }: EngineRouter, reason: number, until: number, now: number): void {
    if (until <= Math.max(now, this.table.num(slot, Num.HoldUntil))) return;
    this.table.setNum(slot, Num.HoldUntil, until);
    this.table.setInt(slot, Int.HoldReason, reason);
    this.observer.hold(slot, reason, until - now);
  }

  private listen({ slot, config }: EngineRouter, now: number): void {
    const hearing = config.hold?.hearing ?? 0;
    if (hearing === 0) return;
    this.table.setNum(slot, Num.HearingUntil, now + hearing);
    this.observer.hold(slot, Hold.Hearing, hearing);
  }

  /** Until when a router waits for anything to be heard on its link, monotonic ms; 0: it does not. */
  listensUntil({ slot }: EngineRouter): number {
    const until = this.table.num(slot, Num.HearingUntil);
    return until > this.io.now() ? until : 0;
  }

  /** The carrier of a running router's link is lost, which is acted upon at `until` alone, monotonic ms. */
  loseCarrier({ slot }: EngineRouter, until: number): void {
    this.table.setNum(slot, Num.CarrierUntil, until);
    this.observer.hold(slot, Hold.Debounce, until - this.io.now());
  }

  /**
   * What kept a router from being Master is over before its time.
   * @returns when its timer expires, monotonic ms; 0: it is no Backup
   */
  end(router: EngineRouter, which: typeof Num.HearingUntil | typeof Num.CarrierUntil): number {
    const { slot } = router;
    this.table.setNum(slot, which, 0);
    this.observer.holdOver(slot, which === Num.HearingUntil ? Hold.Hearing : Hold.Debounce);
    return router.state === State.Backup ? deadlineOfListener(router, this.io.now()) : 0;
  }

  /** The state machine's word about a router that may be held back. The outcome is lent. */
  transition(router: EngineRouter, event: SyncEvent, now: number): HeldOutcome {
    const { table, outcome } = this;
    const { slot, preemptAt, deadline } = router;
    const out = heldTransition(router, event, now, outcome);
    // It moves with each advertisement: nobody is to read everything anew for that.
    table.nums[slot * Num.Count + Num.InferiorUntil] = out.inferiorUntil;
    if (out.preemptAt !== preemptAt) {
      table.setNum(slot, Num.PreemptAt, out.preemptAt);
      if (preemptAt === 0) this.observer.hold(slot, Hold.Preempt, out.preemptAt - now);
    }
    this.freed = false;
    if (out.state !== State.Master || router.state === State.Master) return out;
    this.freed = deadline !== 0 && (deadline === preemptAt || this.isEnd(slot, deadline));
    for (const field of UNTIL) table.setNum(slot, field, 0);
    return out;
  }

  private isEnd(slot: number, deadline: number): boolean {
    for (const field of UNTIL) if (this.table.num(slot, field) === deadline) return true;
    return false;
  }
}
