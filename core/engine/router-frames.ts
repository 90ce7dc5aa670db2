/** The frames that a virtual router sends: built once, sealed and signed again in place (RFC 3768 §7.2). */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/contracts/index.ts';
import { addressBytes } from '../vrrp/address.ts';
import { ChecksumSort, type Extend, putChecksum, takeChecksum } from '../vrrp/advertisement.ts';
import type { AddressFamily } from '../vrrp/family.ts';
import { encodeFixedParts, type FrameParts, frameLength, packetLength, sealFrame } from '../vrrp/frame.ts';
import { type Destination, type PacketRules, packetRules } from '../vrrp/packet-rules.ts';
import type { GuardedAuthenticator } from './guard.ts';
import { ownAddresses } from './router-addresses.ts';
import type { RouterChecksums } from './router-checksums.ts';
import type { GuardedTrailer } from './trailer-guard.ts';

/** Where the sender's address stands, in octets before the message: the IP headers of our own frames have no options. */
const SOURCE_BEFORE = { 4: 8, 6: 32 } as const;

/** VRRP counts addresses in one octet (RFC 3768 §5.3.5). */
const MOST_ADDRESSES = 255;
/** The greatest authentication type that a standard knows (RFC 2338 §5.3.6); those above are proprietary. */
const LAST_STANDARD_AUTH_TYPE = 2;

/** See the file's comment. There are two to each destination: one with its priority, one with priority 0. */
export class RouterFrames {
  /**
   * Whether they list the interface's own addresses too: `rfc3768 = false`, of VRRPv2 alone, as the RFC is, and
   * not with a proprietary authentication type, as 0.1.3 has it.
   */
  readonly listOwn: boolean;
  /** Octets that one takes at most. */
  readonly each: number;
  /** Length of each in octets, once built; 0 before. */
  length = 0;
  private readonly family: AddressFamily;
  /** Where the parts are, once built, by destination. */
  private parts: readonly FrameParts[] = [];
  /** Those of sent packets, by destination and `ChecksumSort`. */
  private readonly rules: readonly (readonly PacketRules[])[];
  /** What the checksums of each destination's frames cover, once built. */
  private sealed: ChecksumSort[] = [];
  /** Writes the trailer behind a message of ours; absent: what we send has none. */
  private readonly extend: Extend | undefined;
  /** Octets behind the messages. */
  private readonly extension: number;
  /** Octets of the authentication data in the messages. */
  private readonly authData: number;

  /** @param advertised the addresses that they list */
  constructor(
    private readonly config: VirtualRouterConfig,
    private readonly destinations: readonly Destination[],
    private readonly advertised: readonly string[],
    private readonly checksums: RouterChecksums,
    private readonly authenticator: GuardedAuthenticator | undefined,
    trailer: GuardedTrailer | undefined,
  ) {
    const { version, family } = config;
    const before = SOURCE_BEFORE[family];
    if (trailer?.sends) this.extend = (bytes, start, end) => trailer.sign(bytes, start, end, start - before);
    this.extension = trailer?.sends ? trailer.length : 0;
    this.rules = destinations.map((destination) =>
      [ChecksumSort.Any, ChecksumSort.Message, ChecksumSort.PseudoHeader].map((sort) =>
        packetRules(version, family, destination, sort, this.extension),
      ),
    );
    this.authData = this.rules[0]![ChecksumSort.Any]!.trailer;
    const isStandard = (authenticator?.authType ?? 0) <= LAST_STANDARD_AUTH_TYPE;
    this.listOwn = !config.rfc3768 && version === 2 && isStandard;
    const most = this.listOwn ? MOST_ADDRESSES : advertised.length;
    this.each = frameLength(version, family, most, this.authData) + this.extension;
    this.family = family;
  }

  /** Octets that all of them take at most. */
  get space(): number {
    return 2 * this.each * this.destinations.length;
  }

  /** Where in its space one stands: the one with its priority, or that with priority 0. @param to the destination */
  offset(to: number, priorityZero: boolean): number {
    return (2 * to + (priorityZero ? 1 : 0)) * this.each;
  }

  /** Octets of its IP packets, as long as they get with the addresses that the interface has. */
  packetLength(link: Link): number {
    const { version, family } = this.config;
    return packetLength(version, family, this.listed(link).length, this.authData) + this.extension;
  }

  /** The addresses that its advertisements list. */
  private listed(link: Link): readonly string[] {
    if (!this.listOwn) return this.advertised;
    return [...this.advertised, ...ownAddresses(link, this.config.family)].slice(0, MOST_ADDRESSES);
  }

  /**
   * Writes the two frames to each destination at `at`: an advertisement with this priority, then one with priority 0.
   * @param source the sender's address
   * @throws PluginError if it cannot be signed; nothing has been written then
   */
  build(send: Uint8Array, at: number, link: Link, source: Uint8Array, priority: number): void {
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
    const sorts = this.destinations.map((_, to) => this.checksums.sortTo(to));
    const parts = sorts.map((sort, to) => {
      const rules = this.rules[to]![sort]!;
      const [one] = [false, true].map((isZero) => {
        const start = this.offset(to, isZero);
        const built = encodeFixedParts(
          frames,
          start,
          source,
          { ...fields, priority: isZero ? 0 : priority },
          rules,
        );
        sealFrame(frames, start, built, rules, sign, this.extend);
        return built;
      });
      return one!;
    });
    send.set(frames, at);
    this.parts = parts;
    this.sealed = sorts;
    this.length = parts[0]!.length;
    this.checksums.tell();
  }

  /**
   * Has the checksums of the frames at `at` cover what they have to now. Nothing is allocated: others may make it
   * necessary as often as they like. VRRPv3 has no authentication data that would have to be signed, and a trailer does not
   * cover the checksum.
   */
  reseal(send: Uint8Array, at: number): void {
    for (let to = 0; to < this.parts.length; to++) {
      const sort = this.checksums.sortTo(to);
      if (sort === this.sealed[to]) continue;
      sealFrame(send, at + this.offset(to, false), this.parts[to]!, this.rules[to]![sort]!);
      sealFrame(send, at + this.offset(to, true), this.parts[to]!, this.rules[to]![sort]!);
      this.sealed[to] = sort;
    }
    if (this.parts.length > 0) this.checksums.tell();
  }

  /** Whether each must be signed anew before it is sent, see {@link signAgain}. */
  get signEach(): boolean {
    return this.extend !== undefined;
  }

  /**
   * Signs the frame at `at`, to one of the destinations, which has been built, once more. Nothing is allocated.
   * @throws PluginError if that fails: the frame must not be sent
   */
  signAgain(send: Uint8Array, at: number, to: number): void {
    const parts = this.parts[to]!;
    const { message, bodyEnd } = parts;
    if (this.family === 6) {
      // The checksum covers the trailer.
      sealFrame(send, at, parts, this.rules[to]![ChecksumSort.Any]!, undefined, this.extend);
      return;
    }
    const checksum = takeChecksum(send, at + message);
    try {
      this.extend!(send, at + message, at + bodyEnd + this.authData);
    } finally {
      putChecksum(send, at + message, checksum);
    }
  }
}
