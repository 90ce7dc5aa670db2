/**
 * Which virtual routers can run, and where: follows the links of the namespace as they come, change and go. Here is when
 * which routers are placed anew; plan.ts finds their places, attachments.ts opens their sockets, startup.ts has them run.
 */
import type { Link } from '../plugin/contracts/index.ts';
import { messageOf } from '../shared/errors.ts';
import type { HandedSocket } from '../threads/engine-messages.ts';
import { Cause } from '../threads/event-ring.ts';
import type { LinkNews } from '../threads/link-news.ts';
import { State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { Attachments } from './attachments.ts';
import { Carriers } from './carriers.ts';
import { EngineClaims } from './claims.ts';
import { Ears } from './ears.ts';
import type { Engine } from './engine.ts';
import type { ErrorLog, GuardedFilter } from './guard.ts';
import { Interfaces } from './interfaces.ts';
import { kernelIo, type PlacementIo } from './io.ts';
import { LinkQueue } from './link-queue.ts';
import { catchUp } from './memories.ts';
import { type Group, type Place, type Plan, planFor } from './plan.ts';
import type { EngineRouter } from './router.ts';
import { SocketFilters } from './socket-filters.ts';
import { Startup } from './startup.ts';

/** Pauses in ms before what could not be done is tried again although no link has changed; the last one repeats. */
const BACK_OFF = [1000, 2000, 5000, 15_000];

/**
 * What is done of news of links in one turn: a link counts one, each of its routers one. Some ms; packets and deadlines
 * have their turn before the next.
 */
const TURN_BUDGET = 64;

const NO_PLAN: Plan = { links: [], places: [], groups: new Map() };

/** Starts and stops the engine's routers as their interfaces allow. */
export class Placement {
  private readonly interfaces: Interfaces;
  private readonly attachments: Attachments;
  private readonly startup: Startup;
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
    table: EngineTable,
    filters: readonly (GuardedFilter | undefined)[],
    private readonly log: ErrorLog,
    /** Told what sockets have been closed, then opened. */
    onSockets: (closed: number[], opened: HandedSocket[]) => void,
    /** Default: the kernel's. */
    private readonly io: PlacementIo = kernelIo,
  ) {
    this.interfaces = new Interfaces(engine.routers);
    this.filters = new SocketFilters(filters, log, (topic, text) => this.onTrouble(topic, text));
    this.attachments = new Attachments(engine, io, this.filters, log, onSockets);
    this.startup = new Startup(engine, table);
    this.claims = new EngineClaims(io, log);
    this.carriers = new Carriers(engine, table, engine.clock, io.after, (name) => this.lookAgainAt([name]));
    this.ears = new Ears(
      engine,
      engine.clock,
      io,
      () => this.links,
      (ear) => this.attachments.hasOpened(ear),
      (descriptor) => onSockets([descriptor], []),
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
      this.startup.prepare(this.engine.routers[slot]!, place, spare);
    }
  }

  /** Sockets of an engine before this one, to be used by the next {@link update}. */
  inherit(sockets: readonly HandedSocket[]): void {
    this.attachments.inherit(sockets);
  }

  /** As they were told last. */
  get links(): readonly Link[] {
    return this.queue.latest();
  }

  /** The sockets in use. */
  get sockets(): HandedSocket[] {
    return [...this.attachments.all, ...this.ears.sockets].map(({ handed }) => handed);
  }

  /** Brings every router in line with the links as they are now; does nothing after {@link letGo} or {@link shutdown}. */
  update(links: readonly Link[]): void {
    if (this.over) return;
    this.callOff();
    this.wanting.clear();
    this.engine.holds.begin();
    const { places, groups } = this.planOn(links);
    this.queue.reset(links);
    this.interfaces.followSources(links);
    this.place(this.engine.routers, places, groups, this.attachments.keys);
    this.ears.follow((key) => this.attachments.takeInherited(key)?.descriptor);
    this.attachments.closeInherited();
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
    const { interfaces } = this;
    const { names: changed, indices } = this.queue.next(
      (name) => 1 + interfaces.routersOn(name).length,
      TURN_BUDGET,
    );
    if (interfaces.haveSources) this.queue.again(interfaces.followSources(this.queue.latest()));
    const names = interfaces.withSharers(changed);
    const routers = names.flatMap((name) => interfaces.routersOn(name));
    if (routers.length > 0) {
      for (const name of names) this.wanting.delete(name);
      const { places, groups } = this.planFor(routers, this.queue.of(names), this.links);
      for (const [key, group] of groups) {
        if (!this.attachments.serves(key, group)) this.filters.add(group);
      }
      const stale = Attachments.keysOf(indices, routers);
      this.place(routers, places, groups, stale);
      this.filters.forget(names, groups);
      this.conclude();
    }
    if (!this.queue.isEmpty) this.turn = this.io.soon(() => this.takeTurn());
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
    this.startup.stopDisplaced(routers, places);
    for (const name of this.attachments.follow(routers, groups, stale)) this.wanting.add(name);
    for (const [at, router] of routers.entries()) {
      if (!this.startup.startOrStop(router, places[at]!)) this.wanting.add(router.config.interface);
    }
  }

  /** Sends what has come of it, tells the sockets, sees to what could not be done. */
  private conclude(): void {
    this.engine.reviewGroups();
    this.engine.settle();
    this.ears.follow();
    this.attachments.tell();
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
    this.attachments.refilter(this.planOn(links).groups);
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
    this.attachments.shutdown();
    this.ears.shutdown();
    this.end();
  }
}
