/** Addresses: where to listen, and who it is that connects. Pure. */
import { isIPv6 } from 'node:net';

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Takes `[api]` `host` apart: `address:port`, an IPv6 address in brackets.
 * @throws Error if it is no such thing
 */
export function parseListenAddress(text: string): ListenAddress {
  const { v6, v4, port } = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[^:]+)):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  const host = v6 ?? v4;
  if (host === undefined || Number(port) > 65_535 || (v6 !== undefined && !isIPv6(v6))) {
    throw new Error(`api.host is "${text}": it must be ADDRESS:PORT, such as 0.0.0.0:7080 or [::]:7080`);
  }
  return { host, port: Number(port) };
}

/** The address of a peer as operators write it: no IPv4-mapped IPv6 addresses (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string | undefined): string {
  return address?.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '') ?? 'unknown';
}

/** What counts as one client: an IPv4 address, or an IPv6 /64, as its site can use any address in it. */
export function clientOf(address: string | undefined): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('%', 1)[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  // What `::` stands for is zeros; how many depends on what follows it.
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  const groups = [...before, ...zeros, ...after].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
