/** What the kernel lists in /proc/net, of the calling thread's network namespace (man 5 proc_net). */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** An IPv6 address as /proc/net/if_inet6 has it. */
export interface Inet6Entry {
  readonly interface: string;
  /** As RFC 5952 writes it. */
  readonly address: string;
  readonly prefixLength: number;
  /** IFA_F_… (linux/if_addr.h), the lowest eight. */
  readonly flags: number;
}

/** A route of the main table as /proc/net/route has it; addresses are unsigned numbers. */
export interface RouteEntry {
  readonly destination: number;
  readonly netmask: number;
  /** 0 for none. */
  readonly gateway: number;
  readonly metric: number;
}

const DEV = '/proc/thread-self/net/dev';
const INET6 = '/proc/thread-self/net/if_inet6';
const ROUTE = '/proc/thread-self/net/route';
/** Octets read at a time of a file that is not read to its end. */
const CHUNK = 16 * 1024;

/** Names of all interfaces, up or not: SIOCGIFCONF lists only those that have an address. */
export function interfaceNames(): string[] {
  return parseInterfaceNames(readFileSync(DEV, 'latin1'));
}

/** See {@link interfaceNames}. */
export function parseInterfaceNames(text: string): string[] {
  return [...text.matchAll(/^ *([^\s:]+):/gm)].map(([, name]) => name!);
}

/** /proc/net/if_inet6, empty where the kernel has no IPv6. */
export function readInet6(): string {
  try {
    return readFileSync(INET6, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** The lines of /proc/net/if_inet6: address, index, prefix length, scope, flags, name. */
export function parseInet6(text: string): Inet6Entry[] {
  return [...text.matchAll(/^([0-9a-f]{32}) \S+ ([0-9a-f]+) \S+ ([0-9a-f]+) +(\S+)$/gm)].map(
    ([, address, length, flags, name]) => ({
      interface: name!,
      address: formatInet6(address!),
      prefixLength: Number.parseInt(length!, 16),
      flags: Number.parseInt(flags!, 16),
    }),
  );
}

/** 32 hexadecimal digits as RFC 5952 writes the address, IPv4-mapped ones as inet_ntop(3) does. */
export function formatInet6(digits: string): string {
  const groups = (digits.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16));
  if (digits.startsWith('00000000000000000000ffff')) {
    const [high, low] = groups.slice(6) as [number, number];
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const text = groups.map((group) => group.toString(16)).join(':');
  const zeros = [...text.matchAll(/\b0(:0)+\b/g)].map(([run]) => run);
  const longest = zeros.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return text;
  const at = text.search(new RegExp(`(?<![0-9a-f])${longest}(?![0-9a-f])`));
  const [before, after] = [text.slice(0, at), text.slice(at + longest.length)];
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`;
}

/**
 * Routes of the main table with one of these destinations. The kernel lists routes by ascending destination, so
 * that reading ends behind the highest: the default route is among the first lines, even of a million.
 * @param destinations unsigned numbers
 */
export function routesTo(destinations: ReadonlySet<number>): RouteEntry[] {
  const found: RouteEntry[] = [];
  if (destinations.size === 0) return found;
  const highest = Math.max(...destinations);
  const descriptor = openSync(ROUTE, 'r');
  try {
    const buffer = Buffer.alloc(CHUNK);
    let rest = '';
    for (;;) {
      const got = readSync(descriptor, buffer);
      const lines = (rest + buffer.toString('latin1', 0, got)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const route = parseRoute(line);
        if (route === undefined) continue;
        if (route.destination > highest) return found;
        if (destinations.has(route.destination)) found.push(route);
      }
      if (got === 0) return found;
    }
  } finally {
    closeSync(descriptor);
  }
}

/** A line of /proc/net/route; undefined for the heading. */
export function parseRoute(line: string): RouteEntry | undefined {
  const [, destination, gateway, , , , metric, netmask] = line.split('\t');
  if (netmask === undefined || destination?.length !== 8) return undefined;
  return {
    destination: swapped(destination),
    netmask: swapped(netmask),
    gateway: swapped(gateway!),
    metric: Number(metric) >>> 0, // printed as if it were signed
  };
}

/** Eight hexadecimal digits of four octets in network order, printed as the machine reads them. */
function swapped(digits: string): number {
  const octets = Buffer.from(digits, 'hex');
  return LITTLE_ENDIAN ? octets.readUInt32LE() : octets.readUInt32BE();
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
