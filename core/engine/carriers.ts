/** `link_debounce`: losses of carrier that are shorter than that are not seen by those who place the routers. */
import type { Link } from '../plugin/contracts/index.ts';
import { Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import type { Engine } from './engine.ts';
import type { PlacementIo } from './io.ts';
import type { EngineRouter } from './router.ts';

/** A carrier that is lost, and not given up yet. */
interface Loss {
  /** Index of the link. */
  readonly index: number;
  /** When it is acted upon, monotonic ms. */
  readonly until: number;
  /** Calls off that it is looked at again then. */
  callOff: () => void;
}

/** See the file's comment. */
export class Carriers {
  /** Some interface has a `link_debounce`. */
  readonly used: boolean;
  /** By interface: those that have one, in ms, and its routers. */
  private readonly debounced = new Map<string, { readonly ms: number; readonly routers: EngineRouter[] }>();
  /** By interface: index of the link that was seen there with a carrier. */
  private readonly carried = new Map<string, number>();
  private readonly losses = new Map<string, Loss>();

  /** @param lookAgain has an interface looked at again */
  constructor(
    private readonly engine: Engine,
    private readonly table: EngineTable,
    private readonly now: () => number,
    private readonly after: PlacementIo['after'],
    private readonly lookAgain: (name: string) => void,
  ) {
    for (const router of engine.routers) {
      const { interface: name, hold } = router.config;
      const ms = hold?.debounce ?? 0;
      const known = this.debounced.get(name);
      if (known) known.routers.push(router);
      else if (ms > 0) this.debounced.set(name, { ms, routers: [router] });
    }
    this.used = this.debounced.size > 0;
  }

  /** The links as they are to be acted upon: one whose carrier is lost for a short time still has it. */
  see(links: readonly Link[]): readonly Link[] {
    return this.used ? links.map((link) => this.look(link)) : links;
  }

  private look(link: Link): Link {
    const { name, index, up, running } = link;
    const debounced = this.debounced.get(name);
    if (!debounced) return link;
    const { routers, ms } = debounced;
    if (!up || running) {
      this.forget(name, routers);
      if (running && up) this.carried.set(name, index);
      else this.carried.delete(name);
      return link;
    }
    let loss = this.losses.get(name);
    if (loss?.index !== index) {
      // It may have been lost while an engine before this one ran.
      const since = Math.max(...routers.map(({ slot }) => this.table.num(slot, Num.CarrierUntil)));
      if (since === 0 && this.carried.get(name) !== index) return link;
      loss?.callOff();
      loss = this.lose(name, index, routers, since || this.now() + ms);
    }
    if (loss.until > this.now()) return { ...link, running: true };
    this.carried.delete(name);
    this.forget(name, routers, true);
    return link;
  }

  private lose(name: string, index: number, routers: readonly EngineRouter[], until: number): Loss {
    const loss: Loss = { index, until, callOff: () => {} };
    this.losses.set(name, loss);
    this.wait(name, loss);
    for (const router of routers) {
      const { slot, state } = router;
      const runs = state === State.Backup || state === State.Master;
      if (runs && this.table.num(slot, Num.CarrierUntil) === 0) this.engine.holds.loseCarrier(router, until);
    }
    return loss;
  }

  /** Timers of the event loop may be early. */
  private wait(name: string, loss: Loss): void {
    loss.callOff = this.after(Math.max(loss.until - this.now(), 1), () => {
      if (this.now() < loss.until) this.wait(name, loss);
      else this.lookAgain(name);
    });
  }

  /** The carrier is back, or lost for good. */
  private forget(name: string, routers: readonly EngineRouter[], lost = false): void {
    this.losses.get(name)?.callOff();
    this.losses.delete(name);
    for (const router of routers) {
      if (this.table.num(router.slot, Num.CarrierUntil) === 0) continue;
      if (lost) this.table.setNum(router.slot, Num.CarrierUntil, 0);
      else this.engine.endHold(router, Num.CarrierUntil);
    }
  }

  /** The links are another engine's affair from now on. */
  stop(): void {
    for (const { callOff } of this.losses.values()) callOff();
    this.losses.clear();
  }
}
