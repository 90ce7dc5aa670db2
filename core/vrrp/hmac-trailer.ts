/**
 * What an HMAC trailer says to whoever looks at packets (draft-cassen-vrrp-auth-hmac): 28 octets behind the message, of which
 * the first is the scheme, 1; then the key's number, two zeros, and the time that it was made. Whether it is genuine is
 * its plugin's affair.
 */

import { advertisementLength, HEADER_LENGTH } from './advertisement.ts';
import type { AddressFamily } from './family.ts';

/** Octets of it. */
export const HMAC_TRAILER = 28;
const SCHEME = 1;

/** See the file's comment. */
export interface TrailerFields {
  /** Number of the key, 1 to 255. */
  readonly key: number;
  /** ms since 1970. */
  readonly time: number;
}

/** The trailer behind the message `bytes[start, end)`; undefined: it has none. */
export function trailerOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  family: AddressFamily,
): TrailerFields | undefined {
  if (end - start < HEADER_LENGTH) return undefined;
  const version = bytes[start]! >> 4;
  if (version !== 3 && (version !== 2 || family !== 4)) return undefined;
  const at = start + advertisementLength(version, family, bytes[start + 3]!);
  if (end - at !== HMAC_TRAILER || bytes[at] !== SCHEME || bytes[at + 2] !== 0 || bytes[at + 3] !== 0)
    return undefined;
  const seconds = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 4);
  const fraction = (bytes[at + 8]! << 8) | bytes[at + 9]!;
  return { key: bytes[at + 1]!, time: seconds * 1000 + (fraction * 1000) / 65536 };
}
