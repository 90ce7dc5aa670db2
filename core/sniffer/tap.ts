/** Listens on an interface: every frame that the filter lets through, sent or received, as the kernel saw it. */
import { native } from '../native/index.ts';
import { Fact, PACKET_OUTGOING } from '../native/tap.ts';
import { VRRP_FILTER } from './filter.ts';
import type { CapturedPacket } from './sighting.ts';

/** EtherType of a socket that sees everything, what this machine sends included (man 7 packet, ETH_P_ALL). */
const ETH_P_ALL = 0x0003;
/** Hardware types whose frames start with an Ethernet header: ARPHRD_ETHER, ARPHRD_LOOPBACK. */
const ETHERNET_LIKE = [1, 772];
/** Octets that the kernel queues; a packet counts as about 1 KiB. */
const RECEIVE_BUFFER = 8 << 20;
/** The longest IP packet with its Ethernet header and tags. */
const LONGEST_FRAME = 65_535 + 22;
/** ms between two looks at whether to go on. */
const PATIENCE = 250;
/** Packets between two such looks at most. */
const BATCH = 256;

/** An interface cannot be listened on; the message says why and what would be right. */
export class TapError extends Error {
  override readonly name = 'TapError';
}

/** What came in: a packet, or the news that the interface is down. */
export type Capture = CapturedPacket | 'down';

/** An open tap. */
export class Tap {
  private readonly descriptor: number;
  private readonly buffer = new Uint8Array(LONGEST_FRAME);
  private readonly facts = new Float64Array(Fact.Count);
  private stopped = false;

  private constructor(
    private readonly name: string,
    private readonly index: number,
  ) {
    const descriptor = native.openPacketSocket(RECEIVE_BUFFER, 0);
    try {
      native.attachFilter(
        descriptor,
        Uint32Array.from(VRRP_FILTER.flatMap(({ code, jt, jf, k }) => [code, jt, jf, k])),
      );
      native.reportVlanTags(descriptor);
      native.reportTimes(descriptor);
      native.joinPromiscuous(descriptor, index);
      // Bound last: no packet gets in before the filter is there.
      native.bindPacketSocket(descriptor, index, ETH_P_ALL);
      if (!ETHERNET_LIKE.includes(native.hardwareType(descriptor))) {
        throw new TapError(`${name} is not an Ethernet interface: VRRP does not run there`);
      }
    } catch (error) {
      native.closeDescriptor(descriptor);
      throw error;
    }
    this.descriptor = descriptor;
  }

  /**
   * Opens a tap: from then on the kernel queues what passes the interface.
   * @throws TapError there is no such interface (all that there are are listed), or it is not Ethernet
   * @throws Error with an errno `code`
   */
  static open(name: string): Tap {
    const all = native.interfaces();
    const found = all.find((each) => each.name === name);
    if (found) return new Tap(name, found.index);
    const names = all.map((each) => each.name).join(', ');
    throw new TapError(`no interface is called ${JSON.stringify(name)}: there is ${names || 'none'}`);
  }

  /**
   * Everything from now on, until {@link stop}.
   * @throws TapError when the interface is gone
   */
  async *captures(): AsyncGenerator<Capture, void, void> {
    while (!this.stopped) {
      await native.waitReadable(this.descriptor, PATIENCE);
      // In a flood signals get their turn after a batch.
      for (let left = BATCH; left > 0; left--) {
        const capture = this.receive();
        if (capture === undefined) break;
        yield capture;
        if (this.stopped) return;
      }
    }
  }

  /** Ends {@link captures} within a quarter of a second. */
  stop(): void {
    this.stopped = true;
  }

  /** Packets that the kernel had no room for since the last call. */
  lost(): number {
    return native.packetDrops(this.descriptor);
  }

  close(): void {
    native.closeDescriptor(this.descriptor);
  }

  private receive(): Capture | undefined {
    const { buffer, facts } = this;
    try {
      if (!native.receivePacket(this.descriptor, buffer, facts)) return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENETDOWN') throw error;
      // The kernel says the same of an interface that is down and of one that is gone.
      if (native.interfaces().some(({ index }) => index === this.index)) return 'down';
      throw new TapError(`${this.name} is gone`);
    }
    const tci = facts[Fact.VlanTci]!;
    return {
      bytes: buffer.slice(0, Math.min(facts[Fact.Length]!, LONGEST_FRAME)),
      time: facts[Fact.Time]!,
      outgoing: facts[Fact.Type] === PACKET_OUTGOING,
      ...(tci < 0 ? {} : { vlan: tci & 0x0fff }),
    };
  }
}
