/** The Internet checksum (RFC 1071), over parts of a packet without copying them. */

/** Adds the 16-bit words of `bytes[start, end)` to a running sum; an odd last octet is padded with zero. */
export function sumWords(bytes: Uint8Array, start: number, end: number, sum = 0): number {
  let total = sum;
  let i = start;
  for (; i + 1 < end; i += 2) total += (bytes[i]! << 8) | bytes[i + 1]!;
  if (i < end) total += bytes[i]! << 8;
  return total; // 64 KiB of 0xffff words stay far below 2^31
}

/** Folds a sum into the checksum to put on the wire. Over data with a right checksum in it, this is 0. */
export function foldChecksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return ~folded & 0xffff;
}
