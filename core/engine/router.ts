/** One virtual router in the engine: what it is configured to be, over its slot of the state table. */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/contracts/index.ts';
import { Int, macNumber, Num, type State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { addressBytes, isLinkLocal, virtualMac } from '../vrrp/address.ts';
import { addressLength, ChecksumSort } from '../vrrp/advertisement.ts';
import { encodeFixedParts, type FrameParts, frameLength, packetLength, sealFrame } from '../vrrp/frame.ts';
import type { VirtualRouter } from '../vrrp/machine.ts';
import { GROUPS, type PacketRules, packetRules } from '../vrrp/packet-rules.ts';
import { subnetEdges } from '../vrrp/subnet.ts';
import type { Attachment } from './attachment.ts';
import type { GuardedAuthenticator } from './guard.ts';

/** VRRP counts addresses in one octet (RFC 3768 §5.3.5). */
const MOST_ADDRESSES = 255;
/** The greatest authentication type that a standard knows (RFC 2338 §5.3.6); those above are proprietary. */
const LAST_STANDARD_AUTH_TYPE = 2;

/** A virtual router of the engine. Its dynamic state is the slot; this object can be made anew at any time. */
export class EngineRouter implements VirtualRouter {
  readonly version: 2 | 3;
  /** What its packets look like, and go to. */
  readonly rules: PacketRules;
  readonly advertisementInterval: number;
  readonly virtualMac: string;
  /** The same as a number of 48 bits. */
  readonly virtualMacNumber: number;
  /** The virtual addresses as octets, one after the other. */
  readonly addresses: Uint8Array;
  /**
   * Whether advertisements list the interface's own addresses too: `rfc3768 = false`, of VRRPv2 alone, as the RFC is, and
   * not with a proprietary authentication type, as 0.1.3 has it.
   */
  readonly listsOwn: boolean;
  /** IPv6: whether any of its addresses is not link-local. */
  private readonly hasGlobal: boolean;
  /** Where it runs; undefined while it is Down. */
  attachment: Attachment | undefined;
  /** Our primary address on the interface, and as text; empty before it is known. */
  primary: Uint8Array = new Uint8Array();
  primaryText = '';
  /** Network and broadcast addresses of the interface's IPv4 subnets, one after the other: no router's own. */
  private edges: Uint8Array = new Uint8Array();
  /** Length of its frames in octets, once built. */
  frameLength = 0;
  /** Where the parts of its frames are, once built. */
  private parts: FrameParts | undefined;
  /** Those of sent packets, by `ChecksumSort`. */
  private readonly sending: readonly PacketRules[];
  private readonly ints: number;
  private readonly nums: number;

  constructor(
    readonly slot: number,
    readonly config: VirtualRouterConfig,
    readonly authenticator: GuardedAuthenticator | undefined,
    private readonly table: EngineTable,
  ) {
    this.version = config.version;
    this.rules = packetRules(config.version, config.family);
    this.sending = [ChecksumSort.Any, ChecksumSort.Message, ChecksumSort.PseudoHeader].map((sort) =>
      packetRules(config.version, config.family, GROUPS[config.family], sort),
    );
    this.advertisementInterval = config.advertisementIntervalCs * 10;
    this.virtualMac = virtualMac(config.family, config.vrid);
    this.virtualMacNumber = macNumber(this.virtualMac);
    this.addresses = Uint8Array.from(config.addresses.flatMap((address) => [...addressBytes(address)]));
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
  get deadline(): number {
    return this.table.nums[this.nums + Num.Deadline]!;
  }
  get masterAdverInterval(): number {
    return this.table.nums[this.nums + Num.MasterAdverInterval]!;
  }

  /** Preempt_Mode: as configured, but false while it stands by after a fail-over. */
  get preempt(): boolean {
    return this.config.preempt && this.table.ints[this.ints + Int.StandingBy] === 0;
  }

  /** What checksums of other routers of the group were heard to cover last. */
  get checksumHeard(): ChecksumSort {
    return this.table.ints[this.ints + Int.ChecksumHeard] as ChecksumSort;
  }

  /** What its own have to cover, by `checksum`: unless that says it, as the others' do, and RFC 9568's until one is heard. */
  get checksumSort(): ChecksumSort {
    const { version, family, checksum = 'auto' } = this.config;
    if (version !== 3 || family !== 4) return ChecksumSort.Any;
    if (checksum === 'auto') return this.checksumHeard || ChecksumSort.Message;
    return checksum === 'rfc9568' ? ChecksumSort.Message : ChecksumSort.PseudoHeader;
  }

  setPrimary(address: string): void {
    this.primaryText = address;
    this.primary = address === '' ? new Uint8Array() : addressBytes(address);
  }

  /** Octets that one of its frames takes at most. */
  get frameSpace(): number {
    const { version, family, addresses } = this.config;
    const most = this.listsOwn ? MOST_ADDRESSES : addresses.length;
    return frameLength(version, family, most, this.rules.trailer);
  }

  /** Octets of its IP packets, as long as they get with the addresses that the interface has. */
  packetLength(link: Link): number {
    const { version, family } = this.config;
    return packetLength(version, family, this.listed(link).length, this.rules.trailer);
  }

  /** The addresses that its advertisements list. */
  private listed(link: Link): readonly string[] {
    const { addresses, family } = this.config;
    if (!this.listsOwn) return addresses;
    return [...addresses, ...EngineRouter.ownAddresses(link, family)].slice(0, MOST_ADDRESSES);
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
   * Writes its two frames at `at`: an advertisement with its priority, then one with priority 0.
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
    const frames = new Uint8Array(2 * this.frameSpace);
    const sort = this.checksumSort;
    const rules = this.sending[sort]!;
    let built: FrameParts | undefined;
    for (const [start, priority] of [
      [0, this.priority],
      [this.frameSpace, 0],
    ] as const) {
      built = encodeFixedParts(frames, start, this.primary, { ...fields, priority }, rules);
      sealFrame(frames, start, built, rules, sign);
    }
    send.set(frames, at);
    this.parts = built;
    this.frameLength = built!.length;
    this.table.setInt(this.slot, Int.Checksum, sort);
    this.edges = edgesOf(link);
  }

  /**
   * Has the checksums of its two frames at `at` cover what they have to now. Nothing is allocated: others may make it
   * necessary as often as they like. VRRPv3 has no authentication data that would have to be signed.
   */
  resealFrames(send: Uint8Array, at: number): void {
    const sort = this.checksumSort;
    if (!this.parts || sort === this.table.int(this.slot, Int.Checksum)) return;
    sealFrame(send, at, this.parts, this.sending[sort]!);
    sealFrame(send, at + this.frameSpace, this.parts, this.sending[sort]!);
    this.table.setInt(this.slot, Int.Checksum, sort);
  }

  /** Whether the address at `bytes[at]` is one of the virtual addresses. */
  hasAddress(bytes: Uint8Array, at: number): boolean {
    return contains(this.addresses, addressLength(this.config.family), bytes, at);
  }

  /** Whether the address at `bytes[at]` names a whole subnet of the interface, or all hosts there. */
  isSubnetEdge(bytes: Uint8Array, at: number): boolean {
    return this.config.family === 4 && contains(this.edges, 4, bytes, at);
  }

  /**
   * How many of our addresses an advertisement lists (RFC 3768 §7.1). Others may be among them: a router with
   * `rfc3768 = false` lists its interface's too.
   */
  listedOfOurs(bytes: Uint8Array, at: number, count: number): number {
    const ours = this.addresses;
    const size = addressLength(this.config.family);
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
    const { addressCheck = 'any', addresses, family } = this.config;
    if (addressCheck === 'none') return true;
    if (addressCheck === 'all') return listed === addresses.length;
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
      if (contains(this.addresses, size, bytes, other)) return true;
      hasAny = true;
    }
    return !hasAny;
  }
}

function sameAddress(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

/** Whether a list of addresses of `size` octets has the one at `bytes[at]`. */
function contains(list: Uint8Array, size: number, bytes: Uint8Array, at: number): boolean {
  for (let start = 0; start < list.length; start += size) {
    let i = 0;
    while (i < size && list[start + i] === bytes[at + i]) i++;
    if (i === size) return true;
  }
  return false;
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
