/**
 * Sequence numbers: 64 bits, of which the upper half is seconds since 1970, then come a fraction of a second in 1/65536
 * and a counter, 16 bits each. As two halves, since a number of JavaScript has 53 bits and a BigInt is an allocation.
 */

/** Whether (`hi`, `lo`) comes after (`lastHi`, `lastLo`), by serial number arithmetic (RFC 1982). */
export function isAfter(hi: number, lo: number, lastHi: number, lastLo: number): boolean {
  const low = (lo >>> 0) - (lastLo >>> 0);
  const high = (hi - lastHi - (low < 0 ? 1 : 0)) | 0;
  return high > 0 || (high === 0 && low !== 0);
}

/** Seconds that `hi` is after `lastHi`, 32 bits with sign. */
export function secondsBetween(hi: number, lastHi: number): number {
  return (hi - lastHi) | 0;
}

/** The upper half for a time in ms since 1970. */
export function secondsOf(ms: number): number {
  return Math.floor(ms / 1000) >>> 0;
}

/** The lower half for it, its counter 0. */
export function fractionOf(ms: number): number {
  return (Math.floor(((ms % 1000) * 65536) / 1000) << 16) >>> 0;
}

/** The time of a sequence number, in ms since 1970; its counter tells nothing. */
export function timeOf(hi: number, lo: number): number {
  return (hi >>> 0) * 1000 + ((lo >>> 16) * 1000) / 65536;
}
