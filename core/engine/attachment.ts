/**
 * Where VRRP of one address family runs: a socket and its virtual routers. On one interface that is a packet socket; of
 * routers with `peers` it is a raw IP socket for each source, and beside it a packet socket for each interface, which
 * announces addresses and receives nothing.
 */
import type { AddressFamily, Link } from '../plugin/contracts/index.ts';
import type { HandedSocket } from '../threads/engine-messages.ts';
import { ALL_NODES_MAC, ETHERTYPE_ARP } from '../vrrp/announcement.ts';
import { etherType, groupMac } from '../vrrp/frame.ts';
import { kernelIo, type PacketSockets } from './io.ts';
import { EAR, GROUP, groupKey, type PeersUse, type Use } from './use.ts';
import { openWatch } from './watch.ts';

/** Octets. A second's advertisements of 255 virtual routers, some hundred times over (a packet counts as 1 KiB). */
const RECEIVE_BUFFER = 8 << 20;
const SEND_BUFFER = 8 << 20;
/** Some hundred packets in a second are counted; of a flood the kernel may drop what it likes. */
const STRANGERS_BUFFER = 256 << 10;

/** Which packets of a socket belong to which virtual router. */
export interface Routing {
  /** See routing.ts. */
  readonly slotOfVrid: Int32Array;
  /** The socket filter, four words an instruction; absent: everything of the family's EtherType passes. */
  readonly program?: Uint32Array;
  /** Filter of the socket for ARP, or neighbour advertisements, or with `peers` for strangers; absent: none is wanted. */
  readonly watchProgram?: Uint32Array;
  /** Called if the kernel refuses the filter: the socket does without then. */
  readonly onFilterFailure: (error: unknown) => void;
  /** Called if the membership of the group cannot be reported to the network. */
  readonly onUnreported?: (error: unknown) => void;
}

/** The sockets beside that for packets, which pass on with it. */
export interface Companions {
  /** Hears what others tell of our addresses. */
  readonly watch?: number;
  /** Reports the membership of the group. */
  readonly membership?: number;
}

/** See the file's comment. */
export class Attachment {
  /**
   * Hears what others tell of our addresses; with `peers` what strangers send to the routers, see peer-filter.ts. Undefined
   * where there is none.
   */
  watch: number | undefined;
  /**
   * Has the kernel report that we are in the group (IGMP, MLD), which it does not for a packet socket: a switch that
   * snoops would not forward advertisements to us. Nothing is received from it. Undefined where there is none.
   */
  membership: number | undefined;

  private constructor(
    /** Absent: the socket is somebody else's affair, or there is none. */
    private readonly sockets: PacketSockets | undefined,
    readonly descriptor: number,
    /** As the kernel told last. */
    public link: Link,
    readonly family: AddressFamily,
    readonly slotOfVrid: Int32Array,
    readonly use: Use = GROUP,
  ) {}

  /** See {@link groupKey}. */
  get key(): string {
    return groupKey(this.link.index, this.family, this.use);
  }

  /** What an engine after this one gets of it. */
  get handed(): HandedSocket {
    const { descriptor, watch, membership, link, family, use } = this;
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

  /**
   * One without a socket of its own.
   * @param descriptor of a socket that somebody else makes up; absent, for rehearsals, there is none: nothing arrives,
   *   and whatever is sent fails
   */
  static imaginary(link: Link, family: AddressFamily, slotOfVrid: Int32Array, descriptor = -1): Attachment {
    return new Attachment(undefined, descriptor, link, family, slotOfVrid);
  }

  /** One that hears whether anything comes in, see ears.ts; no virtual router receives from it. */
  static ear(descriptor: number, link: Link, slotOfVrid: Int32Array, sockets: PacketSockets): Attachment {
    return new Attachment(sockets, descriptor, link, 4, slotOfVrid, EAR);
  }

  /**
   * Opens the socket. From then on the kernel queues what passes the filter.
   * @param sockets default: the kernel's
   * @throws Error with an errno `code`
   */
  static open(
    link: Link,
    family: AddressFamily,
    routing: Routing,
    sockets: PacketSockets = kernelIo.sockets,
    use: Use = GROUP,
  ): Attachment {
    if (use.kind === 'peers') return Attachment.openIp(link, family, routing, sockets, use);
    const descriptor = sockets.openPacketSocket(RECEIVE_BUFFER, SEND_BUFFER);
    try {
      const attachment = Attachment.adopt(descriptor, link, family, routing, {}, sockets, use);
      const isGroup = use.kind === 'group';
      if (isGroup) sockets.joinMulticast(descriptor, link.index, groupMac(family));
      // Bound last: no packet gets in before the filter is there.
      sockets.bindPacketSocket(descriptor, link.index, isGroup ? etherType(family) : 0);
      const { watchProgram: program } = routing;
      if (program && family === 4) attachment.watch = openWatch(link, ETHERTYPE_ARP, program, sockets);
      if (program && family === 6)
        attachment.watch = openWatch(link, etherType(6), program, sockets, ALL_NODES_MAC);
      if (isGroup) attachment.report(routing);
      return attachment;
    } catch (error) {
      sockets.closeDescriptor(descriptor);
      throw error;
    }
  }

  private static openIp(
    link: Link,
    family: AddressFamily,
    routing: Routing,
    sockets: PacketSockets,
    use: PeersUse,
  ): Attachment {
    const { source, scope } = use;
    const descriptor = sockets.openIpSocket(family, source, scope, RECEIVE_BUFFER, SEND_BUFFER);
    try {
      const watch = sockets.openIpSocket(family, source, scope, STRANGERS_BUFFER, STRANGERS_BUFFER);
      return Attachment.adopt(descriptor, link, family, routing, { watch }, sockets, use);
    } catch (error) {
      sockets.closeDescriptor(descriptor);
      throw error;
    }
  }

  /**
   * Takes over a socket that an engine before this one has opened, and swaps its filter, atomically in the kernel.
   * @param sockets default: the kernel's
   */
  static adopt(
    descriptor: number,
    link: Link,
    family: AddressFamily,
    routing: Routing,
    { watch, membership }: Companions = {},
    sockets: PacketSockets = kernelIo.sockets,
    use: Use = GROUP,
  ): Attachment {
    const attachment = new Attachment(sockets, descriptor, link, family, routing.slotOfVrid, use);
    attachment.watch = watch;
    attachment.membership = membership;
    attachment.filter(routing);
    attachment.filterWatch(routing);
    return attachment;
  }

  /** @param how absent: now, before this returns, while the engine ends; otherwise by this, beside it */
  close(how: ((descriptor: number) => void) | undefined = this.sockets?.closeDescriptor): void {
    how?.(this.descriptor);
    if (this.watch !== undefined) how?.(this.watch);
    if (this.membership !== undefined) how?.(this.membership);
  }

  /** Whether the packets go to these virtual routers already. */
  serves(slotOfVrid: Int32Array): boolean {
    return slotOfVrid.every((slot, vrid) => slot === this.slotOfVrid[vrid]);
  }

  /** Has the packets go to these virtual routers from now on. */
  reroute(routing: Routing): void {
    this.slotOfVrid.set(routing.slotOfVrid);
    this.filter(routing);
    this.filterWatch(routing);
  }

  private filter({ program, onFilterFailure }: Routing): void {
    try {
      if (program) this.sockets?.attachFilter(this.descriptor, program);
    } catch (error) {
      // A filter saves wake-ups, the engine checks everything itself: without it no advertisement is lost.
      onFilterFailure(error);
      this.unfilter();
      return;
    }
    if (!program) this.unfilter();
  }

  private filterWatch({ watchProgram, onFilterFailure }: Routing): void {
    try {
      if (this.watch !== undefined && watchProgram) this.sockets?.attachFilter(this.watch, watchProgram);
    } catch (error) {
      onFilterFailure(error); // the one before stays
    }
  }

  /** Without a report the packets may arrive all the same. */
  private report({ onUnreported }: Routing): void {
    try {
      this.membership = this.sockets?.openMembership(this.family, this.link.index);
    } catch (error) {
      onUnreported?.(error);
    }
  }

  private unfilter(): void {
    this.sockets?.detachFilter(this.descriptor);
  }
}
