/**
 * Leases: addresses with a lifetime that the kernel ends by itself, unless it is renewed. They go with a daemon that was
 * killed, stopped or hangs.
 *
 * This thread renews, and only what the engine is seen to serve: a Master's deadline in the state table, one interval
 * after its last advertisement, proves when the engine was alive. An address is never given longer than its lease after
 * that. So it ends in time if the engine hangs, if this thread does, or the process; the main thread has no part in it,
 * as a Master serves without.
 */
import type { VirtualRouterConfig } from '../config/model.ts';
import { describe } from '../plugin/resource.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import type { ActuatorTable } from '../threads/table-views.ts';
import { type AddressHolding, type Changes, isAddress } from './changes.ts';
import type { Holding, Holdings } from './holdings.ts';
import { LogLimit } from './log-limit.ts';
import type { Log } from './parts.ts';
import { slotOfUser } from './users.ts';

/** Addresses renewed at once: few enough that the news of them fit into any listener's buffer, and others have their turn. */
const SLICE = 64;
/** So often within a lease, so that some may fail, or be late. */
const RENEWALS = 5;
/** The kernel may be so many seconds late, but that counts for a part of a short lease alone. */
const KERNEL_LATENESS = 1;
const LATENESS_SHARE = 1 / 10;
/** Pause in ms after the kernel refused to renew one. */
const RETRY = 500;

/** What leases follow from. */
interface LeaseParts {
  readonly config: { readonly virtualRouters: readonly VirtualRouterConfig[] };
  readonly table: ActuatorTable;
  readonly log: Log;
}

/** See the file's comment. */
export class Leases {
  /** Whether any router has a lease. */
  readonly any: boolean;
  /** ms from one renewal to the next. */
  private readonly pause: number;
  private next = 0;
  private left: AddressHolding[] = [];
  /** When each address ends by what the kernel was told last, ms. */
  private readonly ends = new WeakMap<Holding, number>();
  private readonly limit: LogLimit;

  constructor(
    private readonly parts: LeaseParts,
    private readonly holdings: Holdings,
    private readonly changes: Changes,
    /** As the state table counts: CLOCK_MONOTONIC in ms. */
    private readonly clock: () => number,
  ) {
    const leases = parts.config.virtualRouters.flatMap(({ lease }) => lease ?? []);
    this.any = leases.length > 0;
    this.pause = (Math.min(...leases) * 1000) / RENEWALS;
    this.limit = new LogLimit(parts.log);
    changes.lifetimeOf = (holding) => this.lifetimeOf(holding);
  }

  /** In how many ms {@link work} has something to do; 0 or less: now. */
  get wait(): number {
    if (this.left.length > 0) return 0;
    return this.any ? this.next - this.clock() : Number.POSITIVE_INFINITY;
  }

  /** Renews a part of what is due. */
  async work(): Promise<void> {
    const now = this.clock();
    if (this.left.length === 0 && now >= this.next) {
      this.next = now + this.pause;
      this.left = this.leased();
    }
    if (this.left.length === 0) {
      this.tellEnds();
      return;
    }
    const slice = this.left.splice(0, SLICE).filter((holding) => this.isToRenew(holding));
    if (slice.length > 0) await this.renew(slice);
    if (this.left.length === 0) this.tellEnds();
  }

  /** Renews everything, before something that takes its time; gives those that have none any more for ever. */
  async renewAll(): Promise<void> {
    this.left = this.leased();
    this.next = this.clock() + this.pause;
    while (this.left.length > 0) await this.work();
    this.tellEnds();
  }

  /** A router's addresses have come into place, or have gone: tells the engine when they end, should this thread hang. */
  tellEnd(slot: number): void {
    const { table } = this.parts;
    const { lease } = this.router(slot);
    const isMaster = (table.int(slot, Int.Wanted) & 1) === 1;
    if (lease === undefined || !isMaster) table.setNum(slot, Num.LeaseUntil, 0);
    else if (!this.isStale(slot)) table.setNum(slot, Num.LeaseUntil, this.lifeOf(slot) + lease * 1000);
  }

  /** The engine has shown no life for a lease: what it was to serve is another's by now, as far as we know. */
  isStale(slot: number): boolean {
    const { lease } = this.router(slot);
    return lease !== undefined && this.lifeOf(slot) + lease * 1000 <= this.clock();
  }

  /** Whether an address is renewed now and then: news of it are the echo. */
  isRenewed(holding: Holding): boolean {
    return holding.state === 'ours' && isAddress(holding) && this.endOf(holding) !== Number.POSITIVE_INFINITY;
  }

  /** An address that is not there any more has gone by itself: nobody has taken it away. */
  hasExpired(holding: Holding): boolean {
    const end = this.ends.get(holding);
    return end !== undefined && end <= this.clock();
  }

  /** Whole seconds that an address is to be valid for from now on; undefined: for ever. */
  private lifetimeOf(holding: Holding): number | undefined {
    const left = isAddress(holding) ? this.secondsLeft(holding) : Number.POSITIVE_INFINITY;
    this.ends.delete(holding);
    if (left === Number.POSITIVE_INFINITY) return undefined;
    const seconds = Math.max(1, left);
    this.ends.set(holding, this.clock() + seconds * 1000);
    return seconds;
  }

  /** Whole seconds until it has to be gone, by the kernel's ways of counting; Infinity: it has not to. */
  private secondsLeft(holding: Holding): number {
    const end = this.endOf(holding);
    if (end === Number.POSITIVE_INFINITY) return end;
    const lease = Math.max(...this.leasesOf(holding));
    const lateness = Math.min(KERNEL_LATENESS, lease * LATENESS_SHARE);
    return Math.floor((end - this.clock()) / 1000 - lateness);
  }

  private router(slot: number): VirtualRouterConfig {
    return this.parts.config.virtualRouters[slot]!;
  }

  /** When the engine was last seen to serve a Master, monotonic ms. */
  private lifeOf(slot: number): number {
    const { table } = this.parts;
    const deadline = table.num(slot, Num.Deadline); // first: the engine changes it after the state
    if (deadline === 0 || table.int(slot, Int.State) !== State.Master) return Number.NEGATIVE_INFINITY;
    return Math.min(deadline - this.router(slot).advertisementIntervalCs * 10, this.clock());
  }

  private leasesOf({ users }: Holding): number[] {
    return [...users].flatMap((user) => {
      const slot = slotOfUser(user);
      return slot === undefined ? [] : (this.router(slot).lease ?? []);
    });
  }

  /** When it has to go, if nothing happens until then, monotonic ms: the last of its users says, for ever if it has no lease. */
  private endOf({ users }: Holding): number {
    let end = Number.NEGATIVE_INFINITY;
    for (const user of users) {
      const slot = slotOfUser(user);
      const lease = slot === undefined ? undefined : this.router(slot).lease;
      if (slot === undefined || lease === undefined) return Number.POSITIVE_INFINITY;
      end = Math.max(end, this.lifeOf(slot) + lease * 1000);
    }
    return users.size === 0 ? Number.POSITIVE_INFINITY : end;
  }

  /** What of ours has a lifetime, or had one and is to be valid for ever. */
  private leased(): AddressHolding[] {
    return [...this.holdings.all()].filter(isAddress).filter((holding) => this.isToRenew(holding));
  }

  private isToRenew(holding: AddressHolding): boolean {
    if (holding.state !== 'ours' || holding.users.size === 0) return false;
    const left = this.secondsLeft(holding);
    if (left !== Number.POSITIVE_INFINITY) return left >= 1; // what it has is as much
    const { interface: name, address } = holding.resource;
    return this.changes.view.addressOn(name, address).some(({ expires }) => expires === true);
  }

  private async renew(addresses: readonly AddressHolding[]): Promise<void> {
    for (const [{ resource }, { errno, message }] of await this.changes.renew(addresses)) {
      this.next = Math.min(this.next, this.clock() + RETRY);
      this.limit.warn(
        `lease ${errno}`,
        `cannot renew the lease of the ${describe(resource)}: ${message}; trying again`,
        { errno },
      );
    }
  }

  private tellEnds(): void {
    for (const slot of this.parts.config.virtualRouters.keys()) this.tellEnd(slot);
  }
}
