/**
 * The sockets that virtual routers run on: opened as links come, shared by the routers of a group, closed. What an engine
 * before this one had open is used on, and what is open is there for one after it.
 */
import type { Link } from '../plugin/contracts/index.ts';
import { messageOf } from '../shared/errors.ts';
import type { HandedSocket } from '../threads/engine-messages.ts';
import { Attachment, type Routing } from './attachment.ts';
import type { Engine } from './engine.ts';
import type { ErrorLog } from './guard.ts';
import type { PlacementIo } from './io.ts';
import type { Group } from './plan.ts';
import type { EngineRouter } from './router.ts';
import type { SocketFilters } from './socket-filters.ts';
import { ANNOUNCE, groupKey, handedKey } from './use.ts';

/** See the file's comment. */
export class Attachments {
  /** By `groupKey`. */
  private readonly open = new Map<string, Attachment>();
  /** Sockets of an engine before this one that are not used yet, by `groupKey`. */
  private readonly inherited = new Map<string, HandedSocket>();
  /** By interface: why it could not be used when that was tried last. */
  private readonly complaints = new Map<string, string>();
  /** What became of the sockets since that was told. */
  private readonly closed: number[] = [];
  private readonly opened: Attachment[] = [];

  /** @param onSockets told what sockets have been closed, then opened */
  constructor(
    private readonly engine: Pick<Engine, 'attach' | 'detach'>,
    private readonly io: Pick<PlacementIo, 'sockets' | 'closeLater'>,
    private readonly filters: SocketFilters,
    private readonly log: ErrorLog,
    private readonly onSockets: (closed: number[], opened: HandedSocket[]) => void,
  ) {}

  /** Those that are open. */
  get all(): readonly Attachment[] {
    return [...this.open.values()];
  }

  /** The keys of those that are open. */
  get keys(): ReadonlySet<string> {
    return new Set(this.open.keys());
  }

  /** The keys of those that may be needless once links of these indices have changed, and these routers' places. */
  static keysOf(indices: readonly number[], routers: readonly EngineRouter[]): ReadonlySet<string> {
    return new Set([...indices.flatMap(keysOn), ...routers.flatMap(peersKey)]);
  }

  /** Whether a group has its socket, which lets the packets of its routers through and no others. */
  serves(key: string, { slotOfVrid }: Group): boolean {
    return this.open.get(key)?.serves(slotOfVrid) === true;
  }

  /** Sockets of an engine before this one, to be used by the next {@link follow}. */
  inherit(sockets: readonly HandedSocket[]): void {
    for (const socket of sockets) this.inherited.set(handedKey(socket), socket);
  }

  /** The socket of an engine before this one that has this key, undefined if there is none: it is the caller's. */
  takeInherited(key: string): HandedSocket | undefined {
    const socket = this.inherited.get(key);
    this.inherited.delete(key);
    return socket;
  }

  /** Closes what was inherited and nobody has taken. */
  closeInherited(): void {
    for (const { descriptor, watch, membership } of this.inherited.values()) {
      for (const one of [descriptor, watch, membership]) {
        if (one !== undefined) this.io.sockets.closeDescriptor(one);
      }
    }
    this.inherited.clear();
  }

  /**
   * Opens and closes sockets until each interface of these routers that is in use has one for each family, and gives them
   * to the routers.
   * @param stale keys of those that are closed unless a group needs them
   * @returns names of the interfaces on which one could not be opened, which is told
   */
  follow(
    routers: readonly EngineRouter[],
    groups: ReadonlyMap<string, Group>,
    stale: ReadonlySet<string>,
  ): readonly string[] {
    for (const key of stale) if (!groups.has(key)) this.close(key);
    for (const router of routers) router.leaveLink();
    const failed: string[] = [];
    for (const [key, group] of groups) {
      const attachment = this.use(key, group) ?? this.start(key, group);
      if (attachment) attachment.link = group.link;
      else failed.push(group.link.name);
      for (const router of group.routers) give(attachment, router, group);
    }
    return failed;
  }

  /** Has the kernel filter anew for these groups, where they have their sockets: somebody else may have changed that. */
  refilter(groups: ReadonlyMap<string, Group>): void {
    for (const [key, group] of groups) this.open.get(key)?.reroute(this.routing(group));
  }

  /** One that somebody else has opened: {@link tell} tells it too. */
  hasOpened(attachment: Attachment): void {
    this.opened.push(attachment);
  }

  /** Tells what has been closed and opened since the last time. */
  tell(): void {
    if (this.closed.length + this.opened.length === 0) return;
    this.onSockets(
      this.closed.splice(0),
      this.opened.splice(0).map(({ handed }) => handed),
    );
  }

  /** Closes all of them, before this returns. */
  shutdown(): void {
    for (const attachment of this.open.values()) {
      this.engine.detach(attachment);
      attachment.close();
    }
    this.open.clear();
  }

  private close(key: string): void {
    const attachment = this.open.get(key);
    if (!attachment) return;
    this.engine.detach(attachment);
    attachment.close(this.io.closeLater);
    this.open.delete(key);
    this.closed.push(attachment.descriptor);
  }

  /** The one that is open. The same link under another name has other routers. */
  private use(key: string, group: Group): Attachment | undefined {
    const known = this.open.get(key);
    if (known && !known.serves(group.slotOfVrid)) known.reroute(this.routing(group));
    return known;
  }

  private start(key: string, group: Group): Attachment | undefined {
    const { link, family, use } = group;
    const routing = this.routing(group);
    try {
      const inherited = this.takeInherited(key);
      const attachment = inherited
        ? Attachment.adopt(inherited.descriptor, link, family, routing, inherited, this.io.sockets, use)
        : Attachment.open(link, family, routing, this.io.sockets, use);
      this.open.set(key, attachment);
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

  private routing(group: Group): Routing {
    const { link, family } = group;
    return {
      ...this.filters.routing(group),
      onUnreported: (error: unknown) => this.log(unreported(link, family, error), { interface: link.name }),
    };
  }
}

/** @param attachment of its group; absent: it could not be opened */
function give(
  attachment: Attachment | undefined,
  router: EngineRouter,
  { link: { name }, use }: Group,
): void {
  if (use.kind !== 'announce') router.attachment = attachment;
  else if (name === router.config.interface) router.announcing = attachment;
  else if (attachment) router.announcingOn = new Map(router.announcingOn).set(name, attachment);
}

/** Keys of the sockets that are a link's. */
function keysOn(index: number): string[] {
  return ([4, 6] as const).flatMap((family) => [groupKey(index, family), groupKey(index, family, ANNOUNCE)]);
}

/** Key of a router's raw IP socket, if it has one. */
function peersKey({ attachment }: EngineRouter): string[] {
  return attachment?.use.kind === 'peers' ? [attachment.key] : [];
}

function unreported({ name }: Link, family: 4 | 6, error: unknown): string {
  const [group, protocol] = family === 4 ? ['224.0.0.18', 'IGMP'] : ['ff02::12', 'MLD'];
  return (
    `${name}: membership of ${group} is not reported to the network: ${messageOf(error)}; a switch that snoops ` +
    `${protocol} may keep advertisements from us`
  );
}
