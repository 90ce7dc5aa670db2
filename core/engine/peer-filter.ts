/**
 * The kernel filter of a raw IP socket, which a router with `peers` has: what is for other virtual routers wakes nobody.
 * Who may send is not its business: the engine counts that.
 */
import type { AddressFamily } from '../plugin/contracts/index.ts';

/** Octets that pass. */
const WHOLE = 0x40000;

/**
 * Four words an instruction (linux/filter.h). A raw socket of IPv4 has the IP header first, one of IPv6 the message. One
 * that ends before its VRID is nobody's: it passes, to be counted.
 * @param vrids of VRRP messages that pass
 */
export function peerProgram(family: AddressFamily, vrids: readonly number[]): Uint32Array {
  const loadVrid =
    family === 4
      ? [
          [0xb1, 0, 0, 0], // ldx 4*([0]&0xf)
          [0x87, 0, 0, 0], // txa
          [0x04, 0, 0, 2], // add #2
          [0x07, 0, 0, 0], // tax
          [0x80, 0, 0, 0], // ld #len
          [0x3d, 1, 0, 0], // jge x
          [0x06, 0, 0, WHOLE],
          [0xb1, 0, 0, 0],
          [0x50, 0, 0, 1], // ldb [x + 1]
        ]
      : [
          [0x80, 0, 0, 0],
          [0x35, 1, 0, 2], // jge #2
          [0x06, 0, 0, WHOLE],
          [0x30, 0, 0, 1], // ldb [1]
        ];
  const compare = vrids.flatMap((vrid) => [
    [0x15, 0, 1, vrid],
    [0x06, 0, 0, WHOLE],
  ]);
  return Uint32Array.from([...loadVrid, ...compare, [0x06, 0, 0, 0]].flat());
}
