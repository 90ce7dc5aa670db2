/** What a `[[track]]` table of this type asks for. */
import { isIP } from 'node:net';
import { addressOctets, hasHostBits, type Prefix, parsePrefix } from 'rvrrpd-track-system';

/** What `schema.json` leaves of the table. */
export interface Settings {
  readonly destination?: string;
  readonly family?: 4 | 6;
  readonly device?: string;
  readonly gateway?: string;
  readonly table?: number | string;
}

/** The route that there must be. */
export interface Wanted {
  readonly prefix: Prefix;
  readonly table: number;
  readonly device?: string;
  readonly gateway?: Uint8Array;
  /** For an operator: "the default route via 10.0.0.1". */
  readonly words: string;
}

/** linux/rtnetlink.h, `enum rt_class_t`. */
const TABLES: Readonly<Record<string, number>> = { default: 253, main: 254, local: 255 };

/** @throws Error that names the directive, if no route can be as it says */
export function wantedOf(settings: Settings): Wanted {
  const { destination = 'default', family, device, gateway, table = 'main' } = settings;
  const gatewayFamily = gateway === undefined ? undefined : isIP(gateway);
  if (gatewayFamily === 0) throw new Error(`gateway = "${gateway}": must be an IPv4 or IPv6 address`);
  const prefix = prefixOf(destination, family ?? (gatewayFamily === 6 ? 6 : 4));
  if (family !== undefined && family !== prefix.family)
    throw new Error(`family = ${family}: destination "${destination}" is of IPv${prefix.family}`);
  // An IPv4 route may have an IPv6 gateway (RFC 8950), not the other way round.
  if (prefix.family === 6 && gatewayFamily === 4)
    throw new Error(`gateway = "${gateway}": a route of IPv6 has a gateway of IPv6`);
  const name =
    prefix.length === 0
      ? `the ${prefix.family === 6 ? 'IPv6 ' : ''}default route`
      : `a route to ${destination}`;
  const number = typeof table === 'number' ? table : (TABLES[table] ?? 0);
  const where = [
    gateway === undefined ? '' : ` via ${gateway}`,
    device === undefined ? '' : ` through ${device}`,
    number === TABLES.main ? '' : ` in table ${table}`,
  ];
  return {
    prefix,
    table: number,
    ...(device === undefined ? {} : { device }),
    ...(gateway === undefined ? {} : { gateway: addressOctets(gateway) }),
    words: `${name}${where.join('')}`,
  };
}

function prefixOf(destination: string, family: 4 | 6): Prefix {
  if (destination === 'default') return { family, octets: new Uint8Array(family === 4 ? 4 : 16), length: 0 };
  let prefix: Prefix;
  try {
    prefix = parsePrefix(destination);
  } catch (error) {
    throw new Error(`destination: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  if (hasHostBits(prefix))
    throw new Error(`destination = "${destination}": has bits behind its prefix length of ${prefix.length}`);
  return prefix;
}
