/** IP addresses and prefixes as text and as octets. */
import { isIP, isIPv4, isIPv6 } from 'node:net';

/** The octets of an IP address, 4 or 16; a zone (`%eth0`) is left out. @throws Error if it is none */
export function addressOctets(text: string): Uint8Array {
  const [bare = ''] = text.split('%');
  if (isIPv4(bare)) return Uint8Array.from(bare.split('.'), Number);
  if (!isIPv6(bare)) throw new Error(`"${text}" is no IP address`);
  // What has dots at its end is the same with groups.
  const dots = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(bare);
  const hex = (high: string | undefined, low: string | undefined) =>
    (Number(high) * 256 + Number(low)).toString(16);
  const whole = dots ? `${dots[1]}${hex(dots[2], dots[3])}:${hex(dots[4], dots[5])}` : bare;
  const [left = '', right] = whole.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const missing = right === undefined ? 0 : 8 - groups(left).length - groups(right).length;
  const all = [...groups(left), ...Array<string>(missing).fill('0'), ...groups(right ?? '')];
  return Uint8Array.from(
    all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  );
}

/** The text of 4 or 16 octets (RFC 5952). */
export function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (octets[2 * i]! << 8) | octets[2 * i + 1]!);
  let [best, length] = [-1, 1]; // the first of the longest runs of zeros, of two at least
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > length) [best, length] = [at, end - at];
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  return best < 0 ? hex(groups) : `${hex(groups.slice(0, best))}::${hex(groups.slice(best + length))}`;
}

/** A network: `10.0.0.0/8`. */
export interface Prefix {
  readonly family: 4 | 6;
  readonly octets: Uint8Array;
  readonly length: number;
}

/**
 * Reads an address with or without `/length`; without, it is the address alone.
 * @throws Error that says what is wrong
 */
export function parsePrefix(text: string): Prefix {
  const [address = '', length, ...rest] = text.split('/');
  const family = isIP(address);
  if ((family !== 4 && family !== 6) || address.includes('%') || rest.length > 0)
    throw new Error(`"${text}" is neither an IP address nor a prefix such as 192.0.2.0/24 or 2001:db8::/32`);
  const most = family === 4 ? 32 : 128;
  if (length !== undefined && (!/^\d{1,3}$/.test(length) || Number(length) > most))
    throw new Error(`"${text}": the prefix length must be 0 to ${most}`);
  return { family, octets: addressOctets(address), length: length === undefined ? most : Number(length) };
}

/** Whether bits behind the prefix are set. */
export function hasHostBits({ octets, length }: Prefix): boolean {
  return octets.some((octet, at) => {
    const kept = Math.min(8, Math.max(0, length - 8 * at));
    return (octet & (0xff >> kept)) !== 0;
  });
}

/** Whether two lists of octets are the same. */
export function sameOctets(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((octet, at) => octet === other[at]);
}
