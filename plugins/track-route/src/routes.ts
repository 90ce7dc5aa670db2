/** Routes as rtnetlink tells of them (linux/rtnetlink.h). */
import { type Message, type Prefix, Reader, sameOctets } from 'rvrrpd-track-system';

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTA_VIA = 18;

/** Octets of `struct rtmsg`: family, two prefix lengths, TOS, table, protocol, scope, type, flags. */
const HEADER = 12;
/** Octets of `struct rtnexthop`: length, flags, hops, interface. */
const HOP = 8;

const RTN_UNICAST = 1;
const RTN_LOCAL = 2;
/** A copy of the cache. */
const RTM_F_CLONED = 0x200;
const RTNH_F_DEAD = 1;
const RTNH_F_LINKDOWN = 16;

/** Where a route leads. */
export interface Hop {
  /** Index of the interface. */
  readonly device: number;
  readonly gateway?: Uint8Array;
  /** The interface is down. */
  readonly dead: boolean;
  /** The interface has no carrier. */
  readonly linkDown: boolean;
}

/** A route that leads somewhere. */
export interface Route {
  readonly prefix: Prefix;
  readonly table: number;
  /** It leads somewhere: no blackhole, unreachable, prohibit or throw route. */
  readonly leads: boolean;
  readonly hops: readonly Hop[];
}

/** Reads RTM_NEWROUTE or RTM_DELROUTE; undefined: it is another message, or no route of IP that was put there. */
export function readRoute({ type, body }: Message): Route | undefined {
  if (type !== RTM_NEWROUTE && type !== RTM_DELROUTE) return undefined;
  const family = body.u8(0) === 2 ? 4 : body.u8(0) === 10 ? 6 : undefined;
  if (family === undefined || (body.u32(8) & RTM_F_CLONED) !== 0) return undefined;
  const attributes = body.attributes(HEADER);
  const flags = body.u32(8);
  const octets = attributes.get(RTA_DST)?.octets ?? new Uint8Array(family === 4 ? 4 : 16);
  const multipath = attributes.get(RTA_MULTIPATH);
  const device = attributes.get(RTA_OIF);
  const kind = body.u8(7);
  return {
    prefix: { family, octets, length: body.u8(1) },
    table: attributes.get(RTA_TABLE)?.u32(0) ?? body.u8(4),
    leads: kind === RTN_UNICAST || kind === RTN_LOCAL,
    hops: multipath
      ? [...hopsIn(multipath)]
      : device === undefined
        ? []
        : [hop(device.u32(0), flags, attributes)],
  };
}

function hop(device: number, flags: number, attributes: ReadonlyMap<number, Reader>): Hop {
  const gateway = attributes.get(RTA_GATEWAY)?.octets ?? attributes.get(RTA_VIA)?.octets.subarray(2); // behind its family
  return {
    device,
    ...(gateway === undefined ? {} : { gateway }),
    dead: (flags & RTNH_F_DEAD) !== 0,
    linkDown: (flags & RTNH_F_LINKDOWN) !== 0,
  };
}

function* hopsIn(all: Reader): Generator<Hop> {
  for (let at = 0; at + HOP <= all.octets.length; ) {
    const length = all.u16(at);
    if (length < HOP || at + length > all.octets.length) return;
    const one = new Reader(all.octets.subarray(at, at + length));
    yield hop(one.i32(4), one.u8(2), one.attributes(HOP));
    at += (length + 3) & ~3;
  }
}

/** Whether a route is to this network, in this table. */
export function isTo(route: Route, prefix: Prefix, table: number): boolean {
  return (
    route.table === table &&
    route.prefix.family === prefix.family &&
    route.prefix.length === prefix.length &&
    sameOctets(route.prefix.octets, prefix.octets)
  );
}
