/** Keeps an eye on the kernel: reads it when there is news, finds drift, tells the engine the links. */
import type { KernelNews, Link, NetworkDriver } from '../plugin/contracts/index.ts';
import { describe, isUnlisted } from '../plugin/resource.ts';
import { messageOf } from '../shared/errors.ts';
import { LinkComparison, type SeenLink } from '../threads/link-news.ts';
import { Adoption } from './adoption.ts';
import type { Changes } from './changes.ts';
import { findDrift } from './drift.ts';
import { type Holding, type Holdings, mayBeOurs } from './holdings.ts';
import { LogLimit } from './log-limit.ts';
import { findMoved } from './moved.ts';
import type { ActuatorParts } from './parts.ts';
import { Ports } from './ports.ts';
import { ReadingSchedule, type Urgency } from './reading.ts';
import { sysctlHolds } from './sysctl.ts';
import { View } from './view.ts';

/** Everything is looked at this often, in ms, news or not. */
const AUDIT_INTERVAL = 300_000;
/** Settings looked at in one turn of an audit: some ms. */
const AUDIT_SLICE = 256;
/** Pause in ms after the kernel could not be read. */
const READING_RETRY = 1000;

/** What a watcher tells of. */
export interface WatcherEvents {
  /** Something that Masters use is gone, and marked missing. */
  lost(holding: Holding): void;
  /** Links or addresses that are not ours changed. */
  linksChanged(links: ReadonlyMap<string, Link>): void;
  /** Whether an address of ours is renewed now and then, which makes news of it. */
  isRenewed(holding: Holding): boolean;
  /** Those of ours that nobody uses and that may go now. */
  removable(orphans: readonly Holding[]): Holding[];
  /** Whether an address that is not there any more has gone by itself, as it was not renewed in time. */
  hasExpired(holding: Holding): boolean;
}

/** See the file's comment. */
export class Watcher {
  private readonly schedule = new ReadingSchedule();
  private readonly limit: LogLimit;
  private readonly driver: NetworkDriver | undefined;
  private nextAudit = Number.POSITIVE_INFINITY;
  private toAudit: Holding[] = [];
  private readonly adoption: Adoption;
  /** The links that are not ours: as read last, and as told to the engine last. */
  private readonly seen = new LinkComparison();
  private readonly told = new LinkComparison();
  /** The interfaces of the virtual routers. One that is not Ethernet is none. */
  private readonly homes: ReadonlySet<string>;
  private readonly ports: Ports;
  /** The engine was told before they changed. */
  private untold = false;

  /** @param wake called when there is news to work on */
  constructor(
    private readonly parts: ActuatorParts,
    private readonly holdings: Holdings,
    private readonly changes: Changes,
    private readonly events: WatcherEvents,
    wake: () => void,
  ) {
    const { plugins, log, config } = parts;
    this.homes = new Set(config.virtualRouters.map(({ interface: name }) => name));
    this.limit = new LogLimit(log);
    this.driver = plugins.drivers.values().next().value;
    this.ports = new Ports(this.homes, (message) => log('warn', message));
    this.adoption = new Adoption(parts, holdings, changes);
    for (const driver of plugins.drivers.values()) {
      driver.watch((news) => {
        this.onNews(news);
        wake();
      });
    }
  }

  /** When {@link work} has something to do, monotonic ms. */
  get due(): number {
    return this.toAudit.length > 0 ? 0 : Math.min(this.schedule.due, this.nextAudit);
  }

  /** Does what is due. */
  async work(): Promise<void> {
    const now = performance.now();
    if (now >= this.nextAudit) {
      this.nextAudit = now + AUDIT_INTERVAL;
      this.schedule.ask('now', now);
      this.toAudit = [...this.holdings.all()].filter(({ resource }) => resource.kind === 'sysctl');
    }
    this.auditSettings(this.toAudit.splice(0, AUDIT_SLICE));
    if (now < this.schedule.due || !(await this.tryRead())) return;
    await this.takeBackOrphans();
    await this.refreshUnlisted();
  }

  /** As {@link read}. @returns whether the kernel could be read; if not, it is tried again */
  async tryRead(): Promise<boolean> {
    try {
      await this.read();
      return true;
    } catch (error) {
      this.limit.warn('reading', `cannot read links and addresses: ${messageOf(error)}`);
      this.schedule.postpone(performance.now() + READING_RETRY);
      return false;
    }
  }

  /** Reads links and addresses, finds what is gone, and tells whom it concerns. @throws whatever the driver throws */
  async read(): Promise<void> {
    const start = performance.now();
    this.schedule.started();
    const links = (await this.driver?.links()) ?? [];
    this.schedule.finished(start, performance.now());
    this.changes.view = new View(links);
    await this.followNames();
    this.changes.recognise();
    const { lost, removed, altered } = findDrift(this.holdings, this.changes.view);
    if (altered.length > 0) await this.restoreMacs(altered);
    for (const holding of removed) {
      if (holding.users.size === 0) continue;
      const what = describe(holding.resource);
      if (this.events.hasExpired(holding))
        this.limit.warn('lease', `the lease of the ${what} is over: it was not renewed in time`);
      else this.limit.warn('drift', `${what} was taken away by somebody else: putting it back`);
    }
    for (const holding of lost) {
      this.events.lost(holding);
      this.changes.forget(holding);
    }
    this.adoption.adopt();
    const foreign = this.foreignLinks();
    if (!this.seen.news([...foreign.values()])) return;
    this.untold = true;
    this.events.linksChanged(new Map([...foreign].filter(([, { ethernet }]) => ethernet)));
  }

  /** Takes back what of ours is on interfaces that have got other names; its users get it again where it belongs. */
  private async followNames(): Promise<void> {
    const moved = findMoved(this.holdings, this.changes.view);
    if (moved.length === 0) return;
    this.adoption.remember();
    for (const { holding, stray } of moved) {
      this.limit.warn(
        'moved',
        `${describe(holding.resource)} is now the ${describe(stray.resource)}, as its interface has another name: ` +
          'taking it back there',
      );
      this.events.lost(holding);
    }
    for (const [stray, { errno, message }] of await this.changes.takeBackMoved(moved)) {
      this.parts.log('warn', `cannot take back the ${describe(stray.resource)} yet: ${message}`, { errno });
    }
  }

  /** What nobody uses, and was found or could not be taken back before. */
  private async takeBackOrphans(): Promise<void> {
    const orphans = this.events.removable(this.holdings.orphans());
    if (orphans.length === 0) return;
    const refused = await this.changes.takeBack([orphans]);
    const retry = performance.now() + READING_RETRY;
    if (refused.size > 0 && retry < this.schedule.due) this.schedule.postpone(retry);
  }

  /** Looks at what reading doesn't show, for a start with an earlier run's journal: was it all really done? */
  async verify(): Promise<void> {
    this.auditSettings([...this.holdings.all()]);
    await this.refreshUnlisted();
  }

  /** Tells the engine what has changed of the links since it was told. */
  tellLinks(): void {
    if (!this.untold) return;
    this.untold = false;
    const news = this.told.news([...this.foreignLinks().values()]);
    if (news) this.parts.tellLinks(news.links, news.gone);
  }

  /** Starts the regular look at everything. */
  startAudits(): void {
    this.nextAudit = performance.now() + AUDIT_INTERVAL;
  }

  /** The Ethernet links, and others with an address that a router might send from, what is ours left out. */
  private foreignLinks(): ReadonlyMap<string, SeenLink> {
    const isOurs = (id: string) => {
      const holding = this.holdings.get(id);
      return holding !== undefined && mayBeOurs(holding);
    };
    const links = this.changes.view.links({
      link: (name) => isOurs(`link ${name}`),
      address: (name, address) => isOurs(`address ${name} ${address}`),
    });
    const told = links.filter(
      ({ name, ethernet, addresses }) => ethernet || (addresses.length > 0 && !this.homes.has(name)),
    );
    return new Map(this.ports.mark(told).map((link) => [link.name, link]));
  }

  private onNews(news: readonly KernelNews[]): void {
    const now = performance.now();
    for (const piece of news) {
      const urgency = this.urgencyOf(piece);
      if (urgency) this.schedule.ask(urgency, now);
    }
  }

  /** Most news of a burst is the echo of what we did ourselves: the view knows that already. */
  private urgencyOf(piece: KernelNews): Urgency | undefined {
    switch (piece.type) {
      case 'overrun':
        return 'now';
      case 'route':
        return piece.gone ? 'later' : undefined;
      case 'guard':
        return 'later';
      case 'link':
        return !piece.gone && this.holdings.get(`link ${piece.name}`) ? 'later' : 'now';
      case 'address':
        if (!piece.gone && this.isEcho(piece.index, piece.address)) return undefined;
        if (!piece.gone) return this.holdings.hasAddress(piece.address) ? 'later' : 'now';
        return this.changes.view.hasAddress(piece.index, piece.address) ? 'now' : 'later';
    }
  }

  /** The news are of an address that is there, as far as we know, and renewed: they tell nothing. */
  private isEcho(index: number, address: string): boolean {
    const { view } = this.changes;
    const name = view.hasAddress(index, address) ? view.nameOf(index) : undefined;
    const holding = name === undefined ? undefined : this.holdings.get(`address ${name} ${address}`);
    return holding !== undefined && this.events.isRenewed(holding);
  }

  private auditSettings(settings: readonly Holding[]): void {
    for (const holding of settings) {
      const { resource, state, users } = holding;
      const isSet = state === 'ours' || state === 'foreign';
      if (resource.kind !== 'sysctl' || !isSet || users.size === 0 || sysctlHolds(resource)) continue;
      if (resource.soft && state === 'foreign') continue; // it could not be set
      this.limit.warn('drift', `${describe(resource)} was changed by somebody else: setting it again`);
      this.events.lost(holding);
      this.changes.forget(holding);
    }
  }

  private async restoreMacs(altered: readonly Holding[]): Promise<void> {
    const refused = await this.changes.restoreMacs(altered);
    for (const holding of altered) {
      const { resource } = holding;
      const refusal = refused.get(holding);
      const change = `MAC address of the ${describe(resource)} was changed by somebody else`;
      this.limit.warn(
        'drift',
        refusal ? `the ${change} and cannot be set again: ${refusal.message}` : `the ${change}: set again`,
      );
      if (refusal) this.schedule.postpone(performance.now() + READING_RETRY);
    }
  }

  /** The kernel tells too little about routes and guards: ours are installed again and again, in vain as a rule. */
  private async refreshUnlisted(): Promise<void> {
    const { restored, gone } = await this.changes.refreshUnlisted();
    for (const { resource } of restored) {
      this.limit.warn('drift', `${describe(resource)} was taken away by somebody else: put back`);
    }
    for (const holding of gone) this.events.lost(holding);
    for (const holding of this.holdings.all()) {
      if (!isUnlisted(holding.resource)) continue;
      if (holding.state === 'unsure') this.events.lost(holding);
      if (holding.state !== 'foreign') continue;
      // It may not be there any more: the next attempt to install it tells.
      holding.state = 'missing';
      holding.wasForeign = true;
      this.events.lost(holding);
    }
  }
}
