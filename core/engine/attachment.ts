/** Where VRRP of one address family runs on one interface: a packet socket and its virtual routers. */
import { native } from '../native/index.ts';
import type { AddressFamily, Link, SocketFilter } from '../plugin/types.ts';
import { etherType, groupMac } from '../vrrp/frame.ts';

/** Octets. A second's advertisements of 255 virtual routers, some hundred times over (a packet counts as 1 KiB). */
const RECEIVE_BUFFER = 8 << 20;
const SEND_BUFFER = 8 << 20;

/** What became of a socket filter that could not be used. */
export type FilterFailure = (error: unknown) => void;

/** A packet socket on an interface, for the virtual routers of one family there. */
export class Attachment {
  readonly descriptor: number;
  /** Slot of each VRID, −1 if it is not configured here. */
  readonly slotOfVrid = new Int32Array(256).fill(-1);

  private constructor(
    descriptor: number,
    /** As the kernel told last. */
    public link: Link,
    readonly family: AddressFamily,
  ) {
    this.descriptor = descriptor;
  }

  /**
   * Opens the socket. From then on the kernel queues what passes the filter.
   * @param routers slot of each VRID
   * @param filter absent: everything of the family's EtherType passes
   * @param onFilterFailure called if the filter cannot be used; the socket does without then
   * @throws Error with an errno `code`
   */
  static open(
    link: Link,
    family: AddressFamily,
    routers: ReadonlyMap<number, number>,
    filter: SocketFilter | undefined,
    onFilterFailure: FilterFailure,
  ): Attachment {
    const descriptor = native.openPacketSocket(RECEIVE_BUFFER, SEND_BUFFER);
    const attachment = new Attachment(descriptor, link, family);
    try {
      attachment.route(routers, filter, onFilterFailure);
      native.joinMulticast(descriptor, link.index, groupMac(family));
      // Bound last: no packet gets in before the filter is there.
      native.bindPacketSocket(descriptor, link.index, etherType(family));
    } catch (error) {
      native.closeDescriptor(descriptor);
      throw error;
    }
    return attachment;
  }

  /** Takes over a socket that an engine before this one has opened; parameters as for `open`. */
  static adopt(
    descriptor: number,
    link: Link,
    family: AddressFamily,
    routers: ReadonlyMap<number, number>,
    filter: SocketFilter | undefined,
    onFilterFailure: FilterFailure,
  ): Attachment {
    const attachment = new Attachment(descriptor, link, family);
    attachment.route(routers, filter, onFilterFailure);
    return attachment;
  }

  /** Sets the virtual routers and swaps the filter, atomically in the kernel. */
  route(
    routers: ReadonlyMap<number, number>,
    filter: SocketFilter | undefined,
    onFilterFailure: FilterFailure,
  ): void {
    if (!filter || !this.filterBy(filter, [...routers.keys()], onFilterFailure)) {
      native.detachFilter(this.descriptor);
    }
    this.slotOfVrid.fill(-1);
    for (const [vrid, slot] of routers) this.slotOfVrid[vrid] = slot;
  }

  /** A filter saves wake-ups, the engine checks everything itself: without it no advertisement is lost. */
  private filterBy(filter: SocketFilter, vrids: number[], onFailure: FilterFailure): boolean {
    try {
      const program = filter.program({ family: this.family, vrids: vrids.sort((a, b) => a - b) });
      const words = Uint32Array.from(program.flatMap(({ code, jt, jf, k }) => [code, jt, jf, k]));
      native.attachFilter(this.descriptor, words);
      return true;
    } catch (error) {
      onFailure(error);
      return false;
    }
  }

  close(): void {
    native.closeDescriptor(this.descriptor);
  }
}
