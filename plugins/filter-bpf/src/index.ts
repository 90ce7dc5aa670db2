/**
 * Socket filter: a classic BPF program (Linux Documentation/networking/filter) that passes the VRRP packets
 * of the configured virtual routers, so that nothing else on the wire wakes the engine.
 */
import type { BpfInstruction, FilterPlugin, FilterSpec, SocketFilter } from 'rvrrpd/plugin';

/** Instruction codes, from linux/bpf_common.h. */
const Code = {
  LoadWord: 0x20, // ld [k]
  LoadHalf: 0x28, // ldh [k]
  LoadByte: 0x30, // ldb [k]
  LoadByteIndexed: 0x50, // ldb [x + k]
  LoadLength: 0x80, // ld #len
  LoadImmediate: 0x00, // ld #k
  LoadMemory: 0x60, // ld M[k]
  LoadIndexHeaderLength: 0xb1, // ldx 4*([k]&0xf)
  Store: 0x02, // st M[k]
  ToIndex: 0x07, // tax
  FromIndex: 0x87, // txa
  Add: 0x04, // add #k
  And: 0x54, // and #k
  ShiftRightIndex: 0x7c, // rsh x
  Jump: 0x05, // ja k
  JumpEqual: 0x15, // jeq #k
  JumpGreaterEqual: 0x35, // jge #k
  JumpGreaterEqualIndex: 0x3d, // jge x
  JumpSet: 0x45, // jset #k
  Return: 0x06, // ret #k
} as const;

/** What the kernel knows of a frame beside its octets: SKF_AD_OFF + SKF_AD_…, from linux/filter.h. */
const PACKET_TYPE = 0xfffff000 + 4;
const VLAN_TAG_PRESENT = 0xfffff000 + 48;
/**
 * A frame for another host, or with the tag of a VLAN that is not configured here. From a socket of one
 * EtherType the kernel hides such a tag before the filter runs: this is all that is left of it.
 */
const PACKET_OTHERHOST = 3;
const ETHERNET_LENGTH = 14;
const IPV6_LENGTH = 40;
const ETHERTYPE = { 4: 0x0800, 6: 0x86dd } as const;
/** Where the IP header has its protocol. */
const PROTOCOL_AT = { 4: ETHERNET_LENGTH + 9, 6: ETHERNET_LENGTH + 6 } as const;
/** Where the IPv4 header has its flags and fragment offset, and the offset's bits (RFC 791 §3.1). */
const FRAGMENT_AT = ETHERNET_LENGTH + 6;
const FRAGMENT_OFFSET = 0x1fff;
/** Where the IPv4 header has the length of the packet, and that of IPv6 the length of what follows it. */
const TOTAL_LENGTH_AT = ETHERNET_LENGTH + 2;
const PAYLOAD_LENGTH_AT = ETHERNET_LENGTH + 4;
const IPPROTO_VRRP = 112;
/** The VRID is the second octet of a VRRP message. */
const VRID_AT = 1;
const WHOLE_PACKET = 0x40000;

/** A jump target: an index into the program, known once it is laid out. */
type Label = 'pass' | 'drop' | 'test' | `word${number}` | `split${number}`;

interface Draft {
  readonly code: number;
  readonly k?: number;
  readonly label?: Label;
  readonly yes?: Label;
  readonly no?: Label;
}

/**
 * The VRIDs are a map of 256 bits in eight words. Three comparisons choose the word, a shift tests the bit:
 * the same dozen instructions for one VRID and for all of them.
 */
function draft({ family, vrids }: FilterSpec): Draft[] {
  const words = new Uint32Array(8);
  for (const vrid of vrids) words[vrid >> 5]! |= 1 << (vrid & 31);
  const loadVrid: Draft[] =
    family === 4
      ? [
          { code: Code.LoadHalf, k: FRAGMENT_AT },
          { code: Code.JumpSet, k: FRAGMENT_OFFSET, yes: 'drop' }, // no VRID there, but whatever came behind it
          { code: Code.LoadIndexHeaderLength, k: ETHERNET_LENGTH },
          // A message that ends before its VRID is nobody's: passed to be counted. Its frame may be padded.
          { code: Code.FromIndex },
          { code: Code.Add, k: VRID_AT + 1 },
          { code: Code.ToIndex },
          { code: Code.LoadHalf, k: TOTAL_LENGTH_AT },
          { code: Code.JumpGreaterEqualIndex, no: 'pass' },
          { code: Code.FromIndex },
          { code: Code.Add, k: ETHERNET_LENGTH },
          { code: Code.ToIndex },
          { code: Code.LoadLength },
          { code: Code.JumpGreaterEqualIndex, no: 'pass' },
          { code: Code.LoadIndexHeaderLength, k: ETHERNET_LENGTH },
          { code: Code.LoadByteIndexed, k: ETHERNET_LENGTH + VRID_AT },
        ]
      : [
          { code: Code.LoadHalf, k: PAYLOAD_LENGTH_AT },
          { code: Code.JumpGreaterEqual, k: VRID_AT + 1, no: 'pass' }, // as above
          { code: Code.LoadImmediate, k: ETHERNET_LENGTH + IPV6_LENGTH + VRID_AT + 1 },
          { code: Code.ToIndex },
          { code: Code.LoadLength },
          { code: Code.JumpGreaterEqualIndex, no: 'pass' },
          { code: Code.LoadByte, k: ETHERNET_LENGTH + IPV6_LENGTH + VRID_AT },
        ];
  return [
    { code: Code.LoadWord, k: PACKET_TYPE },
    { code: Code.JumpEqual, k: PACKET_OTHERHOST, yes: 'drop' },
    { code: Code.LoadWord, k: VLAN_TAG_PRESENT },
    { code: Code.JumpEqual, k: 0, no: 'drop' },
    { code: Code.LoadHalf, k: 12 },
    { code: Code.JumpEqual, k: ETHERTYPE[family], no: 'drop' },
    { code: Code.LoadByte, k: PROTOCOL_AT[family] },
    { code: Code.JumpEqual, k: IPPROTO_VRRP, no: 'drop' },
    ...loadVrid,
    { code: Code.Store, k: 0 },
    { code: Code.And, k: 31 },
    { code: Code.ToIndex },
    { code: Code.LoadMemory, k: 0 },
    ...chooseWord(0, 8),
    ...[...words].flatMap((word, i): Draft[] => [
      { code: Code.LoadImmediate, k: word, label: `word${i}` },
      { code: Code.Jump, yes: 'test' },
    ]),
    { code: Code.ShiftRightIndex, label: 'test' },
    { code: Code.And, k: 1 },
    { code: Code.JumpEqual, k: 0, yes: 'drop', no: 'pass' },
    { code: Code.Return, k: WHOLE_PACKET, label: 'pass' },
    { code: Code.Return, k: 0, label: 'drop' },
  ];
}

/** Branches to the word of `A / 32`, which is in [low, high). */
function chooseWord(low: number, high: number): Draft[] {
  const middle = (low + high) / 2;
  const target = (from: number, to: number): Label =>
    to - from === 1 ? `word${from}` : `split${from * 8 + to}`;
  const branch: Draft = {
    code: Code.JumpGreaterEqual,
    k: middle * 32,
    label: `split${low * 8 + high}`,
    yes: target(middle, high),
    no: target(low, middle),
  };
  if (high - low === 2) return [branch];
  return [branch, ...chooseWord(low, middle), ...chooseWord(middle, high)];
}

/** Lays a draft out: labels become distances. */
function assemble(drafts: readonly Draft[]): BpfInstruction[] {
  const places = new Map(drafts.flatMap(({ label }, at) => (label ? [[label, at] as const] : [])));
  return drafts.map(({ code, k = 0, yes, no }, at) => {
    const distance = (to: Label | undefined): number => (to ? places.get(to)! - at - 1 : 0);
    if (code === Code.Jump) return { code, jt: 0, jf: 0, k: distance(yes) };
    return { code, jt: distance(yes), jf: distance(no), k: k >>> 0 };
  });
}

const filter: SocketFilter = {
  program: (wanted) => assemble(draft(wanted)),
};

const plugin: FilterPlugin = { kind: 'filter', create: () => filter };
export default plugin;
