/**
 * What virtual routers are told to do beside their configuration: stand by and serve again, give up, take back. Each
 * order is only for whoever has its turn.
 */
import { type RouterIdentity, routerKey } from '../config/identity.ts';
import type { RouterName } from '../plugin/contracts/index.ts';
import type { Generation } from './generation.ts';
import type { StandbyKeeper } from './standby-keeper.ts';

/** See the file's comment. */
export class RouterOrders {
  /**
   * @param running the generation that runs; it throws if the daemon is stopping
   * @param standby keeps who stands by; absent: nobody does
   */
  constructor(
    private readonly running: () => Generation,
    private readonly standby: StandbyKeeper | undefined,
  ) {}

  /** Has Masters give up, see core/supervisor/fail-over.ts; everything else runs on. */
  async failOver(names: readonly RouterName[]): Promise<void> {
    this.running().failOver(names);
  }

  /** The same of virtual routers that are known one by one. */
  async failOverAll(routers: readonly RouterIdentity[]): Promise<void> {
    const generation = this.running();
    generation.failOverSlots(slotsOf(generation, routers));
  }

  /**
   * Has virtual routers stand by, over reloads, restarts and crashes.
   * @param lasts ms; 0: until somebody ends it
   */
  async standBy(routers: readonly RouterIdentity[], lasts: number): Promise<void> {
    this.running();
    await this.standby?.hold(routers, lasts);
    const generation = this.running();
    const slots = new Set(slotsOf(generation, routers));
    const held = this.standby?.heldSlots(generation.start.config.virtualRouters) ?? [];
    generation.standBy(held.filter(({ slot }) => slots.has(slot)));
  }

  /** Ends it. */
  async release(routers: readonly RouterIdentity[]): Promise<void> {
    this.running();
    await this.standby?.release(routers);
    const generation = this.running();
    generation.standBy(slotsOf(generation, routers).map((slot) => ({ slot, held: false, until: 0 })));
  }

  /** Nobody has taken over from these Masters that gave up: they are Master again. */
  async takeBack(routers: readonly RouterIdentity[]): Promise<void> {
    this.running();
    await this.standby?.release(routers);
    const generation = this.running();
    generation.takeBack(slotsOf(generation, routers));
  }

  /** Whether it stands by, as an operator asked. */
  isHeld(router: RouterIdentity): boolean {
    return this.standby?.isHeld(router) ?? false;
  }

  /** Why a restart would not know who stands by; undefined: it would. */
  get standbyTrouble(): string | undefined {
    return this.standby?.trouble;
  }
}

/** Slots of those of these virtual routers that run. */
function slotsOf({ start }: Generation, routers: readonly RouterIdentity[]): number[] {
  const keys = new Set(routers.map(routerKey));
  const { virtualRouters } = start.config;
  return [...virtualRouters.keys()].filter((slot) => keys.has(routerKey(virtualRouters[slot]!)));
}
