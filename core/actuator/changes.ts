/**
 * Brings holdings into the kernel and out of it: in batches across virtual routers, in order within each,
 * journal first.
 */
import type { KernelChange, KernelRefusal, KernelResource, NetworkDriver } from '../plugin/types.ts';
import type { Holding, Holdings } from './holdings.ts';
import type { Journal } from './journal.ts';
import { isHomeAnother, type Moved, movedTo } from './moved.ts';
import {
  type DriverResource,
  describe,
  homeOf,
  installing,
  interfaceOf,
  isUncertain,
  meansGone,
  takingBack,
} from './resource.ts';
import { readSysctl, writeSysctl } from './sysctl.ts';
import { View } from './view.ts';

/** Why holdings could not be brought in or out. */
export type Refusals = ReadonlyMap<Holding, KernelRefusal>;

/**
 * Walks several ordered lists at once: each wave takes the next run of like resources of each.
 * @param refused a list ends after a wave in which one of its own was refused
 */
function* waves(
  lists: readonly (readonly Holding[])[],
  likeness: (holding: Holding) => string,
  refused: Refusals = new Map(),
): Generator<Holding[]> {
  let walks = lists.map((list) => ({ list, from: 0, to: 0 }));
  for (;;) {
    const wave = new Set<Holding>(); // a holding that several routers use is in several lists
    for (const walk of walks) {
      walk.from = walk.to;
      const first = walk.list[walk.from];
      if (!first) continue;
      const run = likeness(first);
      for (
        let next: Holding | undefined = first;
        next && likeness(next) === run;
        next = walk.list[++walk.to]
      ) {
        wave.add(next);
      }
    }
    if (wave.size === 0) return;
    yield [...wave];
    if (refused.size === 0) continue;
    walks = walks.filter(
      ({ list, from, to }) => !list.slice(from, to).some((holding) => refused.has(holding)),
    );
  }
}

/** Acts on the kernel. One call at a time. */
export class Changes {
  /** The kernel as last read. Set after each reading. */
  view: View;

  constructor(
    private readonly holdings: Holdings,
    private readonly drivers: ReadonlyMap<string, NetworkDriver>,
    private readonly journal: Journal,
    view: View,
  ) {
    this.view = view;
  }

  /**
   * Installs what is missing. After a refusal the rest of that router's list waits: an address needs its link.
   * @param lists for each virtual router what it uses, in the order to install
   * @returns why some are still missing
   */
  async install(lists: readonly (readonly Holding[])[]): Promise<Refusals> {
    const refused = new Map<Holding, KernelRefusal>();
    const executor = ({ resource, driver }: Holding) =>
      resource.kind === 'sysctl' ? 'sysctl' : `driver ${driver}`;
    for (const wave of waves(lists, executor, refused)) {
      const missing = wave.filter(
        (holding) => holding.state === 'missing' && this.isNeeded(holding, refused),
      );
      for (const holding of missing) this.note(holding);
      this.journal.flush();
      const answers = await this.apply(missing, (holding) =>
        aimed(installing(holding.resource as DriverResource), holding),
      );
      for (const holding of missing) {
        const refusal = answers.get(holding) ?? null;
        if (refusal === null || this.wasDoneBefore(holding, refusal)) {
          this.isOurs(holding);
          continue;
        }
        if (isUncertain(refusal)) {
          holding.uncertain = true;
          refused.set(holding, refusal);
          continue;
        }
        this.journal.strike(holding.id);
        delete holding.uncertain;
        // The kernel knows of one that we had not seen yet. Of a link that says only that the name is taken.
        if (refusal.errno === 'EEXIST' && holding.resource.kind !== 'link') holding.state = 'foreign';
        else refused.set(holding, refusal);
      }
      this.journal.flush();
    }
    return refused;
  }

  /** It is there now because an attempt before this one has put it there, whose answer did not say so. */
  private wasDoneBefore({ uncertain, resource }: Holding, { errno }: KernelRefusal): boolean {
    return uncertain === true && errno === 'EEXIST' && resource.kind !== 'link';
  }

  private isOurs(holding: Holding): void {
    holding.state = 'ours';
    delete holding.uncertain;
    this.view.installed(holding.resource);
  }

  /**
   * Takes back what is ours; afterwards nobody holds it.
   * @param lists in the order to take back, each on its own
   * @returns why some are still there
   */
  async takeBack(lists: readonly (readonly Holding[])[]): Promise<Refusals> {
    const refused = new Map<Holding, KernelRefusal>();
    /** Not found under the name that their interface had. */
    const vanished: Holding[] = [];
    const goingLinks = new Map<string, Holding>();
    for (const holding of lists.flat()) {
      if (holding.resource.kind === 'link') goingLinks.set(holding.resource.interface, holding);
    }
    /** What goes down with the link it sits on: settings and IFF_UP of a link of ours. */
    const sinking = ({ resource }: Holding): boolean =>
      (resource.kind === 'sysctl' || resource.kind === 'up') && goingLinks.has(interfaceOf(resource) ?? '');

    for (const wave of waves(lists, ({ resource }) => resource.kind)) {
      const ours = wave.filter((holding) => holding.state === 'ours' && !sinking(holding));
      const standing = new Set(ours.filter((holding) => this.isStillOurs(holding)));
      const answers = await this.apply([...standing], (holding) =>
        aimed(takingBack(holding.resource as DriverResource, holding.original), holding),
      );
      for (const holding of ours) {
        const refusal = answers.get(holding) ?? null;
        if (refusal !== null && !meansGone(refusal)) {
          refused.set(holding, refusal);
          continue;
        }
        if (holding.home !== undefined && (refusal !== null || isFileMissing(holding.resource))) {
          vanished.push(holding);
          continue;
        }
        if (standing.has(holding)) this.view.takenBack(holding.resource, holding.original);
        this.forget(holding);
      }
      this.journal.flush();
    }
    for (const holding of lists.flat()) {
      if (holding.state !== 'ours' || !sinking(holding)) continue;
      const link = goingLinks.get(interfaceOf(holding.resource) ?? '')!;
      if (link.state === 'ours')
        refused.set(holding, refused.get(link) ?? { errno: 'EBUSY', message: 'not tried' });
      else this.forget(holding);
    }
    if (vanished.length > 0) await this.takeBackVanished(vanished, refused);
    this.journal.flush();
    return refused;
  }

  /** Its interface may have got another name at this very moment: the kernel is asked where it is now. */
  private async takeBackVanished(
    vanished: readonly Holding[],
    refused: Map<Holding, KernelRefusal>,
  ): Promise<void> {
    try {
      this.view = new View((await this.drivers.values().next().value?.links()) ?? []);
    } catch (error) {
      const message = `cannot read where it is: ${error instanceof Error ? error.message : String(error)}`;
      for (const holding of vanished) refused.set(holding, { errno: 'EAGAIN', message });
      return;
    }
    const moved: Moved[] = [];
    for (const holding of vanished) {
      const to = movedTo(holding, this.view);
      if (to) moved.push(to);
      else if (isFileMissing(holding.resource) && !isHomeAnother(holding, this.view)) {
        // While an interface gets another name, its settings are away for a moment.
        refused.set(holding, { errno: 'EAGAIN', message: 'it is not there at the moment' });
      } else this.forget(holding);
    }
    if (moved.length === 0) return;
    for (const [stray, refusal] of await this.takeBackMoved(moved)) refused.set(stray, refusal);
  }

  /**
   * Installs routes of ours again, which the kernel drops without a word when their interface goes down.
   * @returns those that had been gone
   */
  async refreshRoutes(): Promise<{ readonly restored: Holding[]; readonly gone: Holding[] }> {
    const routes = [...this.holdings.all()].filter(
      (holding) => holding.resource.kind === 'route' && holding.state === 'ours' && holding.users.size > 0,
    );
    const answers = await this.apply(routes, (holding) => installing(holding.resource as DriverResource));
    const gone = routes.filter((holding) => {
      const refusal = answers.get(holding) ?? null;
      return refusal !== null && refusal.errno !== 'EEXIST' && !isUncertain(refusal);
    });
    for (const holding of gone) this.holdings.lost(holding);
    this.journal.flush();
    return { restored: routes.filter((holding) => (answers.get(holding) ?? null) === null), gone };
  }

  /**
   * Gives links of ours their MAC address back.
   * @returns why some could not be given it: they are as somebody else has made them
   */
  async restoreMacs(links: readonly Holding[]): Promise<Refusals> {
    const refused = new Map<Holding, KernelRefusal>();
    const answers = await this.apply(links, ({ resource }) => {
      const { interface: name, mac } = resource as Extract<DriverResource, { kind: 'link' }>;
      return { op: 'set-mac', interface: name, mac };
    });
    for (const holding of links) {
      const refusal = answers.get(holding) ?? null;
      if (refusal) refused.set(holding, refusal);
      else if (holding.resource.kind === 'link')
        this.view.setMac(holding.resource.interface, holding.resource.mac);
    }
    return refused;
  }

  /** Ends our holding of something that is not in the kernel any more. */
  forget(holding: Holding): void {
    this.journal.strike(holding.id);
    this.holdings.lost(holding);
  }

  /** Looks before the change: false if nothing is to be done, or nothing can be. */
  private isNeeded(holding: Holding, refused: Map<Holding, KernelRefusal>): boolean {
    const { resource } = holding;
    const home = this.view.indexOf(homeOf(resource) ?? '') || undefined;
    // What another interface of this name had before is nothing to give back to this one.
    if (holding.home !== undefined && holding.home !== home) delete holding.original;
    if (home === undefined) delete holding.home;
    else holding.home = home;
    if (resource.kind === 'sysctl') {
      const home = interfaceOf(resource);
      if (home !== undefined && !this.view.has(home)) {
        refused.set(holding, {
          errno: 'ENODEV',
          message: `cannot install ${describe(resource)}: no such interface`,
        });
        return false;
      }
      const value = readSysctl(resource.path);
      if (typeof value === 'object') {
        refused.set(holding, value);
        return false;
      }
      if (value === resource.value && holding.uncertain === true) {
        this.isOurs(holding);
        return false;
      }
      if (value === resource.value || (value === undefined && resource.optional === true)) {
        holding.state = 'foreign';
        return false;
      }
      if (value !== undefined) holding.original ??= value;
      return true;
    }
    const found = this.view.find(resource);
    if (found.is === 'same' && holding.uncertain === true) this.isOurs(holding);
    else if (found.is === 'same') holding.state = 'foreign';
    if (found.is === 'other' || found.is === 'altered') {
      refused.set(holding, {
        errno: 'EEXIST',
        message: `cannot install ${describe(resource)}: there is ${found.what}`,
      });
    }
    if (found.is === 'homeless' && resource.kind === 'mac') {
      // It may be back by now, under a name that was another's: nobody would know what to put back.
      refused.set(holding, {
        errno: 'ENODEV',
        message: `cannot install ${describe(resource)}: no such interface`,
      });
      return false;
    }
    // Of a MAC address put back after somebody changed it, the one before ours counts.
    if (found.is === 'absent' && found.original !== undefined) holding.original ??= found.original;
    return found.is !== 'same' && found.is !== 'other' && found.is !== 'altered';
  }

  /** Whether the kernel still has what we gave it: what somebody else has changed since is theirs. */
  private isStillOurs({ resource, original }: Holding): boolean {
    if (resource.kind === 'sysctl')
      return original !== undefined && readSysctl(resource.path) === resource.value;
    if (resource.kind === 'mac') return original !== undefined && this.view.find(resource).is === 'same';
    return true; // the kernel tells
  }

  /** Writes down that something is ours, before it is, or because it was found to be. In effect after a flush. */
  note({ resource, driver, original, home }: Holding): void {
    this.journal.add({
      resource,
      driver,
      ...(original === undefined ? {} : { original }),
      ...(home === undefined ? {} : { home }),
    });
  }

  /**
   * Notes that things of ours are on interfaces that have other names by now, and takes them back there.
   * @returns what could not be taken back
   */
  async takeBackMoved(moved: readonly Moved[]): Promise<Refusals> {
    for (const { holding } of moved) this.forget(holding);
    const strays = moved.map(({ stray }) => stray).reverse();
    for (const stray of strays) this.note(stray);
    this.journal.flush();
    const refused = await this.takeBack([strays]);
    for (const stray of refused.keys()) this.holdings.keep(stray);
    return refused;
  }

  /** Applies changes, each through its driver. */
  private async apply(
    holdings: readonly Holding[],
    changeFor: (holding: Holding) => KernelChange,
  ): Promise<Map<Holding, KernelRefusal | null>> {
    const answers = new Map<Holding, KernelRefusal | null>();
    const byDriver = new Map<string, Holding[]>();
    const restoring = (holding: Holding) => holding.state === 'ours';
    for (const holding of holdings) {
      const { resource } = holding;
      if (resource.kind === 'sysctl') {
        const value = restoring(holding) ? (holding.original ?? resource.value) : resource.value;
        answers.set(holding, writeSysctl(resource.path, value));
        continue;
      }
      const same = byDriver.get(holding.driver);
      if (same) same.push(holding);
      else byDriver.set(holding.driver, [holding]);
    }
    for (const [name, group] of byDriver) {
      const driver = this.drivers.get(name) ?? this.drivers.values().next().value;
      let results: (KernelRefusal | null)[];
      try {
        if (!driver) throw new Error('there is no network driver');
        results = await driver.apply(group.map(changeFor));
      } catch (error) {
        // A driver that breaks its contract has changed we don't know what: to be tried again.
        const message = `network driver ${name}: ${error instanceof Error ? error.message : String(error)}`;
        results = group.map(() => ({ errno: 'EIO', message }));
      }
      for (const [index, holding] of group.entries()) answers.set(holding, results[index] ?? null);
    }
    return answers;
  }
}

/** Means the interface that the holding was put on, or is to be, whichever has its name by now. */
function aimed(change: KernelChange, { home }: Holding): KernelChange {
  if (home === undefined || !('interface' in change)) return change;
  return 'parent' in change ? change : { ...change, index: home };
}

/** A setting whose file is not there. */
function isFileMissing(resource: KernelResource): boolean {
  return resource.kind === 'sysctl' && readSysctl(resource.path) === undefined;
}

/** The resources of a list that are missing after all. */
export function stillMissing(holdings: readonly Holding[]): Holding | undefined {
  return holdings.find(({ state }) => state === 'missing');
}
