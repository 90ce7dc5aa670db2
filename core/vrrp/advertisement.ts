/**
 * The VRRP ADVERTISEMENT message, VRRPv2 (RFC 3768 §5.1, RFC 2338 §5.1) and VRRPv3 (RFC 9568 §5.1, RFC 5798 §5.1).
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Version| Type  | Virtual Rtr ID|   Priority    | Count IP Addrs|
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Auth Type   |   Adver Int   |          Checksum             |   VRRPv2, seconds
 * |(rsvd) |     Max Adver Int     |          Checksum             |   VRRPv3, centiseconds
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                    IP Address (1) … (n)                       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |              Authentication Data (8 octets)                   |   VRRPv2 only
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */

import { foldChecksum, sumWords } from './checksum.ts';
import { Drop } from './drop-reasons.ts';
import type { AddressFamily } from './family.ts';

/** Octets before the addresses. */
export const HEADER_LENGTH = 8;
/** Octets of authentication data behind the addresses of VRRPv2. */
export const AUTH_DATA_LENGTH = 8;
/** IP protocol number of VRRP. */
export const IPPROTO_VRRP = 112;

const TYPE_ADVERTISEMENT = 1;
const CHECKSUM_OFFSET = 6;

/**
 * What a checksum of VRRPv3 over IPv4 covers. Both are in the field, and most routers read one alone: RFC 9568 §5.2.8
 * has the message, most readers of RFC 5798 §5.2.8 a pseudo-header too.
 */
export const ChecksumSort = {
  /** There is but one for this version and family; or the sum is right either way, and tells nothing. */
  Any: 0,
  /** The message alone. */
  Message: 1,
  /** The message and {@link pseudoHeaderSum}. */
  PseudoHeader: 2,
} as const;
/** One of {@link ChecksumSort}. */
export type ChecksumSort = (typeof ChecksumSort)[keyof typeof ChecksumSort];

/** What each is called, by `ChecksumSort`, as in the directive `checksum`; {@link ChecksumSort.Any} has no name. */
export const CHECKSUM_SORT_NAMES = [undefined, 'rfc9568', 'pseudo-header'] as const;

/** What messages look like beside header and addresses, which all have alike. */
export interface MessageRules {
  readonly version: 2 | 3;
  readonly family: AddressFamily;
  /** Octets of authentication data behind the addresses. */
  readonly trailer: number;
  /**
   * Whether the checksum includes the pseudo-header, see {@link pseudoHeaderSum}: of what is sent, and but for VRRPv3
   * over IPv4, where either is accepted, of what is received.
   */
  readonly pseudoHeader: boolean;
  /**
   * Octets behind the whole message that are no part of it: an authentication trailer. Of what is sent; of what is received
   * they may be missing. 0: there are none.
   */
  readonly extension: number;
}

const VRRPV2: MessageRules = {
  ...{ version: 2, family: 4, trailer: AUTH_DATA_LENGTH, pseudoHeader: false, extension: 0 },
};
const VRRPV3: Readonly<Record<AddressFamily, MessageRules>> = {
  4: { version: 3, family: 4, trailer: 0, pseudoHeader: false, extension: 0 },
  6: { version: 3, family: 6, trailer: 0, pseudoHeader: true, extension: 0 },
};

/** Those of a VRRP version (RFC 3768 §5.1, RFC 9568 §5.1 and §5.2.8). */
export function messageRules(version: 2 | 3, family: AddressFamily): MessageRules {
  return version === 2 ? VRRPV2 : VRRPV3[family];
}

/** Octets of one address on the wire. */
export function addressLength(family: AddressFamily): 4 | 16 {
  return family === 4 ? 4 : 16;
}

/** A decoded message; offsets are into the buffer that was decoded. */
export interface Advertisement {
  version: 2 | 3;
  vrid: number;
  priority: number;
  count: number;
  /** VRRPv2 only, else 0. */
  authType: number;
  /** Advertisement interval in ms. */
  interval: number;
  start: number;
  /** End of the addresses: where the authentication data starts in VRRPv2. */
  bodyEnd: number;
  /** End of the message. */
  messageEnd: number;
  /** Octets behind it, see {@link MessageRules}. */
  extension: number;
  /** What its checksum covers. */
  checksumSort: ChecksumSort;
}

/** An advertisement to decode into, so that decoding allocates nothing. */
export function emptyAdvertisement(): Advertisement {
  return {
    ...{ version: 2, vrid: 0, priority: 0, count: 0, authType: 0, interval: 0, start: 0, bodyEnd: 0 },
    ...{ messageEnd: 0, extension: 0 },
    checksumSort: ChecksumSort.Any,
  };
}

/** The sum of the pseudo-header that VRRPv3 checksums include (RFC 5798 §5.2.8). */
export function pseudoHeaderSum(
  bytes: Uint8Array,
  sourceAt: number,
  destinationAt: number,
  family: AddressFamily,
  length: number,
): number {
  const size = addressLength(family);
  const addresses = sumWords(
    bytes,
    destinationAt,
    destinationAt + size,
    sumWords(bytes, sourceAt, sourceAt + size),
  );
  return addresses + IPPROTO_VRRP + length;
}

/**
 * Decodes `bytes[start, end)` and checks all that needs no configuration (RFC 3768 §7.1, RFC 9568 §7.1). No address
 * and an interval of 0 are refused (errata 8299 and 8301 of RFC 9568): the latter would make all Backups Master at once.
 * That an IPv6 list does not begin with a link-local address (erratum 8300) is no reason: those who send such lists
 * would be Master beside us.
 *
 * @param pseudoHeader see {@link pseudoHeaderSum}, of all octets
 * @param rules those of the virtual router that it is for; a message of another version goes by that version's, which
 *   tells more exactly what is wrong with it. Default: those of its version
 * @returns -1 if it is well-formed, else the {@link Drop} reason. `out.vrid` is set unless truncated.
 */
export function decodeAdvertisement(
  bytes: Uint8Array,
  start: number,
  end: number,
  family: AddressFamily,
  pseudoHeader: number,
  out: Advertisement,
  rules?: MessageRules,
): number {
  out.vrid = -1;
  if (end - start < HEADER_LENGTH) return Drop.truncated;
  const version = bytes[start]! >> 4;
  out.vrid = bytes[start + 1]!;
  out.start = start;
  out.priority = bytes[start + 2]!;
  out.count = bytes[start + 3]!;
  out.bodyEnd = start + HEADER_LENGTH + out.count * addressLength(family);
  if (version === 2 && family === 4) {
    out.version = 2;
    out.authType = bytes[start + 4]!;
    out.interval = bytes[start + 5]! * 1000;
  } else if (version === 3) {
    out.version = 3;
    out.authType = 0;
    out.interval = (((bytes[start + 4]! & 0x0f) << 8) | bytes[start + 5]!) * 10;
  } else {
    return Drop.version;
  }
  if ((bytes[start]! & 0x0f) !== TYPE_ADVERTISEMENT) return Drop.type;
  const {
    trailer,
    pseudoHeader: covered,
    extension,
  } = rules?.version === version ? rules : messageRules(version, family);
  const messageEnd = out.bodyEnd + trailer;
  if (messageEnd > end && out.count <= 1) return Drop.truncated; // too short even for one address
  const behind = end - messageEnd;
  if ((behind !== 0 && (behind !== extension || extension === 0)) || out.count === 0) return Drop.count;
  out.messageEnd = messageEnd;
  out.extension = behind;
  // Over IPv6 the checksum covers what is behind the message too, over IPv4 it is not even in the pseudo-header.
  const sum = sumWords(bytes, start, family === 6 ? end : messageEnd);
  out.checksumSort = ChecksumSort.Any;
  if (version === 3 && family === 4) {
    const alone = foldChecksum(sum) === 0;
    const together = foldChecksum(sum + pseudoHeader - behind) === 0;
    if (!alone && !together) return Drop.checksum;
    if (alone !== together) out.checksumSort = alone ? ChecksumSort.Message : ChecksumSort.PseudoHeader;
  } else if (foldChecksum(covered ? sum + pseudoHeader : sum) !== 0) return Drop.checksum;
  return out.interval === 0 ? Drop.interval : -1;
}

/** What goes into an advertisement. */
export interface AdvertisementFields {
  readonly version: 2 | 3;
  readonly family: AddressFamily;
  readonly vrid: number;
  readonly priority: number;
  /** VRRPv2: 0 without authentication. */
  readonly authType: number;
  /** Centiseconds; whole seconds for VRRPv2. */
  readonly intervalCs: number;
  /** Each of 4 or 16 octets. */
  readonly addresses: readonly Uint8Array[];
}

/** Octets of the message. @param trailer see {@link MessageRules}; default: the version's */
export function advertisementLength(
  version: 2 | 3,
  family: AddressFamily,
  count: number,
  trailer = messageRules(version, family).trailer,
): number {
  return HEADER_LENGTH + count * addressLength(family) + trailer;
}

/**
 * Writes authentication data at `end` for the body `bytes[start, end)`, whose checksum field is zero. The octets there
 * are zero before.
 */
export type Sign = (bytes: Uint8Array, start: number, end: number) => void;

/** Writes what stands behind the message `bytes[start, end)`, whose checksum field is zero. */
export type Extend = (bytes: Uint8Array, start: number, end: number) => void;

/**
 * Writes a message at `start`, checksum and authentication data included.
 *
 * @param sign absent: the authentication data is zeros
 * @param pseudoHeader see {@link pseudoHeaderSum}; used for VRRPv3 over IPv6 alone
 * @returns the end of the message
 */
export function encodeAdvertisement(
  bytes: Uint8Array,
  start: number,
  fields: AdvertisementFields,
  pseudoHeader: number,
  sign?: Sign,
): number {
  const rules = messageRules(fields.version, fields.family);
  const bodyEnd = encodeBody(bytes, start, fields);
  sealMessage(bytes, start, bodyEnd, rules, pseudoHeader, sign);
  return bodyEnd + rules.trailer;
}

/** Writes what all messages with these fields have alike: all but checksum and authentication data. @returns its end */
export function encodeBody(bytes: Uint8Array, start: number, fields: AdvertisementFields): number {
  bytes[start] = (fields.version << 4) | TYPE_ADVERTISEMENT;
  bytes[start + 1] = fields.vrid;
  bytes[start + 2] = fields.priority;
  bytes[start + 3] = fields.addresses.length;
  if (fields.version === 2) {
    bytes[start + 4] = fields.authType;
    bytes[start + 5] = fields.intervalCs / 100;
  } else {
    bytes[start + 4] = fields.intervalCs >> 8;
    bytes[start + 5] = fields.intervalCs & 0xff;
  }
  let end = start + HEADER_LENGTH;
  for (const address of fields.addresses) {
    bytes.set(address, end);
    end += address.length;
  }
  return end;
}

/**
 * Writes what each message has of its own: authentication data, what stands behind it, and checksum. May be done again and again to the same
 * message; nothing is allocated.
 * @param bodyEnd where {@link encodeBody} ended
 * @param extend absent: what stands behind the message stays as it is
 * @throws what `sign` or `extend` throws; the message is not valid then
 */
export function sealMessage(
  bytes: Uint8Array,
  start: number,
  bodyEnd: number,
  { family, trailer, pseudoHeader: covered, extension }: MessageRules,
  pseudoHeader: number,
  sign?: Sign,
  extend?: Extend,
): void {
  putChecksum(bytes, start, 0);
  const end = bodyEnd + trailer;
  if (trailer > 0) {
    bytes.fill(0, bodyEnd, end);
    sign?.(bytes, start, bodyEnd);
  }
  extend?.(bytes, start, end);
  const covers = family === 6 ? end + extension : end;
  putChecksum(bytes, start, foldChecksum(sumWords(bytes, start, covers, covered ? pseudoHeader : 0)));
}

/** Sets the checksum field to zero, as the body that authentication covers has it. @returns what it was */
export function takeChecksum(bytes: Uint8Array, start: number): number {
  const at = start + CHECKSUM_OFFSET;
  const checksum = (bytes[at]! << 8) | bytes[at + 1]!;
  putChecksum(bytes, start, 0);
  return checksum;
}

/** Sets the checksum field. */
export function putChecksum(bytes: Uint8Array, start: number, checksum: number): void {
  bytes[start + CHECKSUM_OFFSET] = checksum >> 8;
  bytes[start + CHECKSUM_OFFSET + 1] = checksum & 0xff;
}
