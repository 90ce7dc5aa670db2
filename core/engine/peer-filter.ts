/**
 * The kernel filters of a source's two raw IP sockets. One passes what the peers send to the virtual routers there, and
 * wakes the engine; the other one what anybody else sends to them, which is only counted, when the engine is awake anyhow.
 * What is for other virtual routers passes neither.
 */
import type { AddressFamily } from '../plugin/contracts/index.ts';

/** Octets that pass. */
const WHOLE = 0x40000;
/** SKF_NET_OFF, from linux/filter.h: loads from here on count from the IP header. */
const IP_HEADER = 0xfff00000;
/** Where the sender's address is in it. */
const SOURCE_AT = { 4: 12, 6: 8 } as const;
/** The kernel takes no longer ones (BPF_MAXINSNS). */
const MOST_INSTRUCTIONS = 4096;

type Instruction = readonly [code: number, jt: number, jf: number, k: number];

const pass = (whether: boolean): Instruction => [0x06, 0, 0, whether ? WHOLE : 0];

/** Four words an instruction (linux/filter.h). */
export interface PeerPrograms {
  /** Of the socket that is received from. */
  readonly peers: Uint32Array;
  /** Of the one for strangers. */
  readonly strangers: Uint32Array;
}

/** Without a filter: all comes through one socket. */
export const NO_STRANGERS: Uint32Array = Uint32Array.from(pass(false));

/**
 * @param senders for each VRID, the addresses of all peers of its routers, one after the other. Where there are more than a
 *   program can compare, strangers pass like peers
 */
export function peerPrograms(family: AddressFamily, senders: ReadonlyMap<number, Uint8Array>): PeerPrograms {
  const peers = program(family, senders, true);
  if (peers.length <= MOST_INSTRUCTIONS) {
    return { peers: words(peers), strangers: words(program(family, senders, false)) };
  }
  const all = [...senders.keys()].flatMap((vrid): Instruction[] => [[0x15, 0, 1, vrid], pass(true)]);
  return { peers: words([...loadVrid(family, true), ...all, pass(false)]), strangers: NO_STRANGERS };
}

function words(instructions: readonly Instruction[]): Uint32Array {
  return Uint32Array.from(instructions.flat());
}

/** @param wanted whether the peers pass, or everybody else */
function program(
  family: AddressFamily,
  senders: ReadonlyMap<number, Uint8Array>,
  wanted: boolean,
): Instruction[] {
  const blocks = [...senders].flatMap(([vrid, addresses]): Instruction[] => {
    const size = family === 4 ? 4 : 16;
    const compare: Instruction[] = [];
    for (let at = 0; at < addresses.length; at += size) {
      compare.push(...isFrom(family, addresses.subarray(at, at + size)), pass(wanted));
    }
    const block = [...compare, pass(!wanted)];
    // ld M[0]; jeq #vrid: the block; ja: behind it
    return [[0x60, 0, 0, 0], [0x15, 1, 0, vrid], [0x05, 0, 0, block.length], ...block];
  });
  return [...loadVrid(family, wanted), [0x02, 0, 0, 0], ...blocks, pass(false)];
}

/**
 * Loads the VRID. A raw socket of IPv4 has the IP header first, one of IPv6 the message. A message that ends before its VRID
 * is nobody's.
 * @param tooShort whether such a one passes, to be counted
 */
function loadVrid(family: AddressFamily, tooShort: boolean): Instruction[] {
  if (family === 6) return [[0x80, 0, 0, 0], [0x35, 1, 0, 2], pass(tooShort), [0x30, 0, 0, 1]];
  return [
    [0xb1, 0, 0, 0], // ldx 4*([0]&0xf)
    [0x87, 0, 0, 0], // txa
    [0x04, 0, 0, 2], // add #2
    [0x07, 0, 0, 0], // tax
    [0x80, 0, 0, 0], // ld #len
    [0x3d, 1, 0, 0], // jge x
    pass(tooShort),
    [0xb1, 0, 0, 0],
    [0x50, 0, 0, 1], // ldb [x + 1]
  ];
}

/** Goes on behind the next instruction if the sender is another one. */
function isFrom(family: AddressFamily, address: Uint8Array): Instruction[] {
  const count = address.length / 4;
  return Array.from({ length: count }, (_, index): Instruction[] => {
    const [a = 0, b = 0, c = 0, d = 0] = address.subarray(index * 4, index * 4 + 4);
    const word = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    return [
      [0x20, 0, 0, IP_HEADER + SOURCE_AT[family] + index * 4],
      [0x15, 0, 2 * (count - 1 - index) + 1, word],
    ];
  }).flat();
}
