/**
 * The VRRP ADVERTISEMENT message, VRRPv2 (RFC 3768 §5.1, RFC 2338 §5.1) and VRRPv3 (RFC 5798 §5.1).
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
}

/** An advertisement to decode into, so that decoding allocates nothing. */
export function emptyAdvertisement(): Advertisement {
  return { version: 2, vrid: 0, priority: 0, count: 0, authType: 0, interval: 0, start: 0, bodyEnd: 0 };
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
 * Decodes `bytes[start, end)` and checks all that needs no configuration (RFC 3768 §7.1).
 *
 * @param pseudoHeader see {@link pseudoHeaderSum}; used for VRRPv3 alone
 * @returns -1 if it is well-formed, else the {@link Drop} reason. `out.vrid` is set unless truncated.
 */
export function decodeAdvertisement(
  bytes: Uint8Array,
  start: number,
  end: number,
  family: AddressFamily,
  pseudoHeader: number,
  out: Advertisement,
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
  const length = out.bodyEnd - start + (version === 2 ? AUTH_DATA_LENGTH : 0);
  if (start + length > end && out.count <= 1) return Drop.truncated; // too short even for one address
  if (start + length !== end || out.count === 0) return Drop.count;
  if (foldChecksum(sumWords(bytes, start, end, version === 3 ? pseudoHeader : 0)) !== 0) return Drop.checksum;
  return -1;
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

/** Octets of the message. */
export function advertisementLength(version: 2 | 3, family: AddressFamily, count: number): number {
  return HEADER_LENGTH + count * addressLength(family) + (version === 2 ? AUTH_DATA_LENGTH : 0);
}

/**
 * Writes a message at `start`, checksum and authentication data included.
 *
 * @param sign writes the authentication data behind the body; absent: zeros
 * @param pseudoHeader see {@link pseudoHeaderSum}; used for VRRPv3 alone
 * @returns the end of the message
 */
export function encodeAdvertisement(
  bytes: Uint8Array,
  start: number,
  fields: AdvertisementFields,
  pseudoHeader: number,
  sign?: (bytes: Uint8Array, start: number, end: number) => void,
): number {
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
  putChecksum(bytes, start, 0);
  let end = start + HEADER_LENGTH;
  for (const address of fields.addresses) {
    bytes.set(address, end);
    end += address.length;
  }
  if (fields.version === 2) {
    bytes.fill(0, end, end + AUTH_DATA_LENGTH);
    sign?.(bytes, start, end);
    end += AUTH_DATA_LENGTH;
  }
  const sum = foldChecksum(sumWords(bytes, start, end, fields.version === 3 ? pseudoHeader : 0));
  putChecksum(bytes, start, sum);
  return end;
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
