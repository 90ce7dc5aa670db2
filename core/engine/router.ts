/** One virtual router in the engine: what it is configured to be, over its slot of the state table. */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/contracts/index.ts';
import { Int, macNumber, Num, type State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { addressBytes, isLinkLocal, virtualMac } from '../vrrp/address.ts';
import {
  addressLength,
  ChecksumSort,
  type Extend,
  putChecksum,
  takeChecksum,
} from '../vrrp/advertisement.ts';
import type { AddressFamily } from '../vrrp/family.ts';
import { encodeFixedParts, type FrameParts, frameLength, packetLength, sealFrame } from '../vrrp/frame.ts';
import type { HeldRouter } from '../vrrp/hold.ts';
import {
  type Destination,
  GROUPS,
  HOP_LIMIT,
  listsAddress,
  type PacketRules,
  packetRules,
  unicast,
} from '../vrrp/packet-rules.ts';
import { subnetEdges } from '../vrrp/subnet.ts';
import { inRange } from '../vrrp/weights.ts';
import type { Attachment } from './attachment.ts';
import type { GuardedAuthenticator } from './guard.ts';
import { Reach } from './reach.ts';
import type { GuardedTrailer } from './trailer-guard.ts';

/** Where the sender's address stands, in octets before the message: the IP headers of our own frames have no options. */
const SOURCE_BEFORE = { 4: 8, 6: 32 } as const;

/** The address owner's priority (RFC 3768 §5.3.4), which nothing changes. */
const OWNER = 255;
/** VRRP counts addresses in one octet (RFC 3768 §5.3.5). */
const MOST_ADDRESSES = 255;
/** The greatest authentication type that a standard knows (RFC 2338 §5.3.6); those above are proprietary. */
const LAST_STANDARD_AUTH_TYPE = 2;

/** An address that a Master announces. */
export interface AnnouncedAddress {
  readonly address: string;
  readonly family: AddressFamily;
  /** Absent: its own. */
  readonly interface?: string;
}

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
  /** Its `checksum`; undefined: it is not of version 3 over IPv4, and has but one. */
  private readonly checksum: VirtualRouterConfig['checksum'] | undefined;
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
  /** Which of its `peers` packets do not get to; undefined: it has none. */
  readonly reach: Reach | undefined;
  readonly advertisementInterval: number;
  /** `down_timer_adverts`; undefined: the RFCs' 3. */
  readonly downTimerAdverts: number | undefined;
  readonly virtualMac: string;
  /** The same as a number of 48 bits. */
  readonly virtualMacNumber: number;
  /** What advertisements list of its addresses: the virtual ones, and those of `[[vrouter.address]]` that are advertised. */
  readonly advertised: readonly string[];
  /** The same as octets, one after the other. */
  readonly addresses: Uint8Array;
  /** Its addresses have a `lease`. */
  readonly isLeased: boolean;
  /** That lease in ms; 0: they have none. */
  readonly lease: number;
  /** What it announces: the virtual addresses, and all of `[[vrouter.address]]`. */
  readonly announced: readonly AnnouncedAddress[];
  /** The interfaces of these, but for its own. */
  readonly elsewhere: readonly string[];
  /** Where it announces on these interfaces, as far as they are there. */
  readonly announcingOn = new Map<string, Attachment>();
  /**
   * Whether advertisements list the interface's own addresses too: `rfc3768 = false`, of VRRPv2 alone, as the RFC is, and
   * not with a proprietary authentication type, as 0.1.3 has it.
   */
  readonly listsOwn: boolean;
  /** IPv6: whether any of its addresses is not link-local. */
  private readonly hasGlobal: boolean;
  /** Where its advertisements come and go; undefined while it is Down. */
  attachment: Attachment | undefined;
  /** Where it announces its addresses, if not there too. */
  announcing: Attachment | undefined;
  /** Our primary address on the interface, and as text; empty before it is known. */
  primary: Uint8Array = new Uint8Array();
  primaryText = '';
  /** Network and broadcast addresses of the interface's IPv4 subnets, one after the other: no router's own. */
  private edges: Uint8Array = new Uint8Array();
  /** What trackers add to the priority that is configured. */
  weight = 0;
  /** Why it may be started by the next look at its place, if not as any other is: a `trackerCause`. */
  startCause: number | undefined;
  /** Length of its frames in octets, once built. */
  frameLength = 0;
  /** Where the parts of its frames are, once built, by destination. */
  private parts: readonly FrameParts[] = [];
  /** Those of sent packets, by destination and `ChecksumSort`. */
  private readonly sending: readonly (readonly PacketRules[])[];
  /** Addresses of its `peers`, one after the other, in the order of the destinations; empty: multicast. */
  readonly peers: Uint8Array;
  /** What the checksums of each destination's frames cover. */
  private readonly sealed: Uint8Array;
  /** What those of each of its `peers` were heard to cover last. */
  private readonly heard: Uint8Array;
  /** Writes the trailer behind a message of ours; absent: what we send has none. */
  private readonly extend: Extend | undefined;
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
    this.checksum = version === 3 && family === 4 ? (config.checksum ?? 'auto') : undefined;
    const sent = trailer?.sends ? trailer.length : 0;
    this.rules = packetRules(version, family, GROUPS[family], ChecksumSort.Any, trailer?.length);
    const before = SOURCE_BEFORE[family];
    if (trailer?.sends) this.extend = (bytes, start, end) => trailer.sign(bytes, start, end, start - before);
    this.advertisementInterval = config.advertisementIntervalCs * 10;
    this.downTimerAdverts = config.downTimerAdverts;
    const peers = config.peers?.map(addressBytes);
    this.peers = Uint8Array.from((peers ?? []).flatMap((address) => [...address]));
    this.destinations = peers?.map(unicast) ?? [GROUPS[family]];
    this.reach = peers && new Reach(peers.length, this.advertisementInterval);
    this.sending = this.destinations.map((destination) =>
      [ChecksumSort.Any, ChecksumSort.Message, ChecksumSort.PseudoHeader].map((sort) =>
        packetRules(version, family, destination, sort, sent),
      ),
    );
    this.sealed = new Uint8Array(this.destinations.length);
    this.heard = new Uint8Array(this.destinations.length);
    this.virtualMac = virtualMac(family, config.vrid);
    this.virtualMacNumber = macNumber(this.virtualMac);
    this.isLeased = config.lease !== undefined;
    this.lease = (config.lease ?? 0) * 1000;
    const { further = [], interface: home } = config;
    const listed = further.filter((each) => each.advertised && each.family === family);
    this.advertised = [...config.addresses, ...listed.map(({ address }) => address)];
    this.addresses = Uint8Array.from(this.advertised.flatMap((address) => [...addressBytes(address)]));
    this.announced = [
      ...config.addresses.map((address) => ({ address, family })),
      ...further.map(({ address, family: of, interface: on = home }) => {
        return { address, family: of, ...(on !== home && { interface: on }) };
      }),
    ];
    this.elsewhere = [...new Set(this.announced.flatMap(({ interface: on }) => on ?? []))];
    const isStandard = (authenticator?.authType ?? 0) <= LAST_STANDARD_AUTH_TYPE;
    this.listsOwn = !config.rfc3768 && config.version === 2 && isStandard;
    this.hasGlobal = config.addresses.some((address) => !isLinkLocal(address));
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

  /** What checksums of other routers of the group were heard to cover last. */
  get checksumHeard(): ChecksumSort {
    return this.table.ints[this.ints + Int.ChecksumHeard] as ChecksumSort;
  }

  /** What its own have to cover, by `checksum`: unless that says it, as the others' do, and RFC 9568's until one is heard. */
  get checksumSort(): ChecksumSort {
    const { checksum } = this;
    if (checksum === undefined) return ChecksumSort.Any;
    if (checksum === 'auto') return this.checksumHeard || ChecksumSort.Message;
    return checksum === 'rfc9568' ? ChecksumSort.Message : ChecksumSort.PseudoHeader;
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
    this.announcingOn.clear();
  }

  setPrimary(address: string): void {
    this.primaryText = address;
    this.primary = address === '' ? new Uint8Array() : addressBytes(address);
    if (!this.isUnicast) return;
    const { version, family, minTtl = HOP_LIMIT } = this.config;
    const toUs = packetRules(version, family, unicast(this.primary));
    this.rules = { ...toUs, extension: this.rules.extension, minHopLimit: minTtl, peers: this.peers };
  }

  /** The index of the peer whose address is at `bytes[at]`; −1: none, or there are no `peers`. */
  peerAt(bytes: Uint8Array, at: number): number {
    const size = addressLength(this.family);
    for (let start = 0; start < this.peers.length; start += size) {
      if (sameAddress(this.peers, start, bytes, at, size)) return start / size;
    }
    return -1;
  }

  /**
   * `checksum = "auto"` sends RFC 9568's: as nobody was heard yet, or as others do that read both. There may be one, not
   * heard, that cannot.
   */
  get guessesChecksum(): boolean {
    return this.checksum === 'auto' && this.checksumSort === ChecksumSort.Message;
  }

  /** What checksums of a peer were heard to cover last; peer −1: of others of the group. */
  checksumHeardFrom(peer: number): ChecksumSort {
    return peer < 0 ? this.checksumHeard : (this.heard[peer] as ChecksumSort);
  }

  /** A peer, or with −1 another of the group, was heard with checksums of this sort. */
  hearChecksum(peer: number, sort: ChecksumSort): void {
    if (peer >= 0) this.heard[peer] = sort;
    this.table.setInt(this.slot, Int.ChecksumHeard, sort);
  }

  /** What is known of each of its `peers`: for an engine after this one. Undefined: it has none. */
  get peersKnown(): PeersKnown | undefined {
    return (
      this.config.peers &&
      new Map(
        this.config.peers.map((address, index) => [
          address,
          { checksum: this.heard[index] as ChecksumSort, failed: this.reach!.since(index) },
        ]),
      )
    );
  }

  /** Takes it over from an engine before this one. */
  inheritPeers(peers: PeersKnown): void {
    for (const [index, address] of (this.config.peers ?? []).entries()) {
      const known = peers.get(address);
      this.heard[index] = known?.checksum ?? ChecksumSort.Any;
      this.reach!.inherit(index, known?.failed ?? 0);
    }
  }

  /** What the checksums of its frames to a destination have to cover: a peer is spoken to as it speaks. */
  checksumSortTo(to: number): ChecksumSort {
    if (this.checksum !== 'auto') return this.checksumSort;
    return (this.heard[to] as ChecksumSort) || this.checksumSort;
  }

  /** Octets that all of its frames take at most. */
  get space(): number {
    return 2 * this.frameSpace * this.destinations.length;
  }

  /** Where in its space a frame stands: the one with its priority, or that with priority 0. */
  frameOffset(to: number, priorityZero: boolean): number {
    return (2 * to + (priorityZero ? 1 : 0)) * this.frameSpace;
  }

  /** Octets behind the messages that it sends. */
  private get extension(): number {
    return this.extend === undefined ? 0 : this.trailer!.length;
  }

  /** Octets that one of its frames takes at most. */
  get frameSpace(): number {
    const { version, family } = this.config;
    const most = this.listsOwn ? MOST_ADDRESSES : this.advertised.length;
    return frameLength(version, family, most, this.rules.trailer) + this.extension;
  }

  /** Octets of its IP packets, as long as they get with the addresses that the interface has. */
  packetLength(link: Link): number {
    const { version, family } = this.config;
    return packetLength(version, family, this.listed(link).length, this.rules.trailer) + this.extension;
  }

  /** The addresses that its advertisements list. */
  private listed(link: Link): readonly string[] {
    const { family } = this.config;
    if (!this.listsOwn) return this.advertised;
    return [...this.advertised, ...EngineRouter.ownAddresses(link, family)].slice(0, MOST_ADDRESSES);
  }

  /**
   * The interface's own addresses of our family, the primary one first. IPv6 goes by link-local addresses (RFC 9568
   * §5.1.2.1), and one that another host has, or may have, is nobody's yet.
   */
  static ownAddresses(link: Link, family: 4 | 6): string[] {
    return link.addresses
      .filter((a) => a.family === family && (family === 4 || isLinkLocal(a.address)))
      .filter(({ tentative, dadFailed }) => tentative !== true && dadFailed !== true)
      .sort((a, b) => Number(a.secondary) - Number(b.secondary))
      .map((a) => a.address);
  }

  /**
   * Writes its two frames to each destination at `at`: an advertisement with its priority, then one with priority 0.
   * @throws PluginError if it cannot be signed; nothing has been written then
   */
  buildFrames(send: Uint8Array, at: number, link: Link): void {
    const { config, authenticator } = this;
    const fields = {
      version: config.version,
      family: config.family,
      vrid: config.vrid,
      authType: authenticator?.authType ?? 0,
      intervalCs: config.advertisementIntervalCs,
      addresses: this.listed(link).map(addressBytes),
    };
    const sign = authenticator?.sign.bind(authenticator);
    // Apart from the send buffer: a plugin that fails half-way or writes too far spoils no frame in use.
    const frames = new Uint8Array(this.space);
    const sorts = this.destinations.map((_, to) => this.checksumSortTo(to));
    const parts = sorts.map((sort, to) => {
      const rules = this.sending[to]![sort]!;
      const [one] = [false, true].map((isZero) => {
        const start = this.frameOffset(to, isZero);
        const priority = isZero ? 0 : this.priority;
        const built = encodeFixedParts(frames, start, this.primary, { ...fields, priority }, rules);
        sealFrame(frames, start, built, rules, sign, this.extend);
        return built;
      });
      return one!;
    });
    send.set(frames, at);
    this.parts = parts;
    this.sealed.set(sorts);
    this.frameLength = parts[0]!.length;
    this.table.setInt(this.slot, Int.Checksum, this.checksumSort);
    this.edges = edgesOf(link);
  }

  /**
   * Has the checksums of its two frames at `at` cover what they have to now. Nothing is allocated: others may make it
   * necessary as often as they like. VRRPv3 has no authentication data that would have to be signed, and a trailer does not
   * cover the checksum.
   */
  resealFrames(send: Uint8Array, at: number): void {
    for (let to = 0; to < this.parts.length; to++) {
      const sort = this.checksumSortTo(to);
      if (sort === this.sealed[to]) continue;
      sealFrame(send, at + this.frameOffset(to, false), this.parts[to]!, this.sending[to]![sort]!);
      sealFrame(send, at + this.frameOffset(to, true), this.parts[to]!, this.sending[to]![sort]!);
      this.sealed[to] = sort;
    }
    if (this.parts.length > 0) this.table.setInt(this.slot, Int.Checksum, this.checksumSort);
  }

  /** Whether each of its frames must be signed anew before it is sent, see {@link signAgain}. */
  get signsEach(): boolean {
    return this.extend !== undefined;
  }

  /**
   * Signs its frame at `at`, to one of its destinations, which has been built, once more. Nothing is allocated.
   * @throws PluginError if that fails: the frame must not be sent
   */
  signAgain(send: Uint8Array, at: number, to: number): void {
    const parts = this.parts[to]!;
    const { message, bodyEnd } = parts;
    if (this.family === 6) {
      // The checksum covers the trailer.
      sealFrame(send, at, parts, this.sending[to]![ChecksumSort.Any]!, undefined, this.extend);
      return;
    }
    const checksum = takeChecksum(send, at + message);
    try {
      this.extend!(send, at + message, at + bodyEnd + this.rules.trailer);
    } finally {
      putChecksum(send, at + message, checksum);
    }
  }

  /** Whether the address at `bytes[at]` is one of the virtual addresses. */
  hasAddress(bytes: Uint8Array, at: number): boolean {
    return listsAddress(this.addresses, addressLength(this.family), bytes, at);
  }

  /** Whether the address at `bytes[at]` names a whole subnet of the interface, or all hosts there. */
  isSubnetEdge(bytes: Uint8Array, at: number): boolean {
    return this.family === 4 && listsAddress(this.edges, 4, bytes, at);
  }

  /**
   * How many of our addresses an advertisement lists (RFC 3768 §7.1). Others may be among them: a router with
   * `rfc3768 = false` lists its interface's too.
   */
  listedOfOurs(bytes: Uint8Array, at: number, count: number): number {
    const ours = this.addresses;
    const size = addressLength(this.family);
    let listed = 0;
    for (let own = 0; own < ours.length; own += size) {
      // As a rule they stand in our order: then each is found at once.
      if (sameAddress(ours, own, bytes, at + own, size) && own < count * size) {
        listed++;
        continue;
      }
      for (let other = 0; other < count * size; other += size) {
        if (!sameAddress(ours, own, bytes, at + other, size)) continue;
        listed++;
        break;
      }
    }
    return listed;
  }

  /**
   * Whether an advertisement that lists `count` addresses from `bytes[at]`, `listed` of ours among them, is one of our
   * group's, see `address_check`.
   */
  isOfOurGroup(bytes: Uint8Array, at: number, count: number, listed: number): boolean {
    const { addressCheck = 'any', family } = this.config;
    if (addressCheck === 'none') return true;
    if (addressCheck === 'all') return listed === this.advertised.length;
    return listed > 0 && (family === 4 || !this.hasGlobal || this.sharesGlobal(bytes, at, count));
  }

  /**
   * IPv6: whether a list has one of our addresses that is not link-local, or has none such at all. The link-local one is
   * no sign of our group: it is the same for all groups of a VRID unless it is configured.
   */
  private sharesGlobal(bytes: Uint8Array, at: number, count: number): boolean {
    const size = addressLength(6);
    const end = at + count * size;
    let hasAny = false;
    for (let other = at; other < end; other += size) {
      if (bytes[other] === 0xfe && (bytes[other + 1]! & 0xc0) === 0x80) continue;
      if (listsAddress(this.addresses, size, bytes, other)) return true;
      hasAny = true;
    }
    return !hasAny;
  }
}

function sameAddress(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

/** See `edges`. */
function edgesOf(link: Link): Uint8Array {
  const edges = link.addresses.flatMap(({ family, address, prefixLength }) => {
    const found = family === 4 ? subnetEdges(address, prefixLength) : undefined;
    return found ? [found.own, found.broadcast] : [];
  });
  return Uint8Array.from(
    edges.flatMap((edge) => [edge >>> 24, (edge >>> 16) & 0xff, (edge >>> 8) & 0xff, edge & 0xff]),
  );
}
