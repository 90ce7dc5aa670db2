/** Virtual routers on their way to Master and back: what they want of the kernel, chunk by chunk. */
import os from 'node:os';
import type { AddressFamily, KernelRefusal, KernelResource, Link } from '../plugin/contracts/index.ts';
import { describe, interfaceOf } from '../plugin/resource.ts';
import { messageOf } from '../shared/errors.ts';
import { Int } from '../threads/state-table.ts';
import { Agenda, byInterface, type Progress } from './agenda.ts';
import type { Changes, Refusals } from './changes.ts';
import { adviseForwarding, forwards } from './forwarding.ts';
import { furtherResources, missingOf } from './further.ts';
import { type Holding, type Holdings, mayBeOurs } from './holdings.ts';
import type { Leases } from './leases.ts';
import { LogLimit } from './log-limit.ts';
import type { ActuatorParts } from './parts.ts';
import { Planner } from './planner.ts';
import { adviseSecondNics } from './second-nics.ts';
import { readSysctl } from './sysctl.ts';

/** The user of what `[protocols]` wants: no slot of the state table. */
const PROTOCOLS = -1;

/** The user of the routes and rules of a slot: no slot either. */
function extrasUser(slot: number): number {
  return PROTOCOLS - 1 - slot;
}

/** The slot that a user of holdings stands for; undefined: none, as what `[protocols]` wants is anyone's. */
export function slotOfUser(user: number): number | undefined {
  if (user === PROTOCOLS) return undefined;
  return user < PROTOCOLS ? extrasUser(user) : user;
}

/** While the engine has shown no life for a lease, it is asked again so often whether a Master is one, in ms. */
const STALE_PAUSE = 50;

/** See the file's comment. */
export class Masters {
  private readonly agenda: Agenda;
  /** Routes and rules of each: what cannot be installed of them is no reason to give up being Master. */
  private readonly extras: Agenda;
  /** Of one "router" that is Master while anyone is. */
  private readonly protocols = new Agenda([0]);
  /** Its `Wanted`. */
  private protocolsWanted = 0;
  private readonly planner: Planner;
  private readonly limit: LogLimit;
  private links: ReadonlyMap<string, Link> = new Map();
  /** Users that have claimed only what contradicts nothing: the rest has yet to be. */
  private readonly partial = new Set<number>();
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
    private readonly parts: ActuatorParts,
    private readonly holdings: Holdings,
    private readonly changes: Changes,
  ) {
    const { table, config, routerPlugins, plugins, log } = parts;
    const applied = config.virtualRouters.map((_, slot) => table.int(slot, Int.Applied));
    this.agenda = new Agenda(applied, byInterface(config.virtualRouters.map(({ interface: name }) => name)));
    this.extras = new Agenda(applied);
    this.planner = new Planner(config, routerPlugins, plugins.iftypes, (family, name) =>
      this.forwards(family, name),
    );
    this.limit = new LogLimit(log);
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
    for (const progress of [...this.agenda.all, ...this.extras.all, ...this.protocols.all])
      progress.notBefore = 0;
  }

  /** Makes those that are Master already users of what they need, installed or not. */
  claimPresent(): void {
    this.forwarding.clear();
    for (const progress of this.agenda.all) {
      if (!this.isMaster(progress.slot)) continue;
      progress.repair = true; // even if it was applied: that was an earlier run
      this.claim(progress.slot, true);
      if (!this.hasExtras(progress.slot)) continue;
      this.extras.all[progress.slot]!.repair = true;
      this.claimExtras(progress.slot);
    }
    if (this.updateProtocolsWanted() & 1) this.claimProtocols();
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

  /** It is to install something, and no attempt has failed yet. */
  private isUntried(user: number): boolean {
    if (user === PROTOCOLS) return false;
    const progress = user < PROTOCOLS ? this.extras.all[extrasUser(user)] : this.agenda.all[user];
    return progress !== undefined && progress.failures === 0;
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
    for (const slot of holding.users) {
      const { agenda, extras, protocols } = this;
      const progress =
        slot === PROTOCOLS
          ? protocols.all[0]
          : slot < PROTOCOLS
            ? extras.all[extrasUser(slot)]
            : agenda.all[slot];
      progress!.repair = true;
    }
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
    const extras = this.extras.take((slot) => this.extrasWanted(slot), now);
    extras.up.splice(0, extras.up.length, ...this.served(extras.up, now));
    if (extras.up.length > 0) await this.installExtras(extras.up);
    if (extras.down.length > 0) await this.removeExtras(extras.down);
    // After the addresses that routes need, before they go.
    const routesWanted = this.updateProtocolsWanted();
    const routes = this.protocols.take(() => routesWanted, now);
    if (routes.up.length > 0) await this.installProtocols(routes.up[0]!);
    if (routes.down.length > 0) await this.removeProtocols(routes.down[0]!);
    if (down.length > 0) await this.bringDown(down);
    const chunks = [up, down, extras.up, extras.down, routes.up, routes.down];
    if (chunks.every(({ length }) => length === 0)) return Math.min(wake, extras.wake, routes.wake);
    ring();
    return now;
  }

  /** Nobody wants anything any more. @returns what is ours, a list for each user, in the order to take back */
  releaseAll(): { readonly protocols: Holding[]; readonly routers: Holding[][] } {
    const { leaving } = this.protocols.all[0]!;
    const protocols = [...leaving, ...this.holdings.release(PROTOCOLS)];
    const routers = this.agenda.all.map((progress) => [
      ...this.extras.all[progress.slot]!.leaving.filter(
        (holding) => mayBeOurs(holding) && holding.users.size === 0,
      ),
      ...this.holdings.release(extrasUser(progress.slot)),
      ...progress.leaving.filter((holding) => mayBeOurs(holding) && holding.users.size === 0),
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

  /** Counts like `Wanted`, so that a failed attempt between two quiet times is not forgotten. */
  private updateProtocolsWanted(): number {
    const anyMaster = this.agenda.all.some(({ slot }) => this.isMaster(slot));
    if (anyMaster !== ((this.protocolsWanted & 1) === 1)) this.protocolsWanted++;
    return this.protocolsWanted;
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
    for (const progress of chunk) this.release(progress);
    const refusals = await this.changes.takeBack(chunk.map(({ leaving }) => leaving));
    for (const progress of chunk) this.conclude(progress, firstRefusal(progress.leaving, refusals));
  }

  private release(progress: Progress, user = progress.slot): void {
    const left = progress.leaving.filter((holding) => mayBeOurs(holding) && holding.users.size === 0);
    this.partial.delete(user);
    progress.leaving = [...left, ...this.holdings.release(user)];
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
    if (this.holdings.of(slot).length > 0 && !this.partial.has(slot)) return undefined;
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
      return this.claimResources(slot, plan.resources, netdrv, part);
    } catch (error) {
      const message = messageOf(error);
      return { errno: 'EINVAL', message: `interface type ${iftype}: ${message}` };
    }
  }

  private claimResources(
    user: number,
    resources: readonly KernelResource[],
    netdrv: string,
    part = false,
  ): KernelRefusal | undefined {
    const wanted = resources.map((resource) => ({
      resource,
      driver: resource.kind === 'sysctl' ? '' : netdrv,
    }));
    const clash = this.holdings.claim(user, wanted);
    if (!clash) {
      this.partial.delete(user);
      return undefined;
    }
    if (part) {
      // The others stay in place meanwhile: a reload may have changed but one of them.
      this.partial.add(user);
      const rest = wanted.filter(({ resource }) => !this.holdings.contradicts(resource));
      this.holdings.claim(user, rest);
    }
    return { errno: 'EBUSY', message: `it contradicts the ${describe(clash.resource)}, which is in use` };
  }

  private hasExtras(slot: number): boolean {
    const { extras, further } = this.parts.config.virtualRouters[slot]!;
    return extras !== undefined || further !== undefined;
  }

  /** `Wanted` of a slot that has any. */
  private extrasWanted(slot: number): number {
    return this.hasExtras(slot) ? this.parts.table.int(slot, Int.Wanted) : this.extras.all[slot]!.applied;
  }

  private extraResources(slot: number): KernelResource[] {
    const router = this.parts.config.virtualRouters[slot]!;
    const isOwner = this.parts.table.int(slot, Int.Priority) === 255;
    return [...furtherResources(router, this.homes.get(slot), isOwner), ...(router.extras ?? [])];
  }

  private claimExtras(slot: number): KernelRefusal | undefined {
    const user = extrasUser(slot);
    if (this.holdings.of(user).length > 0 && !this.partial.has(user)) return undefined;
    const { netdrv } = this.parts.routerPlugins[slot]!;
    return this.claimResources(user, this.extraResources(slot), netdrv, true);
  }

  private async installExtras(chunk: readonly Progress[]): Promise<void> {
    const refusals = new Map<Progress, KernelRefusal>();
    for (const progress of chunk) {
      const refusal = this.claimExtras(progress.slot);
      if (refusal) refusals.set(progress, refusal);
      progress.leaving = [];
    }
    const holdings = new Set(chunk.flatMap(({ slot }) => this.holdings.of(extrasUser(slot))));
    // Each on its own: one that cannot be installed yet is no reason to do without the others. Settings and guards first,
    // then addresses, which routes may need.
    const refused = new Map<Holding, KernelRefusal>();
    const missing = new Set(
      [...holdings].filter(({ resource, state }) => resource.kind === 'address' && state !== 'ours'),
    );
    for (const isTurn of TURNS) {
      const lists = [...holdings].filter(({ resource }) => isTurn(resource)).map((holding) => [holding]);
      for (const [holding, refusal] of await this.changes.install(lists)) refused.set(holding, refusal);
    }
    for (const progress of chunk) {
      const own = this.holdings.of(extrasUser(progress.slot));
      if (own.some((holding) => missing.has(holding) && holding.state === 'ours'))
        this.tellFurther(progress.slot);
      this.concludeExtras(progress, refusals.get(progress) ?? firstRefusal(own, refused));
    }
  }

  /** The engine announces them, now if the virtual ones are in place already. */
  private tellFurther(slot: number): void {
    const { table } = this.parts;
    table.setInt(slot, Int.FurtherInPlace, (table.int(slot, Int.FurtherInPlace) + 1) | 0);
  }

  private async removeExtras(chunk: readonly Progress[]): Promise<void> {
    for (const progress of chunk) this.release(progress, extrasUser(progress.slot));
    const refused = new Map<Holding, KernelRefusal>();
    // Of all of them: what addresses need goes after the last of these.
    for (const isTurn of TURNS.toReversed()) {
      const lists = chunk.map(({ leaving }) => leaving.filter(({ resource }) => isTurn(resource)));
      for (const [holding, refusal] of await this.changes.takeBack(lists)) refused.set(holding, refusal);
    }
    for (const progress of chunk) this.concludeExtras(progress, firstRefusal(progress.leaving, refused));
  }

  private concludeExtras(progress: Progress, refusal: KernelRefusal | undefined): void {
    this.tellMissing(progress, refusal);
    if (!refusal) {
      this.extras.succeeded(progress);
      return;
    }
    const retryMs = this.extras.failed(progress, performance.now());
    const { vrid, interface: name, further } = this.parts.config.virtualRouters[progress.slot]!;
    const what = further ? 'addresses, routes and rules' : 'routes and rules';
    this.limit.warn(
      `extras ${refusal.errno}`,
      `${what} of virtual router ${vrid} on ${name}: ${refusal.message}; trying again in ${retryMs} ms`,
      { interface: name, vrid, errno: refusal.errno },
    );
  }

  /** Where `status` sees it. */
  private tellMissing({ slot, attempted }: Progress, refusal: KernelRefusal | undefined): void {
    const { table } = this.parts;
    const isMaster = (attempted & 1) === 1;
    const missing = isMaster ? missingOf(this.extraResources(slot), this.holdings.of(extrasUser(slot))) : 0;
    table.setInt(slot, Int.FurtherMissing, missing);
    table.setInt(slot, Int.FurtherErrno, missing > 0 && refusal ? errnoOf(refusal) : 0);
  }

  private claimProtocols(): KernelRefusal | undefined {
    const { plugins } = this.parts;
    if (plugins.protocolResources.length === 0 || this.holdings.of(PROTOCOLS).length > 0) return undefined;
    return this.claimResources(PROTOCOLS, plugins.protocolResources, plugins.protocolDriver);
  }

  private async installProtocols(progress: Progress): Promise<void> {
    const refusal = this.claimProtocols();
    progress.leaving = [];
    // Each on its own: one route that cannot be installed yet is no reason to do without the others.
    const refusals = await this.changes.install(this.holdings.of(PROTOCOLS).map((holding) => [holding]));
    this.concludeProtocols(progress, refusal ?? firstRefusal(this.holdings.of(PROTOCOLS), refusals));
  }

  private async removeProtocols(progress: Progress): Promise<void> {
    this.release(progress, PROTOCOLS);
    const refusals = await this.changes.takeBack([progress.leaving]);
    this.concludeProtocols(progress, firstRefusal(progress.leaving, refusals));
  }

  private concludeProtocols(progress: Progress, refusal: KernelRefusal | undefined): void {
    if (!refusal) {
      this.protocols.succeeded(progress);
      return;
    }
    const retryMs = this.protocols.failed(progress, performance.now());
    this.limit.warn('protocols', `[protocols]: ${refusal.message}; trying again in ${retryMs} ms`, {
      errno: refusal.errno,
    });
  }
}

/** What of the extras is installed first, second and third. */
const TURNS: readonly ((resource: KernelResource) => boolean)[] = [
  ({ kind }) => kind === 'sysctl' || kind === 'guard',
  ({ kind }) => kind === 'address',
  ({ kind }) => kind === 'table-route' || kind === 'rule',
];

/** The interface that something is on. */
function placeOf(resource: KernelResource): string | undefined {
  return resource.kind === 'guard' ? resource.interface : interfaceOf(resource);
}

function firstRefusal(holdings: readonly Holding[], refusals: Refusals): KernelRefusal | undefined {
  for (const holding of holdings) {
    const refusal = refusals.get(holding);
    if (refusal) return refusal;
  }
  return undefined;
}

function errnoOf({ errno }: KernelRefusal): number {
  const numbers: Readonly<Record<string, number>> = os.constants.errno;
  return numbers[errno] ?? os.constants.errno.EIO;
}
