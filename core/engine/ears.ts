/**
 * `hearing`: sockets that tell whether anything comes in on an interface. A port of a switch that does not forward yet
 * keeps the Master's advertisements from us as it does everything else: whoever hears nothing at all may be deaf.
 *
 * There is such a socket only while a router waits for it, and it is closed with the first frame: nobody is woken for what
 * others say to each other. Interface counters would not do: they count too what the switch's own port says.
 */
import type { Link } from '../plugin/contracts/index.ts';
import { Num } from '../threads/state-table.ts';
import { macBytes } from '../vrrp/address.ts';
import { Attachment } from './attachment.ts';
import type { Engine } from './engine.ts';
import type { PlacementIo } from './io.ts';
import { emptyRouting } from './routing.ts';
import { EAR, groupKey } from './use.ts';

/** ETH_P_ALL, from linux/if_ether.h. */
const EVERY_TYPE = 3;
/** Octets. One frame is enough. */
const BUFFER = 4096;

/** SKF_AD_OFF + SKF_AD_PKTTYPE and SKF_AD_VLAN_TAG_PRESENT, from linux/filter.h. */
const PACKET_TYPE = 0xfffff000 + 4;
const VLAN_TAG_PRESENT = 0xfffff000 + 48;
const PACKET_OUTGOING = 4;
const PACKET_LOOPBACK = 5;

/** Below it stands a length (IEEE 802.3): spanning tree, CDP and the like, which a port sends that forwards nothing. */
const FIRST_ETHER_TYPE = 0x600;
/** VLAN tags: another VLAN's frames. Loopback tests and LLDP: the port speaks for itself. */
const NOT_FORWARDED = [0x8100, 0x88a8, 0x9000, 0x88cc];

/** More of this host's own addresses than this are not looked for: the filter has an end. */
const MOST_MACS = 64;

/**
 * A filter, four words an instruction: what another station has sent, and a switch has forwarded to us. Not what this host
 * has sent, nor its reflection, nor what is of one link alone (IEEE 802.1D §7.12.6: 01:80:c2:00:00:00 to 2f; 01:00:0c
 * is Cisco's).
 * @param macs this host's own
 */
export function earProgram(macs: readonly string[]): Uint32Array {
  const DROP = -1; // a jump to the return of 0 behind these
  const facts: (readonly [code: number, yes: number, no: number, k: number])[] = [
    [0x20, 0, 0, PACKET_TYPE],
    [0x15, DROP, 0, PACKET_OUTGOING],
    [0x15, DROP, 0, PACKET_LOOPBACK],
    [0x20, 0, 0, VLAN_TAG_PRESENT],
    [0x15, 0, DROP, 0],
    [0x28, 0, 0, 12],
    [0x35, 0, DROP, FIRST_ETHER_TYPE],
    ...NOT_FORWARDED.map((type) => [0x15, DROP, 0, type] as const),
    [0x20, 0, 0, 0],
    [0x15, 0, 2, 0x0180c200],
    [0x28, 0, 0, 4],
    [0x35, 0, DROP, 0x30],
    [0x20, 0, 0, 0],
    [0x54, 0, 0, 0xffffff00],
    [0x15, DROP, 0, 0x01000c00],
    [0x05, 0, 0, 1],
  ];
  const jump = (to: number, at: number): number => (to === DROP ? facts.length - at - 1 : to);
  const own = macs.map((mac) => new DataView(Uint8Array.from(macBytes(mac)).buffer));
  return Uint32Array.from(
    [
      ...facts.map(([code, yes, no, k], at) => [code, jump(yes, at), jump(no, at), k]),
      [0x06, 0, 0, 0],
      ...own.flatMap((mac) => [
        [0x20, 0, 0, 6],
        [0x15, 0, 3, mac.getUint32(0)],
        [0x28, 0, 0, 10],
        [0x15, 0, 1, mac.getUint16(4)],
        [0x06, 0, 0, 0],
      ]),
      [0x06, 0, 0, 64],
    ].flat(),
  );
}

/**
 * Whose frames are this host's own: the interface's, and those of its other interfaces, which may be below or above it. A
 * virtual router's address is nobody's own: it may be the Master's that we are to hear.
 */
export function ownMacs(link: Link, links: readonly Link[]): readonly string[] {
  const macs = [link, ...links].map(({ mac }) => mac).filter((mac) => mac !== '' && !VIRTUAL_MAC.test(mac));
  return [...new Set(macs)].slice(0, MOST_MACS);
}
/** RFC 3768 §7.3, RFC 9568 §7.3. */
const VIRTUAL_MAC = /^00:00:5e:00:0[12]:/;

/** See the file's comment. */
export class Ears {
  /** By index of the link. */
  private readonly open = new Map<number, Attachment>();
  /** By index of the link: the MAC addresses whose frames its filter takes for our own. */
  private readonly macs = new Map<number, string>();
  /** Calls off the next look; undefined: nobody waits. */
  private callOff: (() => void) | undefined;
  private readonly used: boolean;

  /**
   * @param onOpen told a socket that was opened
   * @param onClose told the descriptor of one that was closed
   * @param onFailure told why an interface cannot be listened on: its routers wait for the whole time
   */
  constructor(
    private readonly engine: Engine,
    private readonly now: () => number,
    private readonly io: PlacementIo,
    /** All links, as told last. */
    private readonly links: () => readonly Link[],
    private readonly onOpen: (ear: Attachment) => void,
    private readonly onClose: (descriptor: number) => void,
    private readonly onFailure: (link: Link, error: unknown) => void,
  ) {
    this.used = engine.routers.some(({ config }) => (config.hold?.hearing ?? 0) > 0);
    engine.onHeard = ({ link }) => this.heard(link.index);
  }

  /**
   * Listens where a router waits for it, and nowhere else.
   * @param inherited the socket of an engine before this one, by `groupKey`
   */
  follow(inherited?: (key: string) => number | undefined): void {
    if (!this.used) return;
    this.callOff?.();
    this.callOff = undefined;
    const wanted = new Map<number, Link>();
    let next = Number.POSITIVE_INFINITY;
    for (const router of this.engine.routers) {
      const until = this.engine.holds.listensUntil(router);
      if (until === 0) continue;
      next = Math.min(next, until);
      if (router.link) wanted.set(router.link.index, router.link);
    }
    for (const index of [...this.open.keys()]) if (!wanted.has(index)) this.close(index);
    for (const link of wanted.values()) {
      if (!this.open.has(link.index)) this.listen(link, inherited);
      else this.refilter(link);
    }
    if (next !== Number.POSITIVE_INFINITY)
      this.callOff = this.io.after(next - this.now(), () => this.follow());
  }

  private listen(link: Link, inherited?: (key: string) => number | undefined): void {
    const { sockets } = this.io;
    let descriptor = inherited?.(groupKey(link.index, 4, EAR));
    if (descriptor === undefined) {
      try {
        descriptor = sockets.openPacketSocket(BUFFER, BUFFER);
        const macs = ownMacs(link, this.links());
        sockets.attachFilter(descriptor, earProgram(macs)); // first: nothing gets in without it
        sockets.bindPacketSocket(descriptor, link.index, EVERY_TYPE);
        this.macs.set(link.index, macs.join());
      } catch (error) {
        if (descriptor !== undefined) sockets.closeDescriptor(descriptor);
        this.onFailure(link, error);
        return;
      }
    }
    const ear = Attachment.ear(descriptor, link, emptyRouting(), sockets);
    this.open.set(link.index, ear);
    this.engine.attach(ear);
    this.onOpen(ear);
    this.refilter(link);
  }

  /** This host's addresses may have changed, or the filter is an earlier engine's. */
  private refilter(link: Link): void {
    const ear = this.open.get(link.index)!;
    const macs = ownMacs(link, this.links());
    if (this.macs.get(link.index) === macs.join()) return;
    this.macs.set(link.index, macs.join());
    try {
      this.io.sockets.attachFilter(ear.descriptor, earProgram(macs));
    } catch (error) {
      this.onFailure(link, error); // the one before stays
    }
  }

  /** Somebody was heard on a link. */
  private heard(index: number): void {
    this.close(index);
    for (const router of this.engine.routers) {
      if (router.link?.index !== index || this.engine.holds.listensUntil(router) === 0) continue;
      this.engine.endHold(router, Num.HearingUntil);
    }
  }

  private close(index: number): void {
    const ear = this.open.get(index);
    if (!ear) return;
    this.open.delete(index);
    this.macs.delete(index);
    this.engine.detach(ear);
    ear.close(this.io.closeLater); // the engine does not wait for the kernel
    this.onClose(ear.descriptor);
  }

  /** Those that are open, for an engine after this one. */
  get sockets(): readonly Attachment[] {
    return [...this.open.values()];
  }

  /** Another engine listens from now on. */
  stop(): void {
    this.callOff?.();
    this.callOff = undefined;
  }

  /** Nobody listens any more. */
  shutdown(): void {
    this.stop();
    for (const ear of this.open.values()) {
      this.engine.detach(ear);
      ear.close();
    }
    this.open.clear();
  }
}
