/** The kernel filter of the sniffer: VRRP of either family and any VRID, with up to two VLAN tags in the frame. */
import type { BpfInstruction } from '../plugin/contracts/index.ts';
import { IPPROTO_VRRP } from '../vrrp/advertisement.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from '../vrrp/frame.ts';

/** EtherTypes of VLAN tags: IEEE 802.1Q, and 802.1ad for the outer one of two. */
export const VLAN_TYPES: readonly number[] = [0x8100, 0x88a8];

/** Opcodes (linux/bpf_common.h). Indirect loads are relative to X. */
const LOAD_X = 0x01;
const LOAD_HALF = 0x48;
const LOAD_BYTE = 0x50;
const JUMP_EQUAL = 0x15;
const RETURN = 0x06;

const WHOLE_PACKET = 0x40000;

/** With the line that a jump goes to written out, where the kernel wants it relative to the next one. */
type Line = readonly [code: number, k: number, yes?: number, no?: number];

const [TAG, OUTER_TAG] = VLAN_TYPES as [number, number];

/**
 * X is what the tags shift everything by. The kernel takes a tag off what it receives, so one in the frame
 * itself is the inner one of two, or that of a frame which this machine sends. A frame that ends before the
 * octet asked for is dropped, as BPF does.
 */
const PROGRAM: readonly Line[] = [
  /*  0 */ [LOAD_X, 0],
  /*  1 */ [LOAD_HALF, 12],
  /*  2 */ [JUMP_EQUAL, TAG, 4, 3],
  /*  3 */ [JUMP_EQUAL, OUTER_TAG, 4, 9],
  /*  4 */ [LOAD_X, 4],
  /*  5 */ [LOAD_HALF, 12],
  /*  6 */ [JUMP_EQUAL, TAG, 8, 7],
  /*  7 */ [JUMP_EQUAL, OUTER_TAG, 8, 9],
  /*  8 */ [LOAD_X, 8],
  /*  9 */ [LOAD_HALF, 12],
  /* 10 */ [JUMP_EQUAL, ETHERTYPE_IPV4, 12, 11],
  /* 11 */ [JUMP_EQUAL, ETHERTYPE_IPV6, 14, 17],
  /* 12 */ [LOAD_BYTE, 23], // IPv4 Protocol
  /* 13 */ [JUMP_EQUAL, IPPROTO_VRRP, 16, 17],
  /* 14 */ [LOAD_BYTE, 20], // IPv6 Next Header
  /* 15 */ [JUMP_EQUAL, IPPROTO_VRRP, 16, 17],
  /* 16 */ [RETURN, WHOLE_PACKET],
  /* 17 */ [RETURN, 0],
];

/** The program. */
export const VRRP_FILTER: readonly BpfInstruction[] = PROGRAM.map(([code, k, yes, no], line) => ({
  code,
  k,
  jt: yes === undefined ? 0 : yes - line - 1,
  jf: no === undefined ? 0 : no - line - 1,
}));
