/**
 * What a captured packet says, valid or not. The verdict is the engine's own codec's; the fields are read here,
 * as far as they are there, because a packet that is dropped for its TTL or cut short still says whose it was.
 */
import type { AddressFamily } from '../plugin/contracts/index.ts';
import { addressText } from '../vrrp/address.ts';
import {
  AUTH_DATA_LENGTH,
  addressLength,
  decodeAdvertisement,
  emptyAdvertisement,
  HEADER_LENGTH,
  messageRules,
  putChecksum,
} from '../vrrp/advertisement.ts';
import { foldChecksum, sumWords } from '../vrrp/checksum.ts';
import { DROP_REASONS, Drop, type DropReason } from '../vrrp/drop-reasons.ts';
import {
  decodeFrame,
  ETHERNET_LENGTH,
  ETHERTYPE_IPV4,
  emptyFrame,
  type ReceivedFrame,
} from '../vrrp/frame.ts';
import { HMAC_TRAILER, type TrailerFields, trailerOf } from '../vrrp/hmac-trailer.ts';
import { checkHeader } from '../vrrp/ip-header.ts';
import { HOP_LIMIT, unicast } from '../vrrp/packet-rules.ts';
import { VLAN_TYPES } from './filter.ts';
import type { Authentication, Keyring } from './keyring.ts';

/** Octets of a VLAN tag (IEEE 802.1Q). */
const TAG_LENGTH = 4;

/** A frame as a tap hands it over. */
export interface CapturedPacket {
  /** From the destination MAC on; as much of it as was captured. */
  readonly bytes: Uint8Array;
  /** ms since the epoch. */
  readonly time: number;
  /** Sent by this machine itself. */
  readonly outgoing: boolean;
  /** VLAN identifier of the tag that the kernel has taken off. */
  readonly vlan?: number;
}

/** What it says. A field that the packet is too short for is absent. */
export interface Sighting {
  /** ms since the epoch. */
  readonly time: number;
  readonly outgoing: boolean;
  /** Octets of the frame on the wire, VLAN tags included. */
  readonly length: number;
  /** VLAN identifiers, the outer one first. */
  readonly vlans: readonly number[];
  readonly sourceMac?: string;
  readonly destinationMac?: string;
  readonly family?: AddressFamily;
  readonly source?: string;
  readonly destination?: string;
  /** TTL or hop limit. */
  readonly ttl?: number;
  readonly version?: number;
  /** 1: ADVERTISEMENT. */
  readonly type?: number;
  readonly vrid?: number;
  readonly priority?: number;
  /** As the packet says; `addresses` are those that it has. */
  readonly count?: number;
  /** VRRPv2 alone. */
  readonly authType?: number;
  /** Advertisement interval in ms. */
  readonly interval?: number;
  readonly checksum?: number;
  /** What it should be; absent if the message is not all there. */
  readonly rightChecksum?: number;
  /** VRRPv3 over IPv4, where there are two: what a right checksum covers, the message alone or a pseudo-header too. */
  readonly checksumSort?: 'rfc9568' | 'pseudo-header';
  readonly addresses: readonly string[];
  /** An HMAC trailer behind the message, which is not checked here. Absent: there is none. */
  readonly trailer?: TrailerFields;
  /** Whether the authentication holds. Absent: no key was given, or there is nothing to check. */
  readonly authentication?: Authentication;
  /** Why a virtual router would drop it. Absent: it is valid. */
  readonly reason?: DropReason;
}

/** Decodes a packet. @param keyring absent: authentication is not looked at */
export function sight(packet: CapturedPacket, keyring?: Keyring): Sighting {
  const { bytes, time, outgoing } = packet;
  const { at, inner } = skipTags(bytes);
  const frame = emptyFrame();
  const advertisement = emptyAdvertisement();
  const outside = judgeOutside(bytes, at, frame);
  const { messageStart, messageEnd, family } = frame;
  const trailer = trailerOf(bytes, messageStart, messageEnd, family);
  const version = bytes[messageStart]! >> 4 === 3 ? 3 : 2;
  const rules = trailer && { ...messageRules(version, family), extension: HMAC_TRAILER };
  // Of a packet that fails outside the message is decoded all the same: how else to tell what it was?
  const inside = decodeAdvertisement(
    bytes,
    frame.messageStart,
    frame.messageEnd,
    frame.family,
    frame.pseudoHeader,
    advertisement,
    rules,
  );
  let reason = outside >= 0 ? outside : inside;
  let authentication: Authentication | undefined;
  if (keyring && reason < 0 && advertisement.version === 2 && !trailer) {
    const message = bytes.slice(advertisement.start, frame.messageEnd);
    putChecksum(message, 0, 0);
    const { vrid, authType, start, bodyEnd } = advertisement;
    authentication = keyring.check(vrid, authType, message, bodyEnd - start);
    if (authentication === 'wrong-type') reason = Drop['auth-type'];
    if (authentication === 'wrong') reason = Drop['auth-failed'];
  }
  return {
    time,
    outgoing,
    length: bytes.length + (packet.vlan === undefined ? 0 : TAG_LENGTH),
    vlans: packet.vlan === undefined ? inner : [packet.vlan, ...inner],
    ...ethernetFields(bytes),
    ...ipFields(bytes, at, frame, trailer !== undefined),
    ...(trailer === undefined ? {} : { trailer }),
    ...(authentication === undefined ? {} : { authentication }),
    ...(reason < 0 ? {} : { reason: DROP_REASONS[reason]! }),
  };
}

/** A packet to one router, which has us among its peers, is as good as one to the group. */
function judgeOutside(bytes: Uint8Array, at: number, frame: ReceivedFrame): number {
  const reason = decodeFrame(bytes, at, bytes.length, frame);
  if (reason !== Drop.destination) return reason;
  const { family, destinationAt } = frame;
  const first = bytes[destinationAt]!;
  if (family === 4 ? first >= 224 : first === 0xff) return reason; // another group, or everybody
  const address = bytes.subarray(destinationAt, destinationAt + addressLength(family));
  return checkHeader(bytes, frame, unicast(address), HOP_LIMIT);
}

/** VLAN tags in the frame itself. @returns `at`: where its EtherType would be at 12 without them */
function skipTags(bytes: Uint8Array): { at: number; inner: number[] } {
  const inner: number[] = [];
  let at = 0;
  while (at + 16 <= bytes.length && VLAN_TYPES.includes(word(bytes, at + 12))) {
    inner.push(word(bytes, at + 14) & 0x0fff);
    at += TAG_LENGTH;
  }
  return { at, inner };
}

function ethernetFields(bytes: Uint8Array): Pick<Sighting, 'sourceMac' | 'destinationMac'> {
  if (bytes.length < 12) return {};
  return { destinationMac: macText(bytes.subarray(0, 6)), sourceMac: macText(bytes.subarray(6, 12)) };
}

type IpFields = Omit<
  Sighting,
  | 'time'
  | 'outgoing'
  | 'length'
  | 'vlans'
  | 'sourceMac'
  | 'destinationMac'
  | 'authentication'
  | 'trailer'
  | 'reason'
>;

/** The IP header's fields and all that follows. */
function ipFields(bytes: Uint8Array, at: number, frame: ReceivedFrame, isExtended: boolean): IpFields {
  const ip = at + ETHERNET_LENGTH;
  if (bytes.length < ip) return { addresses: [] };
  const family: AddressFamily = word(bytes, at + 12) === ETHERTYPE_IPV4 ? 4 : 6;
  const [fixed, sourceAt] = family === 4 ? [20, 12] : [40, 8];
  if (bytes.length < ip + fixed) return { family, addresses: [] };
  const size = addressLength(family);
  const address = (offset: number): string => addressText(bytes.subarray(ip + offset, ip + offset + size));
  const header = family === 4 ? (bytes[ip]! & 0x0f) * 4 : fixed;
  const length = family === 4 ? word(bytes, ip + 2) : fixed + word(bytes, ip + 4);
  const message = bytes.subarray(
    ip + Math.max(header, fixed),
    Math.max(0, Math.min(ip + length, bytes.length)),
  );
  const whole = frame.messageEnd > frame.messageStart;
  // Over IPv4 the checksum knows nothing of what is behind the message.
  const behind = isExtended && family === 4 ? HMAC_TRAILER : 0;
  // What is in a later fragment (RFC 791) is somewhere in the middle of a message.
  const laterFragment = family === 4 && (word(bytes, ip + 6) & 0x1fff) !== 0;
  return {
    family,
    source: address(sourceAt),
    destination: address(sourceAt + size),
    ttl: bytes[ip + (family === 4 ? 8 : 7)]!,
    ...messageFields(
      laterFragment ? message.subarray(0, 0) : message.subarray(0, message.length - behind),
      family,
      whole ? frame.pseudoHeader - behind : undefined,
      isExtended && family === 6 ? HMAC_TRAILER : 0,
    ),
  };
}

/**
 * @param pseudoHeader absent: the message is not all there, so its right checksum cannot be told
 * @param behind octets of `message` that stand behind it
 */
function messageFields(
  message: Uint8Array,
  family: AddressFamily,
  pseudoHeader: number | undefined,
  behind: number,
): Omit<IpFields, 'family' | 'source' | 'destination' | 'ttl'> {
  if (message.length === 0) return { addresses: [] };
  const version = message[0]! >> 4;
  const named = { version, type: message[0]! & 0x0f, ...(message.length > 1 ? { vrid: message[1]! } : {}) };
  // Of versions that nobody has defined, what stands where is unknown; and of VRRPv3 the rest is not VRRPv2's.
  if ((version !== 2 && version !== 3) || message.length < HEADER_LENGTH) return { ...named, addresses: [] };
  const count = message[3]!;
  const size = addressLength(family);
  const room = message.length - behind - HEADER_LENGTH - (version === 2 ? AUTH_DATA_LENGTH : 0);
  const present = Math.min(count, Math.max(0, Math.floor(room / size)));
  const checksum = word(message, 6);
  return {
    ...named,
    priority: message[2]!,
    count,
    ...(version === 2
      ? { authType: message[4]!, interval: message[5]! * 1000 }
      : { interval: (word(message, 4) & 0x0fff) * 10 }),
    checksum,
    ...(pseudoHeader === undefined ? {} : judgeChecksum(message, checksum, version, family, pseudoHeader)),
    addresses: Array.from({ length: present }, (_, index) =>
      addressText(message.subarray(HEADER_LENGTH + index * size, HEADER_LENGTH + (index + 1) * size)),
    ),
  };
}

/** VRRPv3 over IPv4 has two sorts, and either is right; a wrong one should be RFC 9568's (§5.2.8). */
function judgeChecksum(
  message: Uint8Array,
  checksum: number,
  version: 2 | 3,
  family: AddressFamily,
  pseudoHeader: number,
): Pick<Sighting, 'rightChecksum' | 'checksumSort'> {
  if (version === 2) return { rightChecksum: rightChecksum(message, checksum, 0) };
  const covered = rightChecksum(message, checksum, pseudoHeader);
  if (family === 6) return { rightChecksum: covered };
  if (covered === checksum) return { rightChecksum: covered, checksumSort: 'pseudo-header' };
  const alone = rightChecksum(message, checksum, 0);
  return { rightChecksum: alone, ...(alone === checksum ? { checksumSort: 'rfc9568' } : {}) };
}

/** A right one is returned as it is: 0 and 0xffff are the same in one's complement (RFC 1071). */
function rightChecksum(message: Uint8Array, checksum: number, pseudoHeader: number): number {
  const sum = sumWords(message, 0, message.length, pseudoHeader);
  return foldChecksum(sum) === 0 ? checksum : foldChecksum(sum - checksum);
}

function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join(':');
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
