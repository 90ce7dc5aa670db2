/** Where VRRP of one address family runs on one interface: a packet socket and its virtual routers. */
import { native } from '../native/index.ts';
import type { AddressFamily, Link, SocketFilter } from '../plugin/types.ts';
import { etherType, groupMac } from '../vrrp/frame.ts';

/** Octets. A second's advertisements of 255 virtual routers, some hundred times over (a packet counts as 1 KiB). */
const RECEIVE_BUFFER = 8 << 20;
const SEND_BUFFER = 8 << 20;

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
   * @throws Error with an errno `code`
   */
  static open(
    link: Link,
    family: AddressFamily,
    routers: ReadonlyMap<number, number>,
    filter: SocketFilter | undefined,
  ): Attachment {
    const descriptor = native.openPacketSocket(RECEIVE_BUFFER, SEND_BUFFER);
    const attachment = new Attachment(descriptor, link, family);
    try {
      attachment.route(routers, filter);
      native.joinMulticast(descriptor, link.index, groupMac(family));
      // Bound last: no packet gets in before the filter is there.
      native.bindPacketSocket(descriptor, link.index, etherType(family));
    } catch (error) {
      native.closeDescriptor(descriptor);
      throw error;
    }
    return attachment;
  }

  /** Sets the virtual routers and swaps the filter, atomically in the kernel. */
  route(routers: ReadonlyMap<number, number>, filter: SocketFilter | undefined): void {
    if (filter) {
      const vrids = [...routers.keys()].sort((a, b) => a - b);
      const program = filter.program({ family: this.family, vrids });
      native.attachFilter(
        this.descriptor,
        Uint32Array.from(program.flatMap((i) => [i.code, i.jt, i.jf, i.k])),
      );
    } else {
      native.detachFilter(this.descriptor);
      native.reportVlanTags(this.descriptor); // a filter passes untagged frames alone
    }
    this.slotOfVrid.fill(-1);
    for (const [vrid, slot] of routers) this.slotOfVrid[vrid] = slot;
  }

  close(): void {
    native.closeDescriptor(this.descriptor);
  }
}
