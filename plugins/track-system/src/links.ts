/** Network interfaces as rtnetlink tells of them (linux/if_link.h). */
import { attribute, body, type Message } from './messages.ts';
import type { Rtnetlink } from './rtnetlink.ts';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
const RTM_GETLINK = 18;

const IFLA_IFNAME = 3;
const IFLA_OPERSTATE = 16;
const IFLA_ALT_IFNAME = 53;
/** Octets of `struct ifinfomsg`: family, type, index, flags, change. */
const HEADER = 16;
/** IFNAMSIZ less its end: longer ones are alternative names. */
const LONGEST_NAME = 15;

const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
const IFF_LOWER_UP = 0x10000;

/** A network interface. */
export interface LinkState {
  readonly index: number;
  readonly name: string;
  /** Administratively up. */
  readonly up: boolean;
  /** The driver has a carrier: the cable is in, and something at its other end. */
  readonly carrier: boolean;
  /** It can carry packets: up, with a carrier, and nothing above it holds it back (802.1X, a VLAN whose parent is down). */
  readonly running: boolean;
  /** RFC 2863: `down`, `lowerlayerdown`, `testing`, `dormant`, `up`; `unknown` where a driver does not tell. */
  readonly state: string;
}

const STATES = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'];

/** Reads RTM_NEWLINK or RTM_DELLINK; undefined: it is another message, or speaks of a bridge's port. */
export function readLink({ type, body: octets }: Message): LinkState | undefined {
  if ((type !== RTM_NEWLINK && type !== RTM_DELLINK) || octets.u8(0) !== 0) return undefined;
  const flags = octets.u32(8);
  const attributes = octets.attributes(HEADER);
  return {
    index: octets.i32(4),
    name: attributes.get(IFLA_IFNAME)?.text() ?? '',
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    running: (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) !== 0 && (flags & IFF_LOWER_UP) !== 0,
    state: STATES[attributes.get(IFLA_OPERSTATE)?.u8(0) ?? 0] ?? 'unknown',
  };
}

/** The interface of a name, an alternative one too; undefined: there is none. */
export async function linkByName(rtnetlink: Rtnetlink, name: string): Promise<LinkState | undefined> {
  const type = Buffer.byteLength(name) > LONGEST_NAME ? IFLA_ALT_IFNAME : IFLA_IFNAME;
  const found = await rtnetlink.get(RTM_GETLINK, body(0, 0, 0, 0, attribute(type, name)));
  return found && readLink(found);
}

/** The interface of an index; undefined: there is none. */
export async function linkByIndex(rtnetlink: Rtnetlink, index: number): Promise<LinkState | undefined> {
  const found = await rtnetlink.get(RTM_GETLINK, body(0, index, 0, 0));
  return found && readLink(found);
}
