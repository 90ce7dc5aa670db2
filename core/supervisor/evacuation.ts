/**
 * Has Masters give up, one after the other at a rate, and watches that somebody takes over from each. Where nobody does
 * within the bound, the Master takes its role back, and the rest is left as it is.
 */
import { type RouterIdentity, routerKey } from '../config/identity.ts';
import type { VirtualRouterConfig } from '../config/model.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import type { TableReader } from '../threads/table-views.ts';

/** What becomes of it is looked at this often, in ms. */
const LOOK = 20;

/** Somebody must have been heard within so many ms at least: a busy host is not to be taken for an absent one. */
const LEAST_BOUND = 3000;

/** What it does, and on whom. */
export interface EvacuationWorld {
  /** What runs now: a reload in between may change it. */
  readonly routers: readonly VirtualRouterConfig[];
  readonly table: TableReader;
  /** Has Masters give up; those that are gone or give up no more are left out. @throws Error if it cannot */
  giveUp(routers: readonly RouterIdentity[]): Promise<void>;
  /** They are Master again. @throws Error if it cannot */
  takeBack(routers: readonly RouterIdentity[]): Promise<void>;
  /** Monotonic ms. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** What came of it: every one of the Masters is in one of the lists. */
export interface EvacuationResult {
  /** Somebody else is Master. */
  readonly moved: readonly RouterIdentity[];
  /** Nobody has taken over: they are Master again, or if that was `forced`, still are not. */
  readonly stuck: readonly RouterIdentity[];
  /** Not touched any more. */
  readonly left: readonly RouterIdentity[];
}

/** Others have this many ms to take over: their skew time, and some advertisements. */
export function moveBound({ version, advertisementIntervalCs }: VirtualRouterConfig): number {
  const interval = advertisementIntervalCs * 10;
  return Math.max(LEAST_BOUND, (version === 2 ? 1000 : interval) + 3 * interval);
}

/** See the file's comment. */
export class Evacuation {
  private waiting: RouterIdentity[];
  /** By key: those that have given up, and when somebody must have been heard, monotonic ms. */
  private readonly pending = new Map<string, { readonly router: RouterIdentity; readonly due: number }>();
  /** Slots by key, of these routers. */
  private slots: ReadonlyMap<string, number> = new Map();
  private indexed: readonly VirtualRouterConfig[] | undefined;
  private readonly result = {
    moved: [] as RouterIdentity[],
    stuck: [] as RouterIdentity[],
    left: [] as RouterIdentity[],
  };

  /**
   * @param masters whom it is about
   * @param rate how many a second begin, at least 0.1
   * @param forced nobody is taken back, and it does not stop
   */
  constructor(
    private readonly world: EvacuationWorld,
    masters: readonly RouterIdentity[],
    private readonly rate: number,
    private readonly forced: boolean,
  ) {
    this.waiting = [...masters];
  }

  /** These are to stay where they are: those that have not begun are left, and the others no longer watched. */
  cancel(routers: readonly RouterIdentity[]): void {
    const keys = new Set(routers.map(routerKey));
    this.result.left.push(...this.waiting.filter((router) => keys.has(routerKey(router))));
    this.waiting = this.waiting.filter((router) => !keys.has(routerKey(router)));
    for (const key of keys) {
      const one = this.pending.get(key);
      if (one && this.pending.delete(key)) this.result.left.push(one.router);
    }
  }

  /** @throws Error if the daemon does not do what it is told: it is stopping */
  async run(): Promise<EvacuationResult> {
    const { world, rate } = this;
    const gap = 1000 / rate;
    let next = world.now();
    while (this.waiting.length > 0 || this.pending.size > 0) {
      const batch: RouterIdentity[] = [];
      for (; this.waiting.length > 0 && next <= world.now(); next += gap) batch.push(this.waiting.shift()!);
      if (batch.length > 0) await this.begin(batch);
      await this.look();
      if (this.waiting.length === 0 && this.pending.size === 0) break;
      const pause = this.waiting.length > 0 ? next - world.now() : LOOK;
      await world.sleep(Math.max(1, Math.min(LOOK, pause)));
    }
    return this.result;
  }

  private async begin(batch: readonly RouterIdentity[]): Promise<void> {
    const { world } = this;
    // Those that have left the role by themselves meanwhile have moved already: they stand by all the same.
    await world.giveUp(batch);
    const now = world.now();
    for (const router of batch) {
      const slot = this.slotOf(router);
      if (slot === undefined) this.result.left.push(router);
      else this.pending.set(routerKey(router), { router, due: now + moveBound(world.routers[slot]!) });
    }
  }

  private async look(): Promise<void> {
    const { world, result, pending, forced } = this;
    const now = world.now();
    const stuck: RouterIdentity[] = [];
    for (const [key, { router, due }] of pending) {
      const slot = this.slotOf(router);
      const isOver = slot === undefined || this.hasMoved(slot) || now >= due;
      if (!isOver) continue;
      pending.delete(key);
      if (slot === undefined) result.left.push(router);
      else if (this.hasMoved(slot)) result.moved.push(router);
      else stuck.push(router);
    }
    if (stuck.length === 0) return;
    result.stuck.push(...stuck);
    if (forced) return;
    result.left.push(...this.waiting);
    this.waiting = [];
    await world.takeBack(stuck);
  }

  private hasMoved(slot: number): boolean {
    const { table } = this.world;
    return table.int(slot, Int.State) === State.Backup && table.num(slot, Num.OtherHeard) !== 0;
  }

  private slotOf(router: RouterIdentity): number | undefined {
    const { routers } = this.world;
    if (this.indexed !== routers) {
      this.indexed = routers;
      this.slots = new Map(routers.map((each, slot) => [routerKey(each), slot]));
    }
    return this.slots.get(routerKey(router));
  }
}
