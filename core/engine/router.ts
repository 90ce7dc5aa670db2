/** One virtual router in the engine: what it is configured to be, over its slot of the state table. */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/contracts/index.ts';
import { Int, macNumber, Num, type State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { addressBytes, NO_OCTETS, virtualMac } from '../vrrp/address.ts';
import { addressLength, ChecksumSort } from '../vrrp/advertisement.ts';
import type { AddressFamily } from '../vrrp/family.ts';
import type { HeldRouter } from '../vrrp/hold.ts';
import {
  addressIndex,
  type Destination,
  GROUPS,
  HOP_LIMIT,
  type PacketRules,
  packetRules,
  unicast,
} from '../vrrp/packet-rules.ts';
import { inRange } from '../vrrp/weights.ts';
import type { Attachment } from './attachment.ts';
import type { GuardedAuthenticator } from './guard.ts';
import { Reach } from './reach.ts';
import { RouterAddresses } from './router-addresses.ts';
import { RouterChecksums } from './router-checksums.ts';
import { RouterFrames } from './router-frames.ts';
import type { GuardedTrailer } from './trailer-guard.ts';

/** The address owner's priority (RFC 3768 §5.3.4), which nothing changes. */
const OWNER = 255;

/** What an engine knows of the `peers` of a router, by address. */
export type PeersKnown = ReadonlyMap<
  string,
  {
    /** What their checksums were heard to cover last. */
    readonly checksum: ChecksumSort;
    /** When a packet to it has failed last, see `Reach`. */
    readonly failed: number;
  }
>;

/** A virtual router of the engine. Its dynamic state is the slot; this object can be made anew at any time. */
export class EngineRouter implements HeldRouter {
  readonly version: 2 | 3;
  /** Of `config`, whose objects have many shapes: each access to them costs many times one to this. */
  readonly family: AddressFamily;
  /** `priority` and `preemption`, as configured. */
  private readonly ownPriority: number;
  private readonly preempts: boolean;
  /** Whether anything that is configured may keep it from becoming Master. */
  readonly isHeld: boolean;
  /** `preempt_delay` in ms, see {@link HeldRouter}. */
  readonly preemptDelay: number;
  /** What packets that it accepts look like, and go to. */
  rules: PacketRules;
  /** Where its advertisements go, a packet to each: the multicast group, or its `peers`. */
  readonly destinations: readonly Destination[];
  /** Its addresses, the frames that it sends, and what their checksums cover. */
  readonly addresses: RouterAddresses;
  readonly frames: RouterFrames;
  readonly checksums: RouterChecksums;
  /** Which of its `peers` packets do not get to; undefined: it has none. */
  readonly reach: Reach | undefined;
  readonly advertisementInterval: number;
  /** `down_timer_adverts`; undefined: the RFCs' 3. */
  readonly downTimerAdverts: number | undefined;
  readonly virtualMac: string;
  /** The same as a number of 48 bits. */
  readonly virtualMacNumber: number;
  /** Its addresses have a `lease`. */
  readonly isLeased: boolean;
  /** That lease in ms; 0: they have none. */
  readonly lease: number;
  /** Where it announces on other interfaces than its own, as far as they are there; undefined: nowhere. */
  announcingOn: ReadonlyMap<string, Attachment> | undefined;
  /** Where its advertisements come and go; undefined while it is Down. */
  attachment: Attachment | undefined;
  /** Where it announces its addresses, if not there too. */
  announcing: Attachment | undefined;
  /** Our primary address on the interface, and as text; empty before it is known. */
  primary: Uint8Array = NO_OCTETS;
  primaryText = '';
  /** What trackers add to the priority that is configured. */
  weight = 0;
  /** Why it may be started by the next look at its place, if not as any other is: a `trackerCause`. */
  startCause: number | undefined;
  /** Addresses of its `peers`, one after the other, in the order of the destinations; empty: multicast. */
  readonly peers: Uint8Array;
  private readonly ints: number;
  private readonly nums: number;

  /** @param trailer signs behind the message, instead of `authenticator` in it */
  constructor(
    readonly slot: number,
    readonly config: VirtualRouterConfig,
    readonly authenticator: GuardedAuthenticator | undefined,
    private readonly table: EngineTable,
    readonly trailer?: GuardedTrailer,
  ) {
    this.version = config.version;
    const { version, family } = config;
    this.family = family;
    this.ownPriority = config.priority;
    this.preempts = config.preempt;
    this.isHeld = config.hold !== undefined;
    this.preemptDelay = config.hold?.preempt ?? 0;
    this.rules = packetRules(version, family, GROUPS[family], ChecksumSort.Any, trailer?.length);
    this.advertisementInterval = config.advertisementIntervalCs * 10;
    this.downTimerAdverts = config.downTimerAdverts;
    const peers = config.peers?.map(addressBytes);
    this.peers = peers ? Uint8Array.from(peers.flatMap((address) => [...address])) : NO_OCTETS;
    this.destinations = peers?.map(unicast) ?? [GROUPS[family]];
    this.reach = peers && new Reach(peers.length, this.advertisementInterval);
    this.virtualMac = virtualMac(family, config.vrid);
    this.virtualMacNumber = macNumber(this.virtualMac);
    this.isLeased = config.lease !== undefined;
    this.lease = (config.lease ?? 0) * 1000;
    this.addresses = new RouterAddresses(config);
    this.checksums = new RouterChecksums(config, slot, table);
    this.frames = new RouterFrames(
      config,
      this.destinations,
      this.addresses.advertised,
      this.checksums,
      authenticator,
      trailer,
    );
    this.ints = slot * Int.Count;
    this.nums = slot * Num.Count;
    table.setInt(slot, Int.AuthType, authenticator?.authType ?? 0);
  }

  // The engine alone writes these fields: no need for atomic loads here.
  get state(): State {
    return this.table.ints[this.ints + Int.State] as State;
  }
  get priority(): number {
    return this.table.ints[this.ints + Int.Priority]!;
  }
  /** The priority that it is to have. */
  priorityAs(owner: boolean): number {
    return owner ? OWNER : inRange(this.ownPriority + this.weight);
  }
  get deadline(): number {
    return this.table.nums[this.nums + Num.Deadline]!;
  }
  get masterAdverInterval(): number {
    return this.table.nums[this.nums + Num.MasterAdverInterval]!;
  }

  /** Preempt_Mode: as configured, but false while it stands by after a fail-over, or as an operator asked. */
  get preempt(): boolean {
    return this.preempts && this.table.ints[this.ints + Int.StandingBy] === 0 && !this.held;
  }

  /** In stand-by: it does not claim the role. */
  get held(): boolean {
    return this.table.ints[this.ints + Int.Held] === 1;
  }

  get holdUntil(): number {
    const { nums } = this.table;
    const at = this.nums;
    return Math.max(nums[at + Num.HoldUntil]!, nums[at + Num.HearingUntil]!, nums[at + Num.CarrierUntil]!);
  }

  get preemptAt(): number {
    return this.table.nums[this.nums + Num.PreemptAt]!;
  }

  get inferiorUntil(): number {
    return this.table.nums[this.nums + Num.InferiorUntil]!;
  }

  /** Whether it speaks to `peers`, not to the multicast group. */
  get isUnicast(): boolean {
    return this.reach !== undefined;
  }

  /** Its interface; undefined while it is Down. */
  get link(): Link | undefined {
    return (this.announcing ?? this.attachment)?.link;
  }

  /** It has no sockets any more. */
  leaveLink(): void {
    this.attachment = undefined;
    this.announcing = undefined;
    this.announcingOn = undefined;
  }

  setPrimary(address: string): void {
    this.primaryText = address;
    this.primary = address === '' ? NO_OCTETS : addressBytes(address);
    if (!this.isUnicast) return;
    const { version, family, minTtl = HOP_LIMIT } = this.config;
    const toUs = packetRules(version, family, unicast(this.primary));
    this.rules = { ...toUs, extension: this.rules.extension, minHopLimit: minTtl, peers: this.peers };
  }

  /** The index of the peer whose address is at `bytes[at]`; −1: none, or there are no `peers`. */
  peerAt(bytes: Uint8Array, at: number): number {
    return addressIndex(this.peers, addressLength(this.family), bytes, at);
  }

  /** What is known of each of its `peers`: for an engine after this one. Undefined: it has none. */
  get peersKnown(): PeersKnown | undefined {
    return (
      this.config.peers &&
      new Map(
        this.config.peers.map((address, index) => [
          address,
          { checksum: this.checksums.heardFrom(index), failed: this.reach!.since(index) },
        ]),
      )
    );
  }

  /** Takes it over from an engine before this one. */
  inheritPeers(peers: PeersKnown): void {
    for (const [index, address] of (this.config.peers ?? []).entries()) {
      const known = peers.get(address);
      this.checksums.inherit(index, known?.checksum ?? ChecksumSort.Any);
      this.reach!.inherit(index, known?.failed ?? 0);
    }
  }

  /**
   * Writes its frames at `at`, for this link, see {@link RouterFrames.build}.
   * @throws PluginError if they cannot be signed; nothing has been written then
   */
  buildFrames(send: Uint8Array, at: number, link: Link): void {
    this.frames.build(send, at, link, this.primary, this.priority);
    this.addresses.settleOn(link);
  }
}
