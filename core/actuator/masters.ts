/** Virtual routers on their way to Master and back: what they want of the kernel, chunk by chunk. */
import type { AddressFamily, KernelRefusal, KernelResource, Link } from '../plugin/contracts/index.ts';
import { interfaceOf } from '../plugin/resource.ts';
import { messageOf } from '../shared/errors.ts';
import { Int } from '../threads/state-table.ts';
import { Agenda, byInterface, type Progress } from './agenda.ts';
import type { Changes } from './changes.ts';
import { Claims, stillLeaving } from './claims.ts';
import { Extras } from './extras.ts';
import { adviseForwarding, forwards } from './forwarding.ts';
import type { Holding, Holdings } from './holdings.ts';
import type { Leases } from './leases.ts';
import { LogLimit } from './log-limit.ts';
import type { MastersParts } from './parts.ts';
import { Planner } from './planner.ts';
import { Protocols } from './protocols.ts';
import { errnoOf, firstRefusal } from './refusals.ts';
import { adviseSecondNics } from './second-nics.ts';
import { readSysctl } from './sysctl.ts';
import { isExtrasUser, PROTOCOLS, slotOfUser } from './users.ts';

/** While the engine has shown no life for a lease, it is asked again so often whether a Master is one, in ms. */
const STALE_PAUSE = 50;

/** See the file's comment. */
export class Masters {
  private readonly agenda: Agenda;
  private readonly claims: Claims;
  private readonly extras: Extras;
  private readonly protocols: Protocols;
  private readonly planner: Planner;
  private readonly limit: LogLimit;
  private links: ReadonlyMap<string, Link> = new Map();
  /** By slot: the interface that has the virtual addresses. */
  private readonly homes = new Map<number, string>();
  /** Set before anything is done. */
  leases: Pick<Leases, 'isStale' | 'isRenewed' | 'hasExpired' | 'tellEnd'> = {
    isStale: () => false,
    isRenewed: () => false,
    hasExpired: () => false,
    tellEnd: () => {},
  };
  private readonly advised = new Set<string>();
  /** Which interfaces forward, by family and name: as read for the chunk that is planned. */
  private readonly forwarding = new Map<string, boolean>();

  constructor(
    private readonly parts: MastersParts,
    private readonly holdings: Holdings,
    private readonly changes: Changes,
  ) {
    const { table, config, routerPlugins, plugins, log } = parts;
    this.limit = new LogLimit(log);
    this.claims = new Claims(holdings);
    this.extras = new Extras(parts, holdings, changes, this.claims, this.limit, (slot) =>
      this.homes.get(slot),
    );
    this.protocols = new Protocols(plugins, holdings, changes, this.claims, this.limit);
    const applied = config.virtualRouters.map((_, slot) => table.int(slot, Int.Applied));
    this.agenda = new Agenda(applied, byInterface(config.virtualRouters.map(({ interface: name }) => name)));
    this.planner = new Planner(config, routerPlugins, plugins.iftypes, (family, name) =>
      this.forwards(family, name),
    );
  }

  /** Links or addresses that are not ours changed: what failed for want of them may work now. */
  linksChanged(links: ReadonlyMap<string, Link>): void {
    this.links = links;
    this.noPauses();
    this.adviseOnNeighbours();
  }

  /** {@link forwards}, read once for all the routers of a chunk: a file for each would take as long as all else here. */
  private forwards(family: AddressFamily, name: string): boolean {
    const key = `${family} ${name}`;
    const known = this.forwarding.get(key) ?? forwards(family, name);
    this.forwarding.set(key, known);
    return known;
  }

  /** Tells once of each interface that answers for the virtual addresses of another. */
  private adviseOnNeighbours(): void {
    const { config, log } = this.parts;
    const read = (name: string, setting: string): string | undefined => {
      const value = readSysctl(['net', 'ipv4', 'conf', name, setting]);
      return typeof value === 'string' ? value : undefined;
    };
    for (const advice of adviseSecondNics(config.virtualRouters, this.links, read)) {
      if (this.advised.has(advice)) continue;
      this.advised.add(advice);
      log('warn', advice);
    }
  }

  /** Ends every pause before another attempt. */
  noPauses(): void {
    const { agenda, extras, protocols } = this;
    for (const { all } of [agenda, extras.agenda, protocols.agenda])
      for (const progress of all) progress.notBefore = 0;
  }

  /** Makes those that are Master already users of what they need, installed or not. */
  claimPresent(): void {
    this.forwarding.clear();
    for (const progress of this.agenda.all) {
      if (!this.isMaster(progress.slot)) continue;
      progress.repair = true; // even if it was applied: that was an earlier run
      this.claim(progress.slot, true);
      if (!this.extras.has(progress.slot)) continue;
      this.extras.agenda.all[progress.slot]!.repair = true;
      this.extras.claim(progress.slot);
    }
    if (this.protocols.wanted(this.anyMaster()) & 1) this.protocols.claim();
  }

  /**
   * Those of ours that nobody uses and that may go now: not what is on an interface with an address that a Master is to
   * have on another one, and has not yet. So one that a reload moves is there all the time.
   */
  removable(orphans: readonly Holding[]): Holding[] {
    const coming = new Set<string>();
    for (const { resource, state, users } of this.holdings.all()) {
      if (resource.kind !== 'address' || state === 'ours' || state === 'foreign') continue;
      if ([...users].some((user) => this.isUntried(user))) coming.add(resource.address);
    }
    const waiting = new Set(
      orphans.flatMap(({ resource }) => {
        return resource.kind === 'address' && coming.has(resource.address) ? resource.interface : [];
      }),
    );
    return orphans.filter(({ resource }) => !waiting.has(placeOf(resource) ?? ''));
  }

  /** Where it stands with what a user wants. */
  private progressOf(user: number): Progress | undefined {
    if (user === PROTOCOLS) return this.protocols.agenda.all[0];
    const { all } = isExtrasUser(user) ? this.extras.agenda : this.agenda;
    return all[slotOfUser(user)!];
  }

  /** A router is to install something, and no attempt has failed yet. */
  private isUntried(user: number): boolean {
    return user !== PROTOCOLS && this.progressOf(user)?.failures === 0;
  }

  /** Whether an address is renewed now and then. */
  isRenewed(holding: Holding): boolean {
    return this.leases.isRenewed(holding);
  }

  /** Whether an address that is not there any more has gone by itself. */
  hasExpired(holding: Holding): boolean {
    return this.leases.hasExpired(holding);
  }

  /** Something is not in the kernel any more: its users get it again. */
  lost(holding: Holding): void {
    for (const user of holding.users) this.progressOf(user)!.repair = true;
  }

  /** One sentence for each thing that the operator should know about this configuration. */
  advise(): string[] {
    this.forwarding.clear();
    const { virtualRouters } = this.parts.config;
    return [...this.planner.advise(this.links), ...adviseForwarding(virtualRouters, this.links, forwards)];
  }

  /** Works on one chunk. @returns when there is more to do, monotonic ms */
  async work(): Promise<number> {
    const { table, ring } = this.parts;
    const now = performance.now();
    const routers = this.agenda.take((slot) => table.int(slot, Int.Wanted), now);
    const { down } = routers;
    const up = this.served(routers.up, now);
    const wake = up.length < routers.up.length ? now + STALE_PAUSE : routers.wake;
    if (up.length > 0) await this.bringUp(up);
    const extras = this.extras.agenda.take((slot) => this.extras.wanted(slot), now);
    extras.up.splice(0, extras.up.length, ...this.served(extras.up, now));
    if (extras.up.length > 0) await this.extras.install(extras.up);
    if (extras.down.length > 0) await this.extras.remove(extras.down);
    // After the addresses that routes need, before they go.
    const routesWanted = this.protocols.wanted(this.anyMaster());
    const routes = this.protocols.agenda.take(() => routesWanted, now);
    if (routes.up.length > 0) await this.protocols.install(routes.up[0]!);
    if (routes.down.length > 0) await this.protocols.remove(routes.down[0]!);
    if (down.length > 0) await this.bringDown(down);
    const chunks = [up, down, extras.up, extras.down, routes.up, routes.down];
    if (chunks.every(({ length }) => length === 0)) return Math.min(wake, extras.wake, routes.wake);
    ring();
    return now;
  }

  /** Nobody wants anything any more. @returns what is ours, a list for each user, in the order to take back */
  releaseAll(): { readonly protocols: Holding[]; readonly routers: Holding[][] } {
    const protocols = this.protocols.releaseAll();
    const routers = this.agenda.all.map((progress) => [
      ...this.extras.releaseAll(progress.slot),
      ...stillLeaving(progress),
      ...this.holdings.release(progress.slot),
    ]);
    return { protocols, routers: routers.reverse() };
  }

  /** Those that the engine is seen to serve: after a stop of the process another may be Master, and it has yet to hear of it. */
  private served(up: readonly Progress[], now: number): Progress[] {
    return up.filter((progress) => {
      if (!this.leases.isStale(progress.slot)) return true;
      progress.notBefore = now + STALE_PAUSE;
      return false;
    });
  }

  private isMaster(slot: number): boolean {
    return (this.parts.table.int(slot, Int.Wanted) & 1) === 1;
  }

  private anyMaster(): boolean {
    return this.agenda.all.some(({ slot }) => this.isMaster(slot));
  }

  private async bringUp(chunk: readonly Progress[]): Promise<void> {
    this.forwarding.clear();
    const failures = new Map<Progress, KernelRefusal>();
    for (const progress of chunk) {
      const refusal = this.claim(progress.slot);
      if (refusal) failures.set(progress, refusal);
      progress.leaving = []; // claimed again, or an orphan of another router's by now
    }
    const refusals = await this.changes.install(chunk.map(({ slot }) => this.holdings.of(slot)));
    for (const progress of chunk) {
      const { slot } = progress;
      this.conclude(progress, failures.get(progress) ?? firstRefusal(this.holdings.of(slot), refusals));
    }
  }

  private async bringDown(chunk: readonly Progress[]): Promise<void> {
    for (const progress of chunk) this.claims.release(progress, progress.slot);
    const refusals = await this.changes.takeBack(chunk.map(({ leaving }) => leaving));
    for (const progress of chunk) this.conclude(progress, firstRefusal(progress.leaving, refusals));
  }

  /** Notes how an attempt ended, where the engine sees it. */
  private conclude(progress: Progress, refusal: KernelRefusal | undefined): void {
    const { table, config } = this.parts;
    const { slot } = progress;
    if (!refusal) {
      this.agenda.succeeded(progress);
      this.leases.tellEnd(slot);
      table.setInt(slot, Int.KernelErrno, 0);
      table.setInt(slot, Int.Refused, 0);
      table.setInt(slot, Int.Applied, progress.applied);
      return;
    }
    const retryMs = this.agenda.failed(progress, performance.now());
    table.setInt(slot, Int.KernelErrno, errnoOf(refusal));
    table.setInt(slot, Int.Refused, progress.attempted);
    const wasMaster = (progress.attempted & 1) === 1 && table.int(slot, Int.Applied) === progress.attempted;
    if (wasMaster && this.hasLostAddresses(slot)) {
      progress.applied = progress.attempted - 1; // it is Master, but nobody reaches its addresses
      table.setInt(slot, Int.Applied, progress.applied);
    }
    const { vrid, interface: name } = config.virtualRouters[slot]!;
    const doing = (progress.attempted & 1) === 1 ? 'take up its addresses' : 'take back its addresses';
    this.limit.warn(
      `refused ${refusal.errno}`,
      `virtual router ${vrid} on ${name} cannot ${doing}: ${refusal.message}; trying again in ${retryMs} ms`,
      { interface: name, vrid, errno: refusal.errno },
    );
  }

  /**
   * Whether an address that a Master has had is not in the kernel. A refused setting alone is no such loss; without
   * its interface a router is not Master anyway, as the engine finds for itself.
   */
  private hasLostAddresses(slot: number): boolean {
    if (!this.changes.view.has(this.parts.config.virtualRouters[slot]!.interface)) return false;
    return this.holdings
      .of(slot)
      .some(({ resource }) => resource.kind === 'address' && this.changes.view.find(resource).is !== 'same');
  }

  /**
   * Makes a slot the user of what it needs as Master.
   * @param part of what contradicts nothing at least
   * @returns why it cannot
   */
  private claim(slot: number, part = false): KernelRefusal | undefined {
    if (this.claims.isWhole(slot)) return undefined;
    const { config, table, routerPlugins } = this.parts;
    const { iftype, netdrv } = routerPlugins[slot]!;
    try {
      const plan = this.planner.plan(slot, this.links, table.int(slot, Int.Priority) === 255);
      if (!plan) {
        const { interface: name } = config.virtualRouters[slot]!;
        return { errno: 'ENODEV', message: `there is no Ethernet interface ${name}` };
      }
      this.homes.set(slot, plan.interface);
      table.setInt(slot, Int.Announce, plan.announce === 'virtual-mac' ? 0 : 1);
      table.setInt(
        slot,
        Int.OnVirtualInterface,
        plan.interface === config.virtualRouters[slot]!.interface ? 0 : 1,
      );
      return this.claims.claim(slot, plan.resources, netdrv, part);
    } catch (error) {
      const message = messageOf(error);
      return { errno: 'EINVAL', message: `interface type ${iftype}: ${message}` };
    }
  }
}

/** The interface that something is on. */
function placeOf(resource: KernelResource): string | undefined {
  return resource.kind === 'guard' ? resource.interface : interfaceOf(resource);
}
