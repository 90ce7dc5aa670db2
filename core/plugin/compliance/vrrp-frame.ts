/** VRRP in Ethernet frames, right or not, for the compliance tests of filters. Checksums are left out. */
import type { AddressFamily } from '../contracts/index.ts';

/** What is in a frame; everything that is left out is right. */
export interface FrameFields {
  readonly vrid?: number;
  /** How many addresses. Default 1. */
  readonly addresses?: number;
  /** IP protocol, next header. Default 112, VRRP. */
  readonly protocol?: number;
  /** TTL, hop limit. Default 255. */
  readonly ttl?: number;
  /** VRRP version. Default 2 for IPv4, 3 for IPv6. */
  readonly version?: number;
  /** VRRP type. Default 1, ADVERTISEMENT. */
  readonly type?: number;
  /** Default: the family's. */
  readonly etherType?: number;
  /** A VLAN tag in the frame (IEEE 802.1Q). Default: none. */
  readonly tag?: { readonly tpid: number; readonly tci: number };
  /** IPv4 options, whole words (RFC 791 §3.1). Default: none. */
  readonly options?: Uint8Array;
  /** IPv4 flags and fragment offset. Default 0. */
  readonly fragment?: number;
}

function word(value: number): number[] {
  return [value >> 8, value & 0xff];
}

/** The whole frame. */
export function vrrpFrame(family: AddressFamily, fields: FrameFields): Uint8Array {
  const { vrid = 1, addresses = 1, protocol = 112, ttl = 255, type = 1, options = [] } = fields;
  const { version = family === 4 ? 2 : 3, fragment = 0, tag } = fields;
  const message = [
    ...[(version << 4) | type, vrid, 100, addresses, 0, 1, 0, 0],
    ...new Array<number>(addresses * (family === 4 ? 4 : 16)).fill(0xc0),
    ...new Array<number>(family === 4 ? 8 : 0).fill(0), // authentication data
  ];
  const words = 5 + options.length / 4;
  const header =
    family === 4
      ? [
          ...[0x40 | words, 0xc0, ...word(words * 4 + message.length), 0, 0, ...word(fragment)],
          ...[ttl, protocol, 0, 0, 192, 0, 2, 2, 224, 0, 0, 18, ...options],
        ]
      : [
          ...[0x6c, 0, 0, 0, ...word(message.length), protocol, ttl],
          ...[0xfe, 0x80, ...new Array<number>(13).fill(0), 2],
          ...[0xff, 0x02, ...new Array<number>(13).fill(0), 0x12],
        ];
  const group = family === 4 ? [0x01, 0, 0x5e, 0, 0, 0x12] : [0x33, 0x33, 0, 0, 0, 0x12];
  return Uint8Array.from([
    ...[...group, 0, 0, 0x5e, 0, family === 4 ? 1 : 2, vrid],
    ...(tag ? [...word(tag.tpid), ...word(tag.tci)] : []),
    ...word(fields.etherType ?? (family === 4 ? 0x0800 : 0x86dd)),
    ...header,
    ...message,
  ]);
}
