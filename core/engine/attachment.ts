/** Where VRRP of one address family runs on one interface: a packet socket and its virtual routers. */
import { native } from '../native/index.ts';
import type { AddressFamily, Link } from '../plugin/types.ts';
import { etherType, groupMac } from '../vrrp/frame.ts';
import { openArpSocket } from './arp-watch.ts';

/** Octets. A second's advertisements of 255 virtual routers, some hundred times over (a packet counts as 1 KiB). */
const RECEIVE_BUFFER = 8 << 20;
const SEND_BUFFER = 8 << 20;

/** Which packets of a socket belong to which virtual router. */
export interface Routing {
  /** Slot of each VRID, −1 if it is not configured here. */
  readonly slotOfVrid: Int32Array;
  /** The socket filter, four words an instruction; absent: everything of the family's EtherType passes. */
  readonly program?: Uint32Array;
  /** Filter of the ARP socket; absent: none is wanted. */
  readonly arpProgram?: Uint32Array;
  /** Called if the kernel refuses the filter: the socket does without then. */
  readonly onFilterFailure: (error: unknown) => void;
}

/** A packet socket on an interface, for the virtual routers of one family there. */
export class Attachment {
  readonly slotOfVrid: Int32Array;
  /** Hears what others tell of our addresses; undefined where there is none. */
  arp: number | undefined;

  private constructor(
    readonly descriptor: number,
    /** As the kernel told last. */
    public link: Link,
    readonly family: AddressFamily,
    { slotOfVrid, program, onFilterFailure }: Routing,
  ) {
    this.slotOfVrid = slotOfVrid;
    try {
      if (program) native.attachFilter(descriptor, program);
    } catch (error) {
      // A filter saves wake-ups, the engine checks everything itself: without it no advertisement is lost.
      onFilterFailure(error);
      this.unfilter();
      return;
    }
    if (!program) this.unfilter();
  }

  /**
   * Opens the socket. From then on the kernel queues what passes the filter.
   * @throws Error with an errno `code`
   */
  static open(link: Link, family: AddressFamily, routing: Routing): Attachment {
    const descriptor = native.openPacketSocket(RECEIVE_BUFFER, SEND_BUFFER);
    try {
      const attachment = new Attachment(descriptor, link, family, routing);
      native.joinMulticast(descriptor, link.index, groupMac(family));
      // Bound last: no packet gets in before the filter is there.
      native.bindPacketSocket(descriptor, link.index, etherType(family));
      if (routing.arpProgram) attachment.arp = openArpSocket(link, routing.arpProgram);
      return attachment;
    } catch (error) {
      native.closeDescriptor(descriptor);
      throw error;
    }
  }

  /** Takes over a socket that an engine before this one has opened, and swaps its filter, atomically in the kernel. */
  static adopt(
    descriptor: number,
    link: Link,
    family: AddressFamily,
    routing: Routing,
    arp?: number,
  ): Attachment {
    const attachment = new Attachment(descriptor, link, family, routing);
    attachment.arp = arp;
    try {
      if (arp !== undefined && routing.arpProgram) native.attachFilter(arp, routing.arpProgram);
    } catch (error) {
      routing.onFilterFailure(error); // the one before stays
    }
    return attachment;
  }

  close(): void {
    native.closeDescriptor(this.descriptor);
    if (this.arp !== undefined) native.closeDescriptor(this.arp);
  }

  private unfilter(): void {
    native.detachFilter(this.descriptor);
  }
}
