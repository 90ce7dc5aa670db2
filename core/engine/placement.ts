/** Which virtual routers can run, and where: follows the links of the namespace as they come, change and go. */
import type { Link } from '../plugin/contracts/index.ts';
import { PluginError } from '../plugin/load.ts';
import { messageOf } from '../shared/errors.ts';
import type { HandedSocket } from '../threads/engine-messages.ts';
import { Cause, causeParts } from '../threads/event-ring.ts';
import type { LinkNews } from '../threads/link-news.ts';
import { Int, macNumber, Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { arpProgram } from './arp-watch.ts';
import { Attachment, type Routing } from './attachment.ts';
import { Carriers } from './carriers.ts';
import { EngineClaims } from './claims.ts';
import { Ears } from './ears.ts';
import type { Engine } from './engine.ts';
import type { ErrorLog, GuardedFilter } from './guard.ts';
import { kernelIo, type PlacementIo } from './io.ts';
import { LinkQueue } from './link-queue.ts';
import { catchUp } from './memories.ts';
import { ndProgram } from './nd-watch.ts';
import { addressesOf } from './peer-source.ts';
import { type Group, type Place, type Plan, planFor } from './plan.ts';
import type { EngineRouter } from './router.ts';
import { SocketFilters } from './socket-filters.ts';
import { ANNOUNCE, groupKey, handedKey } from './use.ts';

/** Pauses in ms before what could not be done is tried again although no link has changed; the last one repeats. */
const BACK_OFF = [1000, 2000, 5000, 15_000];

/**
 * What is done of news of links in one turn: a link counts one, each of its routers one. Some ms; packets and deadlines
 * have their turn before the next.
 */
const TURN_BUDGET = 64;

/** What keeps a router from running, and is the link's own. */
const LINK_LOST: readonly number[] = [Cause.InterfaceMissing, Cause.InterfaceDown];

const NO_PLAN: Plan = { links: [], places: [], groups: new Map() };

/** Starts and stops the engine's routers as their interfaces allow. */
export class Placement {
  /** By `groupKey`. */
  private readonly attachments = new Map<string, Attachment>();
  /** Sockets of an engine before this one that are not used yet, by `groupKey`. */
  private readonly inherited = new Map<string, HandedSocket>();
  /** By interface: why it could not be used when that was tried last. */
  private readonly complaints = new Map<string, string>();
  /** Calls off that what could not be done is tried again; absent: nothing is to be. */
  private retry: (() => void) | undefined;
  private retries = 0;
  /** Interfaces on which something could not be done that may be possible later. */
  private readonly wanting = new Set<string>();
  /** The sockets are another engine's now, or closed: nothing touches them any more. */
  private over = false;
  /** For the links as they were told last. */
  private plan = NO_PLAN;
  /** The links that the routers have been placed on, and those that wait for their turn. */
  private readonly queue = new LinkQueue();
  /** Calls off the next turn of the queue; absent: there is nothing in it. */
  private turn: (() => void) | undefined;
  /** By interface. */
  private readonly routersOn = new Map<string, EngineRouter[]>();
  /** By interface that routers of other interfaces announce on: these. */
  private readonly homesOf = new Map<string, Set<string>>();
  /** Routers that name a `source`, which may be on any interface. */
  private readonly sourced: readonly EngineRouter[];
  /** Those of their sources that the host had at the last look. */
  private sources: ReadonlySet<string> = new Set();
  /** What became of the sockets since that was told. */
  private readonly closed: number[] = [];
  private readonly opened: Attachment[] = [];
  private readonly filters: SocketFilters;
  private readonly claims: EngineClaims;
  private readonly carriers: Carriers;
  private readonly ears: Ears;
  /** Told what is configured and cannot be used, by topic; without a text once that is over. */
  onTrouble: (topic: string, text?: string) => void = () => {};

  /**
   * @param filters socket filter of each slot, undefined where none is wanted
   * @param log tells an error that the operator must know of
   */
  constructor(
    private readonly engine: Engine,
    private readonly table: EngineTable,
    filters: readonly (GuardedFilter | undefined)[],
    private readonly log: ErrorLog,
    /** Told what sockets have been closed, then opened. */
    private readonly onSockets: (closed: number[], opened: HandedSocket[]) => void,
    /** Default: the kernel's. */
    private readonly io: PlacementIo = kernelIo,
  ) {
    for (const router of engine.routers) {
      const { interface: name } = router.config;
      const others = this.routersOn.get(name);
      if (others) others.push(router);
      else this.routersOn.set(name, [router]);
    }
    for (const router of engine.routers) {
      for (const name of router.addresses.elsewhere) {
        const homes = this.homesOf.get(name) ?? new Set();
        this.homesOf.set(name, homes.add(router.config.interface));
      }
    }
    this.sourced = engine.routers.filter(({ config }) => config.source !== undefined);
    this.filters = new SocketFilters(filters, log, (topic, text) => this.onTrouble(topic, text));
    this.claims = new EngineClaims(io, log);
    this.carriers = new Carriers(engine, table, engine.clock, io.after, (name) => this.lookAgainAt([name]));
    this.ears = new Ears(
      engine,
      engine.clock,
      io,
      () => this.links,
      (ear) => this.opened.push(ear),
      (descriptor) => this.onSockets([descriptor], []),
      ({ name }, error) =>
        log(
          `${name}: cannot tell whether anything is heard: ${messageOf(error)}: it is waited for all the same`,
          {
            interface: name,
          },
        ),
    );
  }

  /**
   * Builds in advance what {@link update} will need.
   * @param spare routers that cannot sign: `update` sees to them; otherwise they are a reason not to start
   * @throws PluginError if an advertisement cannot be signed
   */
  prepare(links: readonly Link[], spare = false): void {
    for (const [slot, place] of this.planOn(links).places.entries()) {
      if ('cause' in place) continue;
      const router = this.engine.routers[slot]!;
      router.setPrimary(place.primary);
      this.table.setInt(slot, Int.Priority, router.priorityAs(place.owner));
      try {
        this.engine.rebuildFrames(router, place.link);
      } catch (error) {
        if (!spare || !(error instanceof PluginError)) throw error;
        router.setPrimary('');
      }
    }
  }

  /** Sockets of an engine before this one, to be used by the next {@link update}. */
  inherit(sockets: readonly HandedSocket[]): void {
    for (const socket of sockets) this.inherited.set(handedKey(socket), socket);
  }

  /** As they were told last. */
  get links(): readonly Link[] {
    return this.queue.latest();
  }

  /** The sockets in use. */
  get sockets(): HandedSocket[] {
    return [...this.attachments.values(), ...this.ears.sockets].map(handed);
  }

  /** Brings every router in line with the links as they are now; does nothing after {@link letGo} or {@link shutdown}. */
  update(links: readonly Link[]): void {
    if (this.over) return;
    this.callOff();
    this.wanting.clear();
    this.engine.holds.begin();
    const { places, groups } = this.planOn(links);
    this.queue.reset(links);
    this.sources = this.presentSources(links);
    const { routers } = this.engine;
    this.place(routers, places, groups, new Set(this.attachments.keys()));
    this.ears.follow((key) => {
      const descriptor = this.inherited.get(key)?.descriptor;
      this.inherited.delete(key);
      return descriptor;
    });
    for (const { descriptor, watch, membership } of this.inherited.values()) {
      for (const one of [descriptor, watch, membership]) {
        if (one !== undefined) this.io.sockets.closeDescriptor(one);
      }
    }
    this.inherited.clear();
    this.filters.forget(undefined, groups);
    this.conclude();
  }

  /**
   * Brings the routers of links that have changed in line with them, and touches no others: a part of them at once, the
   * rest turn by turn.
   */
  change(news: Omit<LinkNews, 'type'>): void {
    if (this.over) {
      this.queue.hear(news); // should the sockets be taken back
      return;
    }
    if (!news.gone) {
      this.update(news.links);
      return;
    }
    this.queue.hear(news);
    if (!this.turn) this.takeTurn();
  }

  /** One turn of the queue. */
  private takeTurn(): void {
    this.turn = undefined;
    if (this.over || this.queue.isEmpty) return;
    this.plan = NO_PLAN;
    const on = (name: string): readonly EngineRouter[] => this.routersOn.get(name) ?? [];
    const { names: changed, indices } = this.queue.next((name) => 1 + on(name).length, TURN_BUDGET);
    this.followSources();
    const names = this.withSharers(changed);
    const routers = names.flatMap(on);
    if (routers.length > 0) {
      for (const name of names) this.wanting.delete(name);
      const { places, groups } = this.planFor(routers, this.queue.of(names), this.links);
      for (const [key, group] of groups) {
        if (!this.attachments.get(key)?.serves(group.slotOfVrid)) this.filters.add(group);
      }
      const stale = new Set([...indices.flatMap(keysOn), ...routers.flatMap(peersKey)]);
      this.place(routers, places, groups, stale);
      this.filters.forget(names, groups);
      this.conclude();
    }
    if (!this.queue.isEmpty) this.turn = this.io.soon(() => this.takeTurn());
  }

  /** A `source` that comes or goes concerns its router, whatever interface it is on: that one's turn comes. */
  private followSources(): void {
    if (this.sourced.length === 0) return;
    const before = this.sources;
    this.sources = this.presentSources(this.queue.latest());
    const names = new Set<string>();
    for (const { config } of this.sourced) {
      if (before.has(config.source!) !== this.sources.has(config.source!)) names.add(config.interface);
    }
    this.queue.again(names);
  }

  /** A link-local one is its interface's affair. */
  private presentSources(links: readonly Link[]): ReadonlySet<string> {
    if (this.sourced.length === 0) return this.sources;
    const host = addressesOf(links);
    return new Set(this.sourced.map(({ config }) => config.source!).filter((source) => host.has(source)));
  }

  /**
   * With the interfaces whose routers name the same `source`, or announce on one of them: they share a socket, and are
   * placed together.
   */
  private withSharers(changed: readonly string[]): readonly string[] {
    const names = this.withAnnouncers(changed);
    if (this.sourced.length === 0) return names;
    const here = new Set(names);
    const shared = new Set(
      this.sourced.filter(({ config }) => here.has(config.interface)).map(({ config }) => config.source),
    );
    for (const { config } of this.sourced) if (shared.has(config.source)) here.add(config.interface);
    return [...here];
  }

  private withAnnouncers(names: readonly string[]): readonly string[] {
    if (this.homesOf.size === 0) return names;
    const all = new Set(names);
    // All that announce on an interface whose socket may be closed, those of its own routers' other interfaces too.
    for (const name of all) {
      for (const home of this.homesOf.get(name) ?? []) all.add(home);
      for (const { addresses } of this.routersOn.get(name) ?? []) {
        for (const on of addresses.elsewhere) all.add(on);
      }
    }
    return [...all];
  }

  /** Has the routers of these slots looked at again, as if their links had changed. */
  lookAgain(slots: Iterable<number>): void {
    if (this.over) return;
    const names = new Set<string>();
    for (const slot of slots) names.add(this.engine.routers[slot]!.config.interface);
    this.lookAgainAt(names);
  }

  private lookAgainAt(names: Iterable<string>): void {
    if (this.over) return;
    this.queue.again(names);
    if (!this.turn) this.takeTurn();
  }

  /** Stops what cannot go on, opens what is needed, starts what can run. @param stale sockets that may be needless now */
  private place(
    routers: readonly EngineRouter[],
    places: readonly Place[],
    groups: ReadonlyMap<string, Group>,
    stale: ReadonlySet<string>,
  ): void {
    this.stopDisplaced(routers, places);
    this.attach(routers, groups, stale);
    for (const [at, router] of routers.entries()) this.startOrStop(router, places[at]!);
  }

  /** Sends what has come of it, tells the sockets, sees to what could not be done. */
  private conclude(): void {
    this.engine.reviewGroups();
    this.engine.settle();
    this.ears.follow();
    if (this.closed.length + this.opened.length > 0) {
      this.onSockets(this.closed.splice(0), this.opened.splice(0).map(handed));
    }
    if (this.wanting.size > 0) this.tryAgain();
    else {
      this.retry?.();
      this.retry = undefined;
      this.retries = 0;
    }
  }

  /** Starts routers that another process ran until now. */
  retryClaims(): void {
    if (this.over || !this.claims.mayRunMore()) return;
    this.lookAgain(this.engine.routers.keys());
  }

  /**
   * Lets an engine after this one have the sockets, which stay open. From here on nothing touches them.
   * @param leaving slots of routers that it will not run: they stop
   */
  letGo(leaving: readonly number[]): HandedSocket[] {
    this.lastWords(leaving);
    this.end();
    return this.sockets;
  }

  /** The same, until {@link takeBack}. */
  lend(leaving: readonly number[]): HandedSocket[] {
    this.lastWords(leaving);
    this.over = true;
    this.callOff();
    this.ears.stop(); // a carrier that is lost meanwhile is seen afterwards
    this.engine.suspend();
    return this.sockets;
  }

  /** Goes on after {@link lend}, on the links as they are by now; whoever had the sockets may have changed their filters. */
  takeBack(): void {
    this.over = false;
    this.plan = NO_PLAN;
    catchUp(this.engine.routers, (error) =>
      this.log(`${messageOf(error)}: what was accepted meanwhile may be accepted again`, {}),
    );
    const links = this.queue.latest();
    for (const [key, group] of this.planOn(links).groups)
      this.attachments.get(key)?.reroute(this.routing(group));
    this.engine.reopen();
    this.update(links);
  }

  private lastWords(leaving: readonly number[]): void {
    if (this.over) throw new Error('the engine has no sockets any more');
    this.engine.dissolveGroups();
    for (const slot of leaving)
      this.engine.stop(this.engine.routers[slot]!, Cause.Shutdown, State.Initialize);
    this.engine.bridge();
    this.engine.settle();
  }

  private end(): void {
    this.over = true;
    this.callOff();
    this.carriers.stop();
    this.ears.stop();
    this.engine.close();
  }

  private callOff(): void {
    this.retry?.();
    this.retry = undefined;
    this.turn?.();
    this.turn = undefined;
  }

  private tryAgain(): void {
    if (this.retry) return;
    const pause = BACK_OFF[Math.min(this.retries++, BACK_OFF.length - 1)]!;
    this.retry = this.io.after(pause, () => {
      this.retry = undefined;
      this.queue.again(this.wanting);
      if (!this.turn) this.takeTurn();
    });
  }

  private planOn(links: readonly Link[]): Plan {
    // Made ahead by `prepare`: but what a carrier was before is known since then.
    if (this.plan.links === links && !this.carriers.used) return this.plan;
    const plan = this.planFor(this.engine.routers, links);
    for (const group of plan.groups.values()) this.filters.add(group);
    this.plan = plan;
    return plan;
  }

  /** @param links those of the routers at least */
  private planFor(routers: readonly EngineRouter[], links: readonly Link[], all = links): Plan {
    this.claims.letGo(routers, links);
    const seen = this.carriers.see(links);
    const plan = planFor(routers, seen, (router, link) => this.claims.mayRun(router, link), all);
    return seen === links ? plan : { ...plan, links };
  }

  /**
   * Stops every router for good: those that are Master say so (RFC 3768 §6.4.3). Does nothing after {@link letGo}:
   * the routers are another engine's.
   */
  shutdown(): void {
    if (this.over) return;
    this.engine.dissolveGroups();
    for (const router of this.engine.routers) {
      if (router.state !== State.Down) this.engine.stop(router, Cause.Shutdown, State.Initialize);
    }
    this.engine.settle();
    for (const attachment of this.attachments.values()) {
      this.engine.detach(attachment);
      attachment.close();
    }
    this.attachments.clear();
    this.ears.shutdown();
    this.end();
  }

  /** Stops the routers that cannot go on where they run, while their sockets are still there. */
  private stopDisplaced(routers: readonly EngineRouter[], places: readonly Place[]): void {
    this.engine.together(() => this.stopAll(routers, places));
    this.engine.settle();
  }

  private stopAll(routers: readonly EngineRouter[], places: readonly Place[]): void {
    for (const [at, router] of routers.entries()) {
      const place = places[at]!;
      if ('cause' in place) {
        // Without a link nothing can be sent, not even that we stop.
        if (place.cause === Cause.InterfaceMissing) router.leaveLink();
        if (router.state !== State.Down) this.engine.stop(router, place.cause, State.Down);
      } else if (router.link) {
        const owner = router.priority === 255;
        if (router.link.index !== place.link.index) {
          this.engine.holds.see(router, false);
          this.engine.stop(router, Cause.InterfaceMissing, State.Initialize);
        } else if (owner !== place.owner) {
          const cause = place.owner ? Cause.OwnershipGained : Cause.OwnershipLost;
          this.engine.stop(router, cause, State.Initialize);
        }
      }
    }
  }

  /** Opens and closes sockets until each interface of these routers that is in use has one for each family. */
  private attach(
    routers: readonly EngineRouter[],
    groups: ReadonlyMap<string, Group>,
    stale: ReadonlySet<string>,
  ): void {
    for (const key of stale) {
      const attachment = this.attachments.get(key);
      if (!attachment || groups.has(key)) continue;
      this.engine.detach(attachment);
      attachment.close(this.io.closeLater);
      this.attachments.delete(key);
      this.closed.push(attachment.descriptor);
    }
    for (const router of routers) router.leaveLink();
    for (const [key, group] of groups) {
      const known = this.attachments.get(key);
      // The same link under another name has other routers.
      if (known && !known.serves(group.slotOfVrid)) known.reroute(this.routing(group));
      const attachment = known ?? this.open(key, group);
      if (attachment) attachment.link = group.link;
      else this.wanting.add(group.link.name);
      for (const router of group.routers) {
        const { name } = group.link;
        if (group.use.kind === 'announce' && name !== router.config.interface) {
          if (attachment) router.announcingOn.set(name, attachment);
        } else if (group.use.kind === 'announce') router.announcing = attachment;
        else router.attachment = attachment;
      }
    }
  }

  private routing({ link, family, use, routers, slotOfVrid, program, strangers }: Group): Routing {
    const plugin = use.kind === 'peers' ? 'rvrrpd' : this.filters.pluginOf(routers[0]!);
    const here = routers.filter(({ config }) => config.interface === link.name);
    const addresses = Uint8Array.from(here.flatMap((router) => [...router.addresses.octets]));
    return {
      slotOfVrid,
      ...(program && { program }),
      ...(here.length > 0 && {
        watchProgram: strangers ?? (family === 4 ? arpProgram(addresses) : ndProgram(addresses)),
      }),
      onFilterFailure: (error: unknown) => this.filters.failed(link, plugin, error),
      onUnreported: (error: unknown) => this.log(unreported(link, family, error), { interface: link.name }),
    };
  }

  private open(key: string, group: Group): Attachment | undefined {
    const { link, family, use } = group;
    const routing = this.routing(group);
    try {
      const inherited = this.inherited.get(key);
      this.inherited.delete(key);
      const attachment = inherited
        ? Attachment.adopt(inherited.descriptor, link, family, routing, inherited, this.io.sockets, use)
        : Attachment.open(link, family, routing, this.io.sockets, use);
      this.attachments.set(key, attachment);
      this.engine.attach(attachment);
      this.opened.push(attachment);
      this.complaints.delete(link.name);
      return attachment;
    } catch (error) {
      const message = `cannot use interface ${link.name}: ${messageOf(error)}; trying again`;
      if (this.complaints.get(link.name) !== message) this.log(message, { interface: link.name });
      this.complaints.set(link.name, message);
      return undefined;
    }
  }

  /** Starts a router that can run and does not, and gives a running one its new primary address. */
  private startOrStop(router: EngineRouter, place: Place): void {
    const { slot } = router;
    this.engine.holds.see(router, !('cause' in place && LINK_LOST.includes(place.cause)));
    if ('cause' in place) {
      this.table.setInt(slot, Int.InterfaceIndex, 0);
      this.table.setNum(slot, Num.RetryAt, 0); // an interface that comes back is worth another attempt
      this.table.setNum(slot, Num.HardwareAddress, 0);
      return;
    }
    if (!router.attachment || (router.config.peers && !router.announcing)) {
      if (router.state !== State.Down) this.engine.stop(router, Cause.InterfaceUnusable, State.Down);
      return;
    }
    this.table.setInt(slot, Int.InterfaceIndex, place.link.index);
    this.table.setNum(slot, Num.HardwareAddress, macNumber(place.link.mac));
    const running = router.state === State.Backup || router.state === State.Master;
    // Frames that list the interface's other addresses too are always built anew.
    if (running && !router.frames.listOwn && router.primaryText === place.primary) return;
    const primaryBefore = router.primaryText;
    router.setPrimary(place.primary);
    if (!running) {
      const priority = router.priorityAs(place.owner);
      if (place.owner !== (router.priority === 255)) this.engine.observer.ownership(slot, place.owner);
      this.table.setInt(slot, Int.Priority, priority);
    }
    try {
      this.engine.rebuildFrames(router, place.link);
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      // Its guard has told. A running router goes on with the frames that it has; both are tried again.
      router.setPrimary(primaryBefore);
      this.wanting.add(router.config.interface);
      const mute = !running || router.frames.length === 0;
      if (mute && router.state !== State.Down) this.engine.stop(router, Cause.CannotSign, State.Down);
      return;
    }
    if (running || this.table.num(slot, Num.RetryAt) !== 0) return;
    const fault = this.table.int(slot, Int.Fault);
    if (fault !== 0) {
      // One that waits for a tracker has never run, or not here: it is where it begins.
      const failed = causeParts(fault).cause === Cause.TrackerFailed;
      if (failed && router.state !== State.Down) this.engine.stop(router, fault, State.Down);
      return;
    }
    this.engine.start(router, router.startCause ?? Cause.Startup);
    router.startCause = undefined;
  }
}

/** Keys of the sockets that are a link's. */
function keysOn(index: number): string[] {
  return ([4, 6] as const).flatMap((family) => [groupKey(index, family), groupKey(index, family, ANNOUNCE)]);
}

/** Key of a router's raw IP socket, if it has one. */
function peersKey({ attachment }: EngineRouter): string[] {
  return attachment?.use.kind === 'peers' ? [attachment.key] : [];
}

/** What an engine after this one gets of an attachment. */
function handed({ descriptor, watch, membership, link, family, use }: Attachment): HandedSocket {
  return {
    descriptor,
    ...(watch !== undefined && { watch }),
    ...(membership !== undefined && { membership }),
    ...{ link: use.kind === 'peers' ? use.on : link.index, family },
    ...(use.kind === 'peers' && { source: use.source }),
    ...(use.kind === 'announce' && { announce: true as const }),
    ...(use.kind === 'ear' && { ear: true as const }),
  };
}

function unreported({ name }: Link, family: 4 | 6, error: unknown): string {
  const [group, protocol] = family === 4 ? ['224.0.0.18', 'IGMP'] : ['ff02::12', 'MLD'];
  return (
    `${name}: membership of ${group} is not reported to the network: ${messageOf(error)}; a switch that snoops ` +
    `${protocol} may keep advertisements from us`
  );
}
