/**
 * The Startup and Shutdown events of virtual routers (RFC 3768 §6.4) as their places call for them: a router runs where it
 * can, as owner of its addresses or not, and goes down where it cannot. See plan.ts for what a place is.
 */
import { PluginError } from '../plugin/load.ts';
import { Cause, causeParts } from '../threads/event-ring.ts';
import { Int, macNumber, Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import type { Engine } from './engine.ts';
import type { Place } from './plan.ts';
import type { EngineRouter } from './router.ts';

/** What keeps a router from running, and is the link's own. */
const LINK_LOST: readonly number[] = [Cause.InterfaceMissing, Cause.InterfaceDown];

/** A place where a router can run. */
type UsablePlace = Exclude<Place, { readonly cause: number }>;

/** See the file's comment. */
export class Startup {
  constructor(
    private readonly engine: Engine,
    private readonly table: EngineTable,
  ) {}

  /**
   * Builds in advance what a router needs to start at its place.
   * @param spare it may be one that cannot sign: {@link startOrStop} sees to it
   * @throws PluginError unless `spare`: an advertisement cannot be signed
   */
  prepare(router: EngineRouter, place: Place, spare: boolean): void {
    if ('cause' in place) return;
    router.setPrimary(place.primary);
    this.table.setInt(router.slot, Int.Priority, router.priorityAs(place.owner));
    try {
      this.engine.rebuildFrames(router, place.link);
    } catch (error) {
      if (!spare || !(error instanceof PluginError)) throw error;
      router.setPrimary('');
    }
  }

  /**
   * Stops the routers that cannot go on where they run, while their sockets are still there.
   * @param places of these routers
   */
  stopDisplaced(routers: readonly EngineRouter[], places: readonly Place[]): void {
    this.engine.together(() => {
      for (const [at, router] of routers.entries()) this.stopIfDisplaced(router, places[at]!);
    });
    this.engine.settle();
  }

  private stopIfDisplaced(router: EngineRouter, place: Place): void {
    if ('cause' in place) {
      // Without a link nothing can be sent, not even that we stop.
      if (place.cause === Cause.InterfaceMissing) router.leaveLink();
      if (router.state !== State.Down) this.engine.stop(router, place.cause, State.Down);
    } else if (router.link) {
      const owner = router.priority === 255;
      if (router.link.index !== place.link.index) {
        this.engine.holds.see(router, false);
        this.engine.stop(router, Cause.InterfaceMissing, State.Initialize);
      } else if (owner !== place.owner) {
        const cause = place.owner ? Cause.OwnershipGained : Cause.OwnershipLost;
        this.engine.stop(router, cause, State.Initialize);
      }
    }
  }

  /**
   * Starts a router that can run and does not, and gives a running one its new primary address.
   * @returns false: it cannot sign, which may be possible later
   */
  startOrStop(router: EngineRouter, place: Place): boolean {
    const { slot } = router;
    this.engine.holds.see(router, !('cause' in place && LINK_LOST.includes(place.cause)));
    if ('cause' in place) {
      this.table.setInt(slot, Int.InterfaceIndex, 0);
      this.table.setNum(slot, Num.RetryAt, 0); // an interface that comes back is worth another attempt
      this.table.setNum(slot, Num.HardwareAddress, 0);
      return true;
    }
    if (!router.attachment || (router.config.peers && !router.announcing)) {
      if (router.state !== State.Down) this.engine.stop(router, Cause.InterfaceUnusable, State.Down);
      return true;
    }
    this.table.setInt(slot, Int.InterfaceIndex, place.link.index);
    this.table.setNum(slot, Num.HardwareAddress, macNumber(place.link.mac));
    const isRunning = router.state === State.Backup || router.state === State.Master;
    // Frames that list the interface's other addresses too are always built anew.
    if (isRunning && !router.frames.listOwn && router.primaryText === place.primary) return true;
    if (!this.move(router, place, isRunning)) return false;
    if (!isRunning) this.start(router);
    return true;
  }

  /** Gives a router its primary address, and a priority if it does not run. @returns false: it cannot sign */
  private move(router: EngineRouter, { link, primary, owner }: UsablePlace, isRunning: boolean): boolean {
    const before = router.primaryText;
    router.setPrimary(primary);
    if (!isRunning) {
      const priority = router.priorityAs(owner);
      if (owner !== (router.priority === 255)) this.engine.observer.ownership(router.slot, owner);
      this.table.setInt(router.slot, Int.Priority, priority);
    }
    try {
      this.engine.rebuildFrames(router, link);
      return true;
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      // Its guard has told. A running router goes on with the frames that it has; both are tried again.
      router.setPrimary(before);
      const isMute = !isRunning || router.frames.length === 0;
      if (isMute && router.state !== State.Down) this.engine.stop(router, Cause.CannotSign, State.Down);
      return false;
    }
  }

  /** Starts one that waits for nothing else. */
  private start(router: EngineRouter): void {
    const { slot } = router;
    if (this.table.num(slot, Num.RetryAt) !== 0) return;
    const fault = this.table.int(slot, Int.Fault);
    if (fault !== 0) {
      // One that waits for a tracker has never run, or not here: it is where it begins.
      const failed = causeParts(fault).cause === Cause.TrackerFailed;
      if (failed && router.state !== State.Down) this.engine.stop(router, fault, State.Down);
      return;
    }
    this.engine.start(router, router.startCause ?? Cause.Startup);
    router.startCause = undefined;
  }
}
