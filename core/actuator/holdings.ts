/**
 * What the kernel holds, or should hold, on behalf of Masters: who uses it and whether it is ours. Pure
 * bookkeeping; changes.ts acts on it.
 */
import type { KernelResource } from '../plugin/contracts/index.ts';
import { identityOf, isSame } from '../plugin/resource.ts';

/** A resource that somebody wants, or that is ours and has to be taken back. */
export interface Holding {
  /** {@link identityOf} its resource. */
  readonly id: string;
  readonly resource: KernelResource;
  /** Name of the network driver that installs it and takes it back. Empty for settings. */
  readonly driver: string;
  /** The slots that want it. */
  readonly users: Set<number>;
  /**
   * `missing`: to be installed. `ours`: installed by us, in the journal. `foreign`: it was there before, so
   * it is neither changed back nor removed. `unsure`: it was not there and in the journal when we asked for it, or
   * asked for it to go, and no answer proves that nothing was done: if it is there, it is ours.
   */
  state: 'missing' | 'ours' | 'foreign' | 'unsure';
  /** It was there when we asked for it, and may have gone since: it is noted only after it was installed by us. */
  wasForeign?: boolean;
  /** `mac` and `sysctl`: what to put back. */
  original?: string;
  /**
   * Index of the interface that it is, or is on: names change hands. Of a link that we made it is absent until the
   * link was read, of a route always.
   */
  index?: number;
}

/** Whether a holding is ours, or is ours if it is there at all. It is in the journal then. */
export function mayBeOurs({ state }: Pick<Holding, 'state'>): boolean {
  return state === 'ours' || state === 'unsure';
}

/** The holdings, and which of them each slot uses. */
export class Holdings {
  private readonly byId = new Map<string, Holding>();
  private readonly bySlot = new Map<number, Holding[]>();
  /** How many holdings are of each address, on whichever interface. */
  private readonly addresses = new Map<string, number>();

  /** All of them, in the order they were first wanted. */
  all(): Iterable<Holding> {
    return this.byId.values();
  }

  get(id: string): Holding | undefined {
    return this.byId.get(id);
  }

  /** What a slot uses, in the order to install; empty if it has claimed nothing. */
  of(slot: number): readonly Holding[] {
    return this.bySlot.get(slot) ?? [];
  }

  /** Whether any interface holds the address, or is to. */
  hasAddress(address: string): boolean {
    return this.addresses.has(address);
  }

  /** Takes over what an earlier run left in the kernel. Nobody uses it yet. */
  adopt({
    resource,
    driver,
    original,
    index,
  }: Pick<Holding, 'resource' | 'driver' | 'original' | 'index'>): Holding {
    const holding: Holding = {
      id: identityOf(resource),
      resource,
      driver,
      users: new Set(),
      state: 'ours',
      ...(original !== undefined && { original }),
      ...(index !== undefined && { index }),
    };
    this.add(holding);
    return holding;
  }

  /** Keeps something of ours that nobody uses, to be taken back later, unless something else has its place. */
  keep(holding: Holding): void {
    if (!this.byId.has(holding.id)) this.add(holding);
  }

  /**
   * Makes a slot a user of resources.
   * @param resources each with the name of its driver, in the order to install
   * @returns the holding that one of them contradicts: then nothing is claimed, and it has to go first
   */
  claim(
    slot: number,
    resources: readonly { readonly resource: KernelResource; readonly driver: string }[],
  ): Holding | undefined {
    for (const { resource } of resources) {
      const other = this.byId.get(identityOf(resource));
      if (other && !isSame(other.resource, resource)) return other;
    }
    const claimed = new Map<string, Holding>(); // a plan may name a resource twice
    for (const { resource, driver } of resources) {
      const id = identityOf(resource);
      let holding = this.byId.get(id);
      if (!holding) {
        holding = { id, resource, driver, users: new Set(), state: 'missing' };
        this.add(holding);
      }
      holding.users.add(slot);
      claimed.set(id, holding);
    }
    this.bySlot.set(slot, [...claimed.values()]);
    return undefined;
  }

  /** Whether a resource contradicts what is held, which has to go first. */
  contradicts(resource: KernelResource): boolean {
    const other = this.byId.get(identityOf(resource));
    return other !== undefined && !isSame(other.resource, resource);
  }

  /** Ends a slot's use of everything. @returns what nobody uses any more and is ours, in the order to take back */
  release(slot: number): Holding[] {
    const used = this.bySlot.get(slot) ?? [];
    this.bySlot.delete(slot);
    const orphans: Holding[] = [];
    for (const holding of [...used].reverse()) {
      holding.users.delete(slot);
      if (holding.users.size > 0) continue;
      if (mayBeOurs(holding)) orphans.push(holding);
      else this.forget(holding);
    }
    return orphans;
  }

  /** Ours as far as we know, but used by nobody, in the order to take back. */
  orphans(): Holding[] {
    return [...this.byId.values()]
      .filter((holding) => holding.users.size === 0 && mayBeOurs(holding))
      .reverse();
  }

  /** After a holding is not in the kernel any more: nobody wants it, or it has to be installed again. */
  lost(holding: Holding): void {
    holding.state = 'missing';
    // Of other things it tells later whether what is to be put back belongs to this interface.
    if (holding.resource.kind === 'link') delete holding.index;
    if (holding.users.size === 0) this.forget(holding);
  }

  private add(holding: Holding): void {
    this.byId.set(holding.id, holding);
    if (holding.resource.kind === 'address') this.countAddress(holding.resource.address, 1);
  }

  private forget(holding: Holding): void {
    if (this.byId.get(holding.id) !== holding) return;
    this.byId.delete(holding.id);
    if (holding.resource.kind === 'address') this.countAddress(holding.resource.address, -1);
  }

  private countAddress(address: string, by: 1 | -1): void {
    const count = (this.addresses.get(address) ?? 0) + by;
    if (count === 0) this.addresses.delete(address);
    else this.addresses.set(address, count);
  }
}
