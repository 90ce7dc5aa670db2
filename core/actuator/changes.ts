/**
 * Brings holdings into the kernel and out of it: in batches across virtual routers, in order within each,
 * journal first.
 */
import type {
  AddressResource,
  KernelChange,
  KernelRefusal,
  KernelResource,
  NetworkDriver,
} from '../plugin/contracts/index.ts';
import {
  type DriverResource,
  describe,
  installing,
  interfaceOf,
  isUnlisted,
  meansGone,
  provesNothingDone,
  takingBack,
} from '../plugin/resource.ts';
import { messageOf } from '../shared/errors.ts';
import { Executor } from './executor.ts';
import { type Holding, type Holdings, mayBeOurs } from './holdings.ts';
import type { Notes } from './journal.ts';
import { isElsewhere, type Moved, movedTo } from './moved.ts';
import type { Refusals } from './refusals.ts';
import { readSysctl } from './sysctl.ts';
import { type Finding, View } from './view.ts';
import { waves } from './waves.ts';

/** An address that we hold. */
export type AddressHolding = Holding & { readonly resource: AddressResource & { readonly kind: 'address' } };

export function isAddress(holding: Holding): holding is AddressHolding {
  return holding.resource.kind === 'address';
}

/** Acts on the kernel. One call at a time. */
export class Changes {
  /** The kernel as last read. Set after each reading. */
  view: View;
  /** How many seconds an address is to be valid for from now on; undefined: for ever. See leases.ts. */
  lifetimeOf: (holding: Holding) => number | undefined = () => undefined;
  private readonly executor: Executor;

  constructor(
    private readonly holdings: Holdings,
    drivers: ReadonlyMap<string, NetworkDriver>,
    private readonly journal: Notes,
    view: View,
  ) {
    this.view = view;
    this.executor = new Executor(drivers);
  }

  /**
   * Installs what is missing. After a refusal the rest of that router's list waits: an address needs its link.
   * @param lists for each virtual router what it uses, in the order to install
   * @returns why some are still missing
   */
  async install(lists: readonly (readonly Holding[])[]): Promise<Refusals> {
    const refused = new Map<Holding, KernelRefusal>();
    await this.lookAgain(lists);
    const executor = ({ resource, driver }: Holding) =>
      resource.kind === 'sysctl' ? 'sysctl' : `driver ${driver}`;
    for (const wave of waves(lists, executor, refused)) {
      const missing = wave.filter(
        (holding) =>
          (holding.state === 'missing' || holding.state === 'unsure') && this.isNeeded(holding, refused),
      );
      for (const holding of missing) if (!holding.wasForeign) this.note(holding);
      this.journal.flush();
      const lifetimes = new Map(missing.map((holding) => [holding, this.lifetimeOf(holding)]));
      const answers = await this.executor.apply(missing, (holding) =>
        lasting(aimed(installing(holding.resource as DriverResource), holding), lifetimes.get(holding)),
      );
      for (const holding of missing) {
        const refusal = answers.get(holding) ?? null;
        // Of a link it says only that the name is taken: the next look tells by whom.
        const isThere = refusal?.errno === 'EEXIST' && holding.resource.kind !== 'link';
        // A guard has our name: whatever left it there was us.
        const isOurs = holding.state === 'unsure' || holding.resource.kind === 'guard';
        if (refusal === null || (isThere && isOurs)) {
          if (holding.wasForeign) this.note(holding);
          delete holding.wasForeign;
          holding.state = 'ours';
          this.view.installed(holding.resource, lifetimes.get(holding) !== undefined);
          continue;
        }
        if (isSoft(holding.resource)) {
          this.journal.strike(holding.id);
          holding.state = 'foreign'; // it stays as it is
          continue;
        }
        if (!isThere) refused.set(holding, refusal);
        if (holding.state === 'unsure') continue; // this answer says nothing about the attempts before
        if (!provesNothingDone(refusal) && !holding.wasForeign) {
          holding.state = 'unsure';
          continue;
        }
        this.journal.strike(holding.id);
        if (isThere) holding.state = 'foreign'; // the kernel knows of one that we had not seen yet
      }
      this.journal.flush();
    }
    return refused;
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
    const unseen = await this.lookAgain(lists);
    for (const holding of lists.flat()) {
      if (unseen && holding.state === 'unsure') refused.set(holding, unseen);
      if (holding.resource.kind === 'link') goingLinks.set(holding.resource.interface, holding);
    }
    /** What goes down with the link it sits on: settings and IFF_UP of a link of ours. */
    const sinking = ({ resource }: Holding): boolean =>
      (resource.kind === 'sysctl' || resource.kind === 'up') && goingLinks.has(interfaceOf(resource) ?? '');

    for (const wave of waves(lists, ({ resource }) => resource.kind)) {
      const ours = wave.filter((holding) => mayBeOurs(holding) && !refused.has(holding) && !sinking(holding));
      const standing = new Set(ours.filter((holding) => this.isStillOurs(holding)));
      await this.makeStay([...standing]);
      const answers = await this.executor.apply(
        [...standing],
        (holding) => aimed(takingBack(holding.resource as DriverResource, holding.original), holding),
        ({ original }) => original,
      );
      for (const holding of ours) {
        const refusal = answers.get(holding) ?? null;
        if (refusal !== null && !meansGone(refusal)) {
          refused.set(holding, refusal);
          if (!provesNothingDone(refusal)) holding.state = 'unsure';
          continue;
        }
        if (holding.index !== undefined && (refusal !== null || isFileMissing(holding.resource))) {
          vanished.push(holding);
          continue;
        }
        if (standing.has(holding)) this.view.takenBack(holding.resource, holding.original);
        this.forget(holding);
      }
      this.journal.flush();
    }
    for (const holding of lists.flat()) {
      if (!mayBeOurs(holding) || !sinking(holding)) continue;
      const link = goingLinks.get(interfaceOf(holding.resource) ?? '')!;
      if (mayBeOurs(link))
        refused.set(holding, refused.get(link) ?? { errno: 'EBUSY', message: 'not tried' });
      else this.forget(holding);
    }
    if (vanished.length > 0) await this.takeBackVanished(vanished, refused);
    this.journal.flush();
    return refused;
  }

  /** The kernel takes the route of an IPv6 prefix along with an address only if that would have stayed. */
  private async makeStay(leaving: readonly Holding[]): Promise<void> {
    const leased = leaving.filter(isAddress).filter(({ resource: { family, interface: name, address } }) => {
      return family === 6 && this.view.addressOn(name, address).some(({ leased: is }) => is === true);
    });
    if (leased.length > 0) await this.renew(leased, () => undefined);
  }

  /** Their interfaces may have got other names at this very moment: the kernel is asked where they are now. */
  private async takeBackVanished(
    vanished: readonly Holding[],
    refused: Map<Holding, KernelRefusal>,
  ): Promise<void> {
    const unread = await this.look();
    if (unread) {
      for (const holding of vanished) refused.set(holding, unread);
      return;
    }
    const moved: Moved[] = [];
    for (const holding of vanished) {
      const to = movedTo(holding, this.view);
      if (to) moved.push(to);
      else if (isFileMissing(holding.resource) && !isElsewhere(holding, this.view)) {
        // While an interface gets another name, its settings are away for a moment.
        refused.set(holding, { errno: 'EAGAIN', message: 'it is not there at the moment' });
      } else this.forget(holding);
    }
    if (moved.length === 0) return;
    for (const [stray, refusal] of await this.takeBackMoved(moved)) refused.set(stray, refusal);
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

  /**
   * Installs routes and guards of ours again: the kernel drops routes without a word when their interface goes down, and
   * somebody may have emptied the ruleset.
   * @returns those that had been gone; others may be `unsure` afterwards
   */
  async refreshUnlisted(): Promise<{ readonly restored: Holding[]; readonly gone: Holding[] }> {
    const unlisted = [...this.holdings.all()].filter(
      ({ resource, state, users }) => isUnlisted(resource) && state === 'ours' && users.size > 0,
    );
    const answers = await this.executor.apply(unlisted, (holding) =>
      installing(holding.resource as DriverResource),
    );
    const gone: Holding[] = [];
    for (const holding of unlisted) {
      const refusal = answers.get(holding) ?? null;
      if (refusal === null || refusal.errno === 'EEXIST') continue;
      // No such refusal says that it is not there: the kernel looks for the gateway first, for one.
      holding.state = 'unsure';
      if (provesNothingDone(refusal)) gone.push(holding);
    }
    return { restored: unlisted.filter((holding) => (answers.get(holding) ?? null) === null), gone };
  }

  /**
   * Gives addresses of ours the lifetime that they are to have from now on.
   * @returns why some could not be given it
   */
  async renew(
    addresses: readonly AddressHolding[],
    lifetimeOf: (holding: Holding) => number | undefined = this.lifetimeOf,
  ): Promise<Refusals> {
    const refused = new Map<Holding, KernelRefusal>();
    const lifetimes = new Map<Holding, number | undefined>();
    for (const holding of addresses) lifetimes.set(holding, lifetimeOf(holding));
    const answers = await this.executor.apply(addresses, (holding) => {
      const { kind: _, ...resource } = (holding as AddressHolding).resource;
      return lasting(aimed({ op: 'renew-address', ...resource }, holding), lifetimes.get(holding));
    });
    for (const holding of addresses) {
      const refusal = answers.get(holding) ?? null;
      if (refusal) refused.set(holding, refusal);
      else this.view.renewed(holding.resource, lifetimes.get(holding) !== undefined);
    }
    return refused;
  }

  /**
   * Gives links of ours their MAC address back.
   * @returns why some could not be given it: they are as somebody else has made them
   */
  async restoreMacs(links: readonly Holding[]): Promise<Refusals> {
    const refused = new Map<Holding, KernelRefusal>();
    const answers = await this.executor.apply(links, ({ resource }) => {
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

  /**
   * After the view was read: what of that which we are unsure of is there, and the indices of what we know by its
   * name only.
   */
  recognise(): void {
    for (const holding of this.holdings.all()) {
      const { resource } = holding;
      const found = this.view.find(resource);
      if (holding.state === 'unsure') this.decide(holding, found);
      if (holding.state !== 'ours' || (found.is !== 'same' && found.is !== 'unknown')) continue;
      const index = this.view.indexOf(interfaceOf(resource) ?? '');
      if (index === 0 || index === holding.index) continue;
      if (resource.kind === 'link') {
        holding.index = index;
        this.note(holding);
      } else holding.index ??= index; // what is on a link of ours is known by that link's entry
    }
    this.journal.flush();
  }

  /** What a fresh look says about something that we are unsure of. What is not there may still come. */
  private decide(holding: Holding, found: Finding): void {
    const { resource, index } = holding;
    const isOurs = found.is === 'same' || (found.is === 'altered' && found.index === index);
    const home = resource.kind === 'sysctl' ? interfaceOf(resource) : undefined;
    const isGone =
      ['other', 'altered', 'homeless'].includes(found.is) || (home !== undefined && !this.view.has(home));
    if (isElsewhere(holding, this.view)) return; // the next reading follows it, see moved.ts
    if (isOurs) holding.state = 'ours';
    else if (isGone) this.forget(holding);
  }

  /** Reads links and addresses if we are unsure of any of these. @returns why they could not be read */
  private async lookAgain(lists: readonly (readonly Holding[])[]): Promise<KernelRefusal | undefined> {
    if (!lists.some((list) => list.some(({ state }) => state === 'unsure'))) return undefined;
    const unread = await this.look();
    if (!unread) this.recognise();
    return unread;
  }

  /** Reads links and addresses. @returns why they could not be read */
  private async look(): Promise<KernelRefusal | undefined> {
    try {
      this.view = new View(await this.executor.links());
      return undefined;
    } catch (error) {
      const message = `cannot read links and addresses: ${messageOf(error)}`;
      return { errno: 'EIO', message };
    }
  }

  /** Ends our holding of something that is not in the kernel any more. */
  forget(holding: Holding): void {
    this.journal.strike(holding.id);
    this.holdings.lost(holding);
  }

  /** Looks before the change: false if nothing is to be done, or nothing can be. */
  private isNeeded(holding: Holding, refused: Map<Holding, KernelRefusal>): boolean {
    const { resource } = holding;
    if (resource.kind !== 'link') this.putOn(holding);
    if (resource.kind === 'sysctl') {
      const home = interfaceOf(resource);
      if (home !== undefined && !this.view.has(home) && isSoft(resource)) return false; // with the interface
      if (home !== undefined && !this.view.has(home)) {
        refused.set(holding, noSuchInterface(resource));
        return false;
      }
      const value = readSysctl(resource.path);
      if (typeof value === 'object') {
        if (isSoft(resource)) holding.state = 'foreign';
        else refused.set(holding, value);
        return false;
      }
      if (value === resource.value || (value === undefined && resource.optional === true)) {
        holding.state = holding.state === 'unsure' ? 'ours' : 'foreign';
        return false;
      }
      if (value !== undefined) holding.original ??= value;
      return true;
    }
    const found = this.view.find(resource);
    if (found.is === 'same') holding.state = holding.state === 'unsure' ? 'ours' : 'foreign';
    if (found.is === 'other' || found.is === 'altered') {
      refused.set(holding, {
        errno: 'EEXIST',
        message: `cannot install ${describe(resource)}: there is ${found.what}`,
      });
    }
    if (found.is === 'homeless' && resource.kind === 'mac') {
      // It may be back by now, under a name that was another's: nobody would know what to put back.
      refused.set(holding, noSuchInterface(resource));
      return false;
    }
    // Of a MAC address put back after somebody changed it, the one before ours counts.
    if (found.is === 'absent' && found.original !== undefined) holding.original ??= found.original;
    return found.is !== 'same' && found.is !== 'other' && found.is !== 'altered';
  }

  /** It is to be put on the interface that has its name now. */
  private putOn(holding: Holding): void {
    const index = this.view.indexOf(interfaceOf(holding.resource) ?? '');
    // What another interface of this name had before is nothing to give back to this one.
    if (holding.index !== undefined && holding.index !== index) delete holding.original;
    if (index === 0) delete holding.index;
    else holding.index = index;
  }

  /** Whether the kernel still has what we gave it: what somebody else has changed since is theirs. */
  private isStillOurs({ resource, original, state }: Holding): boolean {
    if (resource.kind === 'sysctl')
      return original !== undefined && readSysctl(resource.path) === resource.value;
    if (resource.kind === 'mac') return original !== undefined && this.view.find(resource).is === 'same';
    // Of a link that we are unsure of there is a fresh look: what may have come since is somebody else's.
    if (resource.kind === 'link' && state === 'unsure') return false;
    return true; // the kernel tells
  }

  /** Writes down that something is ours, before it is, or because it was found to be. In effect after a flush. */
  note({ resource, driver, original, index }: Holding): void {
    this.journal.add({
      resource,
      driver,
      ...(original !== undefined && { original }),
      ...(index !== undefined && { index }),
    });
  }
}

function noSuchInterface(resource: KernelResource): KernelRefusal {
  return { errno: 'ENODEV', message: `cannot install ${describe(resource)}: no such interface` };
}

/** Means the interface that the holding was put on, or is to be, whichever has its name by now. */
function aimed(change: KernelChange, { index }: Holding): KernelChange {
  if (index === undefined || !('interface' in change)) return change;
  return 'parent' in change || change.op === 'add-guard' || change.op === 'remove-guard'
    ? change
    : { ...change, index };
}

/** With a lifetime, if it adds an address or renews one. */
function lasting(change: KernelChange, validFor: number | undefined): KernelChange {
  const has = validFor !== undefined && (change.op === 'add-address' || change.op === 'renew-address');
  return has ? { ...change, validFor } : change;
}

/** A setting that can be done without. */
function isSoft(resource: KernelResource): boolean {
  return resource.kind === 'sysctl' && resource.soft === true;
}

/** A setting whose file is not there. */
function isFileMissing(resource: KernelResource): boolean {
  return resource.kind === 'sysctl' && readSysctl(resource.path) === undefined;
}
