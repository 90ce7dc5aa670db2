/** IPv4 addresses as text, numbers and netmasks. */

/** Dotted notation as an unsigned 32-bit number; undefined if it is none. */
export function toNumber(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const octets = text.split('.').map(Number);
  if (octets.some((octet) => octet > 255)) return undefined;
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

/** The inverse of {@link toNumber}. */
export function toText(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** The netmask of a prefix length, 0 to 32, as a number. */
export function netmaskOf(prefixLength: number): number {
  return prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
}

/** The prefix length of a netmask. */
export function prefixLengthOf(netmask: number): number {
  return Math.clz32(~netmask >>> 0);
}
