/**
 * Who listens to the VRRP group on a link: what hosts report to their network, IGMP (RFC 2236, RFC 3376) and MLD (RFC 2710,
 * RFC 3810). A Backup never sends an advertisement, but it has joined the group. Pure.
 */
import type { BpfInstruction } from '../plugin/contracts/index.ts';
import type { AddressFamily } from '../vrrp/family.ts';

/** Where reports go beside the group itself: 224.0.0.22 and ff02::16. */
export const REPORTS_MAC: Readonly<Record<AddressFamily, Uint8Array>> = {
  4: Uint8Array.of(0x01, 0x00, 0x5e, 0x00, 0x00, 0x16),
  6: Uint8Array.of(0x33, 0x33, 0x00, 0x00, 0x00, 0x16),
};

/** 224.0.0.18 and ff02::12. */
const GROUPS: Readonly<Record<AddressFamily, Uint8Array>> = {
  4: Uint8Array.of(224, 0, 0, 18),
  6: Uint8Array.of(0xff, 0x02, ...new Array<number>(13).fill(0), 0x12),
};

const ETHERNET = 14;
const SOURCE_MAC_AT = 6;
const IGMP = 2;
const ICMPV6 = 58;
/** An IPv6 header and a Hop-by-Hop header of eight octets with the Router Alert that every MLD message has. */
const MLD_AT = ETHERNET + 40 + 8;

/** Types of messages: a report of version 1 or 2, that somebody leaves, and a report of several records. */
const TYPES = {
  4: { joins: [0x12, 0x16], leaves: [0x17], records: 0x22 },
  6: { joins: [131], leaves: [132], records: 143 },
} as const;
/** Types of records (RFC 3376 §4.2.12) that tell of a member, where they have no or some sources to leave out. */
const EXCLUDES = [2, 4];
/** Those that have no sources tell of none. */
const INCLUDES = [1, 3];

/** A host that listens to the group, or does so no longer. */
export interface Membership {
  /** MAC address, lower case, colons. */
  readonly host: string;
  readonly member: boolean;
}

/** What a frame says of the group's members; undefined: nothing. */
export function readReport(frame: Uint8Array, family: AddressFamily): Membership | undefined {
  const at = family === 4 ? igmpAt(frame) : mldAt(frame);
  if (at < 0 || at + 8 > frame.length) return undefined;
  const type = frame[at]!;
  const { joins, leaves, records } = TYPES[family];
  const told = (member: boolean): Membership => ({ host: macOf(frame), member });
  const groupAt = family === 4 ? at + 4 : at + 8;
  if (joins.some((each) => each === type)) return isGroup(frame, groupAt, family) ? told(true) : undefined;
  if (leaves.some((each) => each === type)) return isGroup(frame, groupAt, family) ? told(false) : undefined;
  if (type !== records) return undefined;
  const size = GROUPS[family].length;
  let left = (frame[at + 6]! << 8) | frame[at + 7]!;
  for (let record = at + 8; left > 0 && record + 4 + size <= frame.length; left--) {
    const sources = (frame[record + 2]! << 8) | frame[record + 3]!;
    const kind = frame[record]!;
    if (isGroup(frame, record + 4, family)) {
      if (EXCLUDES.includes(kind)) return told(true);
      if (INCLUDES.includes(kind)) return told(sources > 0);
    }
    record += 4 + size + sources * size + frame[record + 1]! * 4;
  }
  return undefined;
}

function igmpAt(frame: Uint8Array): number {
  if (frame.length < ETHERNET + 20 || frame[12] !== 0x08 || frame[13] !== 0x00) return -1;
  return frame[23] === IGMP ? ETHERNET + (frame[ETHERNET]! & 0x0f) * 4 : -1;
}

function mldAt(frame: Uint8Array): number {
  if (frame.length < MLD_AT || frame[12] !== 0x86 || frame[13] !== 0xdd) return -1;
  const isHopByHop = frame[20] === 0 && frame[54] === ICMPV6 && frame[55] === 0;
  return isHopByHop ? MLD_AT : -1;
}

function isGroup(frame: Uint8Array, at: number, family: AddressFamily): boolean {
  return GROUPS[family].every((octet, index) => frame[at + index] === octet);
}

function macOf(frame: Uint8Array): string {
  const octets = [...frame.subarray(SOURCE_MAC_AT, SOURCE_MAC_AT + 6)];
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}

/** With the line that a jump goes to written out, where the kernel wants it relative to the next one. */
type Line = readonly [code: number, k: number, yes?: number, no?: number];

const [BYTE, HALF, WORD, BYTE_X, HALF_X, WORD_X] = [0x30, 0x28, 0x20, 0x50, 0x48, 0x40];
const [EQUAL, HEADER_LENGTH, RETURN] = [0x15, 0xb1, 0x06];

/** Reports about the group; of those with several records all, which are few. */
const PROGRAMS: Readonly<Record<AddressFamily, readonly Line[]>> = {
  4: [
    /*  0 */ [BYTE, 23],
    /*  1 */ [EQUAL, IGMP, 2, 14],
    /*  2 */ [HEADER_LENGTH, ETHERNET],
    /*  3 */ [BYTE_X, ETHERNET],
    /*  4 */ [EQUAL, 0x22, 10, 5],
    /*  5 */ [EQUAL, 0x16, 8, 6],
    /*  6 */ [EQUAL, 0x17, 8, 7],
    /*  7 */ [EQUAL, 0x12, 8, 14],
    /*  8 */ [WORD_X, ETHERNET + 4],
    /*  9 */ [EQUAL, 0xe0000012, 15, 14],
    /* 10 */ [HALF_X, ETHERNET + 6],
    /* 11 */ [EQUAL, 1, 12, 15],
    /* 12 */ [WORD_X, ETHERNET + 12],
    /* 13 */ [EQUAL, 0xe0000012, 15, 14],
    /* 14 */ [RETURN, 0],
    /* 15 */ [RETURN, 0x40000],
  ],
  6: [
    /*  0 */ [BYTE, 20],
    /*  1 */ [EQUAL, 0, 2, 14],
    /*  2 */ [BYTE, 54],
    /*  3 */ [EQUAL, ICMPV6, 4, 14],
    /*  4 */ [BYTE, MLD_AT],
    /*  5 */ [EQUAL, 143, 10, 6],
    /*  6 */ [EQUAL, 131, 8, 7],
    /*  7 */ [EQUAL, 132, 8, 14],
    /*  8 */ [WORD, MLD_AT + 20],
    /*  9 */ [EQUAL, 0x12, 15, 14],
    /* 10 */ [HALF, MLD_AT + 6],
    /* 11 */ [EQUAL, 1, 12, 15],
    /* 12 */ [WORD, MLD_AT + 24],
    /* 13 */ [EQUAL, 0x12, 15, 14],
    /* 14 */ [RETURN, 0],
    /* 15 */ [RETURN, 0x40000],
  ],
};

/** The filter of a packet socket that is to hear them (linux/filter.h). */
export function reportProgram(family: AddressFamily): readonly BpfInstruction[] {
  return PROGRAMS[family].map(([code, k, yes, no], line) => ({
    code,
    k,
    jt: yes === undefined ? 0 : yes - line - 1,
    jf: no === undefined ? 0 : no - line - 1,
  }));
}
