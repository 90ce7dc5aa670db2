/**
 * What trackers mean to the virtual routers that name them: a router with a failing tracker is in Fault, weights change
 * priorities. Reads verdicts from shared memory when it is rung for, and never waits.
 */
import { PluginError } from '../plugin/load.ts';
import { Cause, causeParts, trackerCause } from '../threads/event-ring.ts';
import { Int, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { weightOf as foundWeight, type TrackCell, Verdict, verdictOf } from '../threads/track-cell.ts';
import { weightOf } from '../vrrp/weights.ts';
import type { Engine } from './engine.ts';
import type { EngineRouter } from './router.ts';

/** Virtual routers that are brought in line in one turn: packets and deadlines have theirs before the next. */
const TURN_BUDGET = 64;

/** A tracker that a router names: its index, and its weight. */
interface Use {
  readonly tracker: number;
  readonly weight: number | undefined;
}

/** What it needs of the engine's surroundings. */
export interface TrackingWorld {
  /** Has routers looked at that may be able to start. */
  readonly lookAgain: (slots: readonly number[]) => void;
  /** Calls back after what waits has had its turn. */
  readonly soon: (then: () => void) => unknown;
}

/** See the file's comment. */
export class Tracking {
  /** By slot. */
  private readonly uses: readonly (readonly Use[])[];
  /** By tracker: the routers that name it. */
  private readonly users: readonly (readonly EngineRouter[])[];
  /** By tracker: what it said at the last look. */
  private readonly marks: Int32Array;
  /** Routers to be brought in line. */
  private readonly queue = new Set<EngineRouter>();
  private isScheduled = false;
  private over = false;

  /** @param names of the trackers, as `cells` are */
  constructor(
    private readonly engine: Engine,
    private readonly table: EngineTable,
    names: readonly string[],
    private readonly cells: readonly TrackCell[],
    private readonly world: TrackingWorld,
  ) {
    const indices = new Map(names.map((name, index) => [name, index]));
    const { routers } = engine;
    this.uses = routers.map(({ config }) =>
      (config.track ?? []).flatMap(({ name, weight }): Use | [] => {
        const tracker = indices.get(name);
        return tracker === undefined ? [] : { tracker, weight };
      }),
    );
    this.users = names.map((_, index) =>
      routers.filter(({ slot }) => this.uses[slot]!.some(({ tracker }) => tracker === index)),
    );
    this.marks = new Int32Array(names.length);
    this.look();
  }

  /** Before the routers run: what keeps them from starting, and what their priorities are. Starts and stops nothing. */
  prepare(): void {
    this.look();
    for (const router of this.engine.routers) this.note(router);
  }

  /** They run: all are brought in line. */
  begin(): void {
    for (const router of this.engine.routers) if (this.uses[router.slot]!.length > 0) this.queue.add(router);
    this.takeTurn();
  }

  /** A verdict is another one. */
  rung(): void {
    if (this.over) return;
    const { strangers } = this.table;
    for (const { tracker, before } of this.look()) {
      const verdict = verdictOf(this.marks[tracker]!);
      if (verdict !== verdictOf(before)) this.engine.observer.tracker(strangers, tracker, verdict);
      for (const router of this.users[tracker]!) this.queue.add(router);
    }
    if (!this.isScheduled) this.takeTurn();
  }

  /** The routers are another engine's, or have stopped. */
  stop(): void {
    this.over = true;
    this.queue.clear();
  }

  /** After {@link stop}: they are this engine's again. */
  resume(): void {
    this.over = false;
    this.look();
    this.begin();
  }

  /** @returns the trackers that say something else than at the last look, and what that was */
  private look(): { readonly tracker: number; readonly before: number }[] {
    const changed: { readonly tracker: number; readonly before: number }[] = [];
    for (let tracker = 0; tracker < this.cells.length; tracker++) {
      const { mark } = this.cells[tracker]!;
      const before = this.marks[tracker]!;
      if (mark === before) continue;
      this.marks[tracker] = mark;
      changed.push({ tracker, before });
    }
    return changed;
  }

  private takeTurn(): void {
    this.isScheduled = false;
    if (this.over) return;
    const startable: number[] = [];
    this.engine.together(() => {
      let budget = TURN_BUDGET;
      for (const router of this.queue) {
        if (budget-- === 0) break;
        this.queue.delete(router);
        if (this.bringInLine(router)) startable.push(router.slot);
      }
    });
    this.engine.settle();
    if (startable.length > 0) this.world.lookAgain(startable);
    if (this.queue.size === 0) return;
    this.isScheduled = true;
    this.world.soon(() => this.takeTurn());
  }

  /** @returns whether it may be started now */
  private bringInLine(router: EngineRouter): boolean {
    const { slot } = router;
    const before = this.table.int(slot, Int.Fault);
    const fault = this.note(router);
    if (fault !== 0) {
      if (causeParts(fault).cause === Cause.TrackerFailed && router.state !== State.Down)
        this.engine.stop(router, fault, State.Down);
      return false;
    }
    const { state } = router;
    if (state === State.Backup || state === State.Master) {
      this.reweigh(router);
      return false;
    }
    if (before === 0) return false;
    router.startCause = startCause(before);
    return true;
  }

  private reweigh(router: EngineRouter): void {
    try {
      this.engine.reweigh(router, router.priorityAs(router.priority === 255));
    } catch (error) {
      if (!(error instanceof PluginError)) throw error; // its guard has told: the next change of a tracker tries again
    }
  }

  /**
   * Notes what its trackers come to.
   * @returns a `trackerCause`; 0: nothing keeps it from running
   */
  private note(router: EngineRouter): number {
    const { slot, state } = router;
    const runs = state === State.Backup || state === State.Master;
    let weights = 0;
    let failed = 0;
    let awaited = 0;
    for (const { tracker, weight } of this.uses[slot]!) {
      const mark = this.marks[tracker]!;
      const verdict = verdictOf(mark);
      if (weight !== undefined) weights += weightOf(weight, verdict, foundWeight(mark));
      else if (verdict === Verdict.Down && failed === 0) failed = trackerCause(Cause.TrackerFailed, tracker);
      // One that runs goes on until there is a verdict: it ran without the tracker before.
      if (verdict === Verdict.None && !runs && awaited === 0)
        awaited = trackerCause(Cause.TrackerAwaited, tracker);
    }
    router.weight = weights;
    this.table.setInt(slot, Int.Weight, weights);
    const fault = failed || awaited;
    this.table.setInt(slot, Int.Fault, fault);
    return fault;
  }
}

/** Why a router starts that was kept from it. */
function startCause(fault: number): number | undefined {
  const { cause, tracker } = causeParts(fault);
  return cause === Cause.TrackerAwaited ? undefined : trackerCause(Cause.TrackersUp, tracker);
}
