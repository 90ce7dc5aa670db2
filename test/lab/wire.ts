/** A running capture, and questions to it. */
import path from 'node:path';
import { familyOf } from './addresses.ts';
import type { Host } from './host.ts';
import type { Lab } from './lab.ts';
import { CaptureReader, type Frame } from './pcap.ts';
import type { Running } from './running.ts';
import {
  type Advert,
  type Announcement,
  type Arp,
  advertOf,
  announcementOf,
  arpOf,
  isGratuitous,
  type NeighbourAdvertisement,
  neighbourAdvertisementOf,
} from './sightings.ts';
import { eventually } from './wait.ts';

/** How to capture. */
export interface CaptureOptions {
  /** pcap filter (man 7 pcap-filter). Default: VRRP, ARP and neighbour discovery. */
  readonly filter?: string;
  /** False: packets reach the file in blocks, which costs less at thousands of packets a second. Default true. */
  readonly immediate?: boolean;
}

/** Of ICMPv6, neighbour discovery alone: pings would be too much. */
const FILTER = 'vrrp or ip6 proto 112 or arp or (icmp6 and ip6[40] >= 133 and ip6[40] <= 137)';
/** Octets kept of a frame: an advertisement of a dozen IPv6 addresses. */
const SNAP_LENGTH = 256;
/**
 * KiB that the kernel keeps until tcpdump has read them. It fills them with zeros in one go, in which nothing else runs on
 * that processor, whatever its priority: of 64 MiB that is a quarter of a second, and some daemon's advertisement is late.
 */
const KEPT = 4096;
/** The same of captures in blocks: thousands of packets a second, and nothing is measured while they begin. */
const KEPT_IN_BLOCKS = 65_536;

let captures = 0;

/** What was seen on a wire. */
export class Wire {
  private readonly reader: CaptureReader;
  /** Those of the frames that have been looked at: most questions are asked many times over. */
  private readonly known: Advert[] = [];
  private looked = 0;

  private constructor(
    readonly file: string,
    private readonly tcpdump: Running,
  ) {
    this.reader = new CaptureReader(file);
  }

  /** Starts to capture on an interface (`any` for all); it captures when this resolves. */
  static async tap(lab: Lab, host: Host, interfaceName: string, options: CaptureOptions = {}): Promise<Wire> {
    const file = path.join(lab.folder, `${host.name}-${++captures}.pcap`);
    const inBlocks = options.immediate === false;
    const tcpdump = host.start('tcpdump', [
      ...['-i', interfaceName, '-n', '-w', file, '-Z', 'root', '-s', `${SNAP_LENGTH}`],
      ...['-B', `${inBlocks ? KEPT_IN_BLOCKS : KEPT}`, '--time-stamp-precision=nano'],
      ...(inBlocks ? [] : ['-U', '--immediate-mode']),
      options.filter ?? FILTER,
    ]);
    await tcpdump.waitForOutput(/listening on/);
    return new Wire(file, tcpdump);
  }

  /** Ends the capture; what was captured stays readable until the lab closes. */
  async stop(): Promise<void> {
    await this.tcpdump.stop('SIGINT');
    const dropped = Number(this.tcpdump.output.match(/(\d+) packets? dropped by kernel/)?.[1] ?? 0);
    if (dropped > 0) throw new Error(`the capture lost ${dropped} packets: its numbers mean nothing`);
  }

  /** Every frame so far. */
  frames(): readonly Frame[] {
    return this.reader.frames();
  }

  /** The frames from a time on (ms since the epoch). */
  private since(time: number): Frame[] {
    return this.frames().filter((frame) => frame.time >= time);
  }

  /** The advertisements of a virtual router, or of all, from `since` on (ms since the epoch). */
  adverts(vrid?: number, since = 0): Advert[] {
    const frames = this.frames();
    for (; this.looked < frames.length; this.looked++) {
      const advert = advertOf(frames[this.looked]!);
      if (advert) this.known.push(advert);
    }
    return this.known.filter(
      (advert) => advert.time >= since && (vrid === undefined || advert.vrid === vrid),
    );
  }

  /** The gratuitous ARP packets for an address from `since` on (ms since the epoch). */
  gratuitousArps(address: string, since = 0): Arp[] {
    return this.since(since)
      .map(arpOf)
      .filter((arp): arp is Arp => arp !== undefined)
      .filter((arp) => isGratuitous(arp) && arp.senderAddress === address);
  }

  /** The neighbour advertisements about an address from `since` on (ms since the epoch). */
  neighbourAdvertisements(target: string, since = 0): NeighbourAdvertisement[] {
    return this.since(since)
      .map(neighbourAdvertisementOf)
      .filter((neighbour): neighbour is NeighbourAdvertisement => neighbour !== undefined)
      .filter((neighbour) => neighbour.target === target);
  }

  /** What everybody was told of where an address is, in either family, from `since` on (ms since the epoch). */
  announcements(address: string, since = 0): Announcement[] {
    return this.since(since)
      .map(announcementOf)
      .filter((announcement): announcement is Announcement => announcement !== undefined)
      .filter((announcement) => announcement.address === address);
  }

  /** IP source addresses that have advertised a VRID within the last `windowMs`. */
  masters(vrid: number, windowMs: number): string[] {
    const recent = this.adverts(vrid, Date.now() - windowMs).filter(({ priority }) => priority > 0);
    return [...new Set(recent.map(({ source }) => source))];
  }

  /**
   * Waits until `source` alone has advertised the VRID for `windowMs` (at least 2 intervals), twice or more. Only
   * advertisements of its address family count: the other one has an election of its own.
   */
  async soleMaster(vrid: number, source: string, deadlineMs = 30_000, windowMs = 2300): Promise<void> {
    await eventually(`${source} as the only Master of VRID ${vrid}`, deadlineMs, () => {
      const adverts = this.adverts(vrid, Date.now() - windowMs).filter(
        ({ family }) => family === familyOf(source),
      );
      if (adverts.length >= 2 && adverts.every((advert) => advert.source === source)) return true;
      throw new Error(
        `seen lately: ${adverts.map((advert) => `${advert.source}/${advert.priority}`).join(' ')}`,
      );
    });
  }

  /** Waits for the first advertisement that matches, from `since` on (ms since the epoch). */
  async nextAdvert(
    what: string,
    since: number,
    matches: (advert: Advert) => boolean,
    deadlineMs = 30_000,
  ): Promise<Advert> {
    return eventually(what, deadlineMs, () => this.adverts(undefined, since).find(matches), 20);
  }
}
