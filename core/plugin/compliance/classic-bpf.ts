/**
 * A classic BPF machine, as the kernel's socket filters define it (Linux Documentation/networking/filter): runs
 * a program on a frame without a socket, so that a filter can be tested without root.
 */
import type { BpfInstruction } from '../contracts/index.ts';

/** What the kernel knows of a frame beside its octets. */
export interface FrameFacts {
  /** `PACKET_*` (man 7 packet). Default 2, PACKET_MULTICAST. */
  readonly packetType?: number;
  /** Tag control information of a VLAN tag that was taken off; absent: none. */
  readonly vlanTci?: number;
  /** The packet from its IP header on, where the frame does not begin before it. */
  readonly ipHeader?: Uint8Array;
}

/** BPF_MAXINSNS and BPF_MEMWORDS, from linux/filter.h. */
const MOST_INSTRUCTIONS = 4096;
const MEMORY_WORDS = 16;
/** SKF_AD_OFF: loads from here on read what the kernel knows of the frame. */
const ANCILLARY = 0xfffff000;
/** SKF_NET_OFF: loads from here on count from the IP header. */
const IP_HEADER = 0xfff00000;
const PACKET_MULTICAST = 2;
/** TPID of IEEE 802.1Q. */
const TPID = 0x8100;

// Fields of an instruction's code, from linux/bpf_common.h.
const Class = { Ld: 0, Ldx: 1, St: 2, Stx: 3, Alu: 4, Jmp: 5, Ret: 6, Misc: 7 } as const;
const Mode = { Imm: 0x00, Abs: 0x20, Ind: 0x40, Mem: 0x60, Len: 0x80, Msh: 0xa0 } as const;
const JUMPS = [0x05, 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d];
const LOADS = [0x00, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60, 0x80, 0x01, 0x61, 0x81, 0xb1];
const ALU = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0].flatMap((op) => [op | 4, op | 0xc]);
const CODES = new Set([...LOADS, 0x02, 0x03, ...ALU, 0x84, ...JUMPS, 0x06, 0x16, 0x07, 0x87]);

/**
 * The checks that the kernel makes before it takes a program (`bpf_check_classic`).
 * @throws Error that names the instruction
 */
export function checkProgram(program: readonly BpfInstruction[]): void {
  const { length } = program;
  if (length < 1 || length > MOST_INSTRUCTIONS)
    throw new Error(`${length} instructions: 1 to 4096 are allowed`);
  for (const [at, { code, jt, jf, k }] of program.entries()) {
    const wrong = (what: string) => new Error(`instruction ${at} (code 0x${code.toString(16)}): ${what}`);
    if (!CODES.has(code)) throw wrong('no such code');
    for (const [name, value, most] of [
      ['jt', jt, 0xff],
      ['jf', jf, 0xff],
      ['k', k, 0xffffffff],
    ] as const) {
      if (!Number.isInteger(value) || value < 0 || value > most) {
        throw wrong(`${name} is ${value}: it must be an integer from 0 to ${most}`);
      }
    }
    if ([0x60, 0x61, 0x02, 0x03].includes(code) && k >= MEMORY_WORDS) throw wrong(`there is no M[${k}]`);
    if ([0x34, 0x94].includes(code) && k === 0) throw wrong('division by 0');
    if ([0x64, 0x74].includes(code) && k > 31) throw wrong(`shift by ${k}`);
    if (
      code === 0x05 ? at + 1 + k >= length : (code & 7) === Class.Jmp && at + 1 + Math.max(jt, jf) >= length
    ) {
      throw wrong('jumps behind the end');
    }
  }
  if ((program.at(-1)!.code & 7) !== Class.Ret) throw new Error('the last instruction must be a return');
}

/** How many octets of the frame a program lets through, at most those that it has; 0: it is dropped. */
export function runProgram(
  program: readonly BpfInstruction[],
  frame: Uint8Array,
  facts: FrameFacts = {},
): number {
  return Math.min(new Machine(frame, facts).run(program), frame.length);
}

/** A load behind the frame's end: the program ends there, and the frame is dropped. */
class OutOfFrame extends Error {}

class Machine {
  private a = 0;
  private x = 0;
  private readonly memory = new Uint32Array(MEMORY_WORDS);

  constructor(
    private readonly frame: Uint8Array,
    private readonly facts: FrameFacts,
  ) {}

  run(program: readonly BpfInstruction[]): number {
    try {
      return this.execute(program);
    } catch (error) {
      if (error instanceof OutOfFrame) return 0;
      throw error;
    }
  }

  private execute(program: readonly BpfInstruction[]): number {
    for (let at = 0; at < program.length; at++) {
      const { code, jt, jf, k } = program[at]!;
      switch (code & 7) {
        case Class.Ld:
          this.a = this.load(code, k);
          break;
        case Class.Ldx:
          this.x = this.load(code, k);
          break;
        case Class.St:
          this.memory[k] = this.a;
          break;
        case Class.Stx:
          this.memory[k] = this.x;
          break;
        case Class.Alu:
          if (code === 0x84) this.a = -this.a >>> 0;
          else if (!this.compute(code & 0xf0, code & 8 ? this.x : k)) return 0;
          break;
        case Class.Jmp:
          if (code === 0x05) at += k;
          else at += this.holds(code & 0xf0, code & 8 ? this.x : k) ? jt : jf;
          break;
        case Class.Ret:
          return code & 0x10 ? this.a : k;
        default:
          if (code === 0x07) this.x = this.a;
          else this.a = this.x;
      }
    }
    throw new Error('ran behind the end');
  }

  private load(code: number, k: number): number {
    const size = [4, 2, 1][(code >> 3) & 3]!;
    switch (code & 0xe0) {
      case Mode.Imm:
        return k;
      case Mode.Abs:
        if (k >= ANCILLARY) return this.ancillary(k - ANCILLARY);
        if (k >= IP_HEADER) return this.octets(k - IP_HEADER, size, this.facts.ipHeader);
        return this.octets(k, size);
      case Mode.Ind:
        return this.octets((this.x + k) >>> 0, size);
      case Mode.Mem:
        return this.memory[k]!;
      case Mode.Len:
        return this.frame.length;
      default: // Mode.Msh
        return (this.octets(k, 1) & 0xf) * 4;
    }
  }

  private octets(at: number, size: number, bytes = this.frame): number {
    if (at + size > bytes.length) throw new OutOfFrame();
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + bytes[at + i]!;
    return value;
  }

  /** SKF_AD_…, from linux/filter.h: those that a filter by content can use. */
  private ancillary(offset: number): number {
    const { packetType = PACKET_MULTICAST, vlanTci } = this.facts;
    switch (offset) {
      case 0:
        return this.octets(12, 2); // SKF_AD_PROTOCOL
      case 4:
        return packetType; // SKF_AD_PKTTYPE
      case 44:
        return vlanTci ?? 0; // SKF_AD_VLAN_TAG
      case 48:
        return vlanTci === undefined ? 0 : 1; // SKF_AD_VLAN_TAG_PRESENT
      case 60:
        return vlanTci === undefined ? 0 : TPID; // SKF_AD_VLAN_TPID
      default:
        throw new Error(`SKF_AD_OFF + ${offset} says nothing about a frame that a filter should decide by`);
    }
  }

  /** @returns false after a division by 0, which drops the frame */
  private compute(op: number, value: number): boolean {
    if ((op === 0x30 || op === 0x90) && value === 0) return false;
    this.a = this.result(op, value) >>> 0;
    return true;
  }

  private result(op: number, value: number): number {
    const { a } = this;
    const shift = value & 31;
    switch (op) {
      case 0x00:
        return a + value;
      case 0x10:
        return a - value;
      case 0x20:
        return Math.imul(a, value);
      case 0x30:
        return Math.floor(a / value);
      case 0x40:
        return a | value;
      case 0x50:
        return a & value;
      case 0x60:
        return a << shift;
      case 0x70:
        return a >>> shift;
      case 0x90:
        return a % value;
      default: // 0xa0
        return a ^ value;
    }
  }

  private holds(op: number, value: number): boolean {
    switch (op) {
      case 0x10:
        return this.a === value;
      case 0x20:
        return this.a > value;
      case 0x30:
        return this.a >= value;
      default: // 0x40
        return (this.a & value) !== 0;
    }
  }
}
