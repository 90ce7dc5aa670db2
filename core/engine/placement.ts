/** Which virtual routers can run, and where: follows the links of the namespace as they come, change and go. */

import { native } from '../native/index.ts';
import type { Link } from '../plugin/contracts/index.ts';
import { PluginError } from '../plugin/load.ts';
import { messageOf } from '../shared/errors.ts';
import type { HandedSocket } from '../threads/engine-messages.ts';
import { Cause } from '../threads/event-ring.ts';
import { Int, macNumber, Num, State, type StateTable } from '../threads/state-table.ts';
import { arpProgram } from './arp-watch.ts';
import { Attachment, type Routing } from './attachment.ts';
import { EngineClaims } from './claims.ts';
import type { Engine } from './engine.ts';
import type { ErrorLog, GuardedFilter } from './guard.ts';
import { type Group, groupKey, type Place, type Plan, planFor } from './plan.ts';
import type { EngineRouter } from './router.ts';

/** Pauses in ms before what could not be done is tried again although no link has changed; the last one repeats. */
const BACK_OFF = [1000, 2000, 5000, 15_000];

/** Starts and stops the engine's routers as their interfaces allow. */
export class Placement {
  /** By link index and family. */
  private readonly attachments = new Map<string, Attachment>();
  /** Sockets of an engine before this one that are not used yet, by link index and family. */
  private readonly inherited = new Map<string, HandedSocket>();
  /** Names of the interfaces whose filter could not be used. */
  private readonly unfiltered = new Set<string>();
  /** By interface: why it could not be used when that was tried last. */
  private readonly complaints = new Map<string, string>();
  /** Until what could not be done is tried again. */
  private retry: NodeJS.Timeout | undefined;
  private retries = 0;
  /** Something could not be done that may be possible later. */
  private wanting = false;
  /** The sockets are another engine's now, or closed: nothing touches them any more. */
  private over = false;
  /** For the links as they were told last. */
  private plan: Plan = { links: [], places: [], groups: new Map() };
  private readonly claims: EngineClaims;
  /** Told what is configured and cannot be used, by topic; without a text once that is over. */
  onTrouble: (topic: string, text?: string) => void = () => {};

  /**
   * @param filters socket filter of each slot, undefined where none is wanted
   * @param log tells an error that the operator must know of
   */
  constructor(
    private readonly engine: Engine,
    private readonly table: StateTable,
    private readonly filters: readonly (GuardedFilter | undefined)[],
    private readonly log: ErrorLog,
    /** Told the sockets in use after every update. */
    private readonly onSockets: (sockets: HandedSocket[]) => void,
  ) {
    this.claims = new EngineClaims(log);
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
      this.table.setInt(slot, Int.Priority, place.owner ? 255 : router.config.priority);
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
    for (const socket of sockets) this.inherited.set(groupKey(socket.link, socket.family), socket);
  }

  /** As they were told last. */
  get links(): readonly Link[] {
    return this.plan.links;
  }

  /** The sockets in use. */
  get sockets(): HandedSocket[] {
    return [...this.attachments.values()].map(({ descriptor, arp, link, family }) => ({
      descriptor,
      ...(arp !== undefined && { arp }),
      link: link.index,
      family,
    }));
  }

  /** Brings every router in line with the links as they are now; does nothing after {@link letGo} or {@link shutdown}. */
  update(links: readonly Link[]): void {
    if (this.over) return;
    clearTimeout(this.retry);
    this.wanting = false;
    const { places, groups } = this.planOn(links);
    this.stopDisplaced(places);
    this.attach(groups);
    for (const router of this.engine.routers) this.settle(router, places[router.slot]!);
    this.engine.settle();
    if (this.wanting) this.tryAgain();
    else this.retries = 0;
  }

  /** Starts routers that another process ran until now. */
  retryClaims(): void {
    if (this.over || !this.claims.mayRunMore()) return;
    const { links } = this.plan;
    this.plan = { links: [], places: [], groups: new Map() };
    this.update(links);
  }

  /**
   * Lets an engine after this one have the sockets, which stay open. From here on nothing touches them.
   * @param leaving slots of routers that it will not run: they stop
   */
  letGo(leaving: readonly number[]): HandedSocket[] {
    if (this.over) throw new Error('the engine has no sockets any more');
    for (const slot of leaving)
      this.engine.stop(this.engine.routers[slot]!, Cause.Shutdown, State.Initialize);
    this.engine.settle();
    this.end();
    return this.sockets;
  }

  private end(): void {
    this.over = true;
    clearTimeout(this.retry);
    this.engine.close();
  }

  private tryAgain(): void {
    const pause = BACK_OFF[Math.min(this.retries++, BACK_OFF.length - 1)]!;
    this.retry = setTimeout(() => this.update(this.plan.links), pause);
    this.retry.unref();
  }

  private planOn(links: readonly Link[]): Plan {
    if (this.plan.links === links) return this.plan; // made ahead by `prepare`
    this.claims.letGo(this.engine.routers, links);
    const plan = planFor(this.engine.routers, links, (router, link) => this.claims.mayRun(router, link));
    for (const group of plan.groups.values()) {
      const program = this.filterOf(group);
      if (program) group.program = program;
    }
    this.plan = plan;
    return plan;
  }

  /** A group has a socket filter if all of its routers want one. */
  private filterOf({ link, family, routers }: Group): Uint32Array | undefined {
    const filters = routers.map((router) => this.filters[router.slot]);
    const filter = filters.includes(undefined) ? undefined : filters[0];
    if (!filter) return undefined;
    const vrids = routers.map((router) => router.config.vrid).sort((a, b) => a - b);
    try {
      const program = filter.program({ family, vrids });
      return Uint32Array.from(program.flatMap(({ code, jt, jf, k }) => [code, jt, jf, k]));
    } catch (error) {
      this.filterFailed(link, filter.plugin, error);
      return undefined;
    }
  }

  /** Tells once for each interface: programs are built anew whenever anything about a link changes. */
  private filterFailed(link: Link, plugin: string, error: unknown): void {
    if (this.unfiltered.has(link.name)) return;
    this.unfiltered.add(link.name);
    const message = `${link.name}: the socket filter of plugin ${plugin} is not used: ${messageOf(error)}`;
    this.log(`${message}: packets of other virtual routers wake the engine`, { interface: link.name });
    this.onTrouble(`filter ${link.name}`, message);
  }

  /**
   * Stops every router for good: those that are Master say so (RFC 3768 §6.4.3). Does nothing after {@link letGo}:
   * the routers are another engine's.
   */
  shutdown(): void {
    if (this.over) return;
    for (const router of this.engine.routers) {
      if (router.state !== State.Down) this.engine.stop(router, Cause.Shutdown, State.Initialize);
    }
    this.engine.settle();
    for (const attachment of this.attachments.values()) {
      this.engine.detach(attachment);
      attachment.close();
    }
    this.attachments.clear();
    this.end();
  }

  /** Stops the routers that cannot go on where they run, while their sockets are still there. */
  private stopDisplaced(places: readonly Place[]): void {
    for (const router of this.engine.routers) {
      const place = places[router.slot]!;
      if ('cause' in place) {
        // Without a link nothing can be sent, not even that we stop.
        if (place.cause === Cause.InterfaceMissing) router.attachment = undefined;
        if (router.state !== State.Down) this.engine.stop(router, place.cause, State.Down);
      } else if (router.attachment) {
        const owner = router.priority === 255;
        if (router.attachment.link.index !== place.link.index) {
          this.engine.stop(router, Cause.InterfaceMissing, State.Initialize);
        } else if (owner !== place.owner) {
          const cause = place.owner ? Cause.OwnershipGained : Cause.OwnershipLost;
          this.engine.stop(router, cause, State.Initialize);
        }
      }
    }
    this.engine.settle();
  }

  /** Opens and closes sockets until each interface in use has one for each family. */
  private attach(groups: ReadonlyMap<string, Group>): void {
    for (const [key, attachment] of this.attachments) {
      if (groups.has(key)) continue;
      this.engine.detach(attachment);
      attachment.close();
      this.attachments.delete(key);
    }
    for (const router of this.engine.routers) router.attachment = undefined;
    for (const [key, group] of groups) {
      const known = this.attachments.get(key);
      // The same link under another name has other routers.
      if (known && !known.serves(group.slotOfVrid)) known.reroute(this.routing(group));
      const attachment = known ?? this.open(key, group);
      if (attachment) attachment.link = group.link;
      else this.wanting = true;
      for (const router of group.routers) router.attachment = attachment;
    }
    for (const { descriptor, arp } of this.inherited.values()) {
      native.closeDescriptor(descriptor);
      if (arp !== undefined) native.closeDescriptor(arp);
    }
    this.inherited.clear();
    this.forgetFilters(groups);
    this.onSockets(this.sockets);
  }

  /** What cannot be filtered is over where nothing is used any more. */
  private forgetFilters(groups: ReadonlyMap<string, Group>): void {
    if (this.unfiltered.size === 0) return;
    const used = new Set([...groups.values()].map(({ link }) => link.name));
    for (const name of this.unfiltered) {
      if (used.has(name)) continue;
      this.unfiltered.delete(name);
      this.onTrouble(`filter ${name}`);
    }
  }

  private routing({ link, family, routers, slotOfVrid, program }: Group): Routing {
    const plugin = this.filters[routers[0]!.slot]?.plugin ?? '';
    return {
      slotOfVrid,
      ...(program && { program }),
      ...(family === 4 && {
        arpProgram: arpProgram(Uint8Array.from(routers.flatMap((router) => [...router.addresses]))),
      }),
      onFilterFailure: (error: unknown) => this.filterFailed(link, plugin, error),
    };
  }

  private open(key: string, group: Group): Attachment | undefined {
    const { link, family } = group;
    const routing = this.routing(group);
    try {
      const inherited = this.inherited.get(key);
      this.inherited.delete(key);
      const attachment = inherited
        ? Attachment.adopt(inherited.descriptor, link, family, routing, inherited.arp)
        : Attachment.open(link, family, routing);
      this.attachments.set(key, attachment);
      this.engine.attach(attachment);
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
  private settle(router: EngineRouter, place: Place): void {
    const { slot } = router;
    if ('cause' in place) {
      this.table.setInt(slot, Int.InterfaceIndex, 0);
      this.table.setNum(slot, Num.RetryAt, 0); // an interface that comes back is worth another attempt
      this.table.setNum(slot, Num.HardwareAddress, 0);
      return;
    }
    if (!router.attachment) {
      if (router.state !== State.Down) this.engine.stop(router, Cause.InterfaceUnusable, State.Down);
      return;
    }
    this.table.setInt(slot, Int.InterfaceIndex, place.link.index);
    this.table.setNum(slot, Num.HardwareAddress, macNumber(place.link.mac));
    const running = router.state === State.Backup || router.state === State.Master;
    // With rfc3768 = false the frames list the interface's other addresses too, so they are always built anew.
    if (running && router.config.rfc3768 && router.primaryText === place.primary) return;
    const primaryBefore = router.primaryText;
    router.setPrimary(place.primary);
    if (!running) {
      const priority = place.owner ? 255 : router.config.priority;
      if (place.owner !== (router.priority === 255)) this.engine.observer.ownership(slot, place.owner);
      this.table.setInt(slot, Int.Priority, priority);
    }
    try {
      this.engine.rebuildFrames(router, router.attachment.link);
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      // Its guard has told. A running router goes on with the frames that it has; both are tried again.
      router.setPrimary(primaryBefore);
      this.wanting = true;
      const mute = !running || router.frameLength === 0;
      if (mute && router.state !== State.Down) this.engine.stop(router, Cause.CannotSign, State.Down);
      return;
    }
    if (!running && this.table.num(slot, Num.RetryAt) === 0) this.engine.start(router, Cause.Startup);
  }
}
