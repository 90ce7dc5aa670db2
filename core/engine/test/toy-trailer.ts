/**
 * A trailer that protects nobody, for tests of the engine: 8 octets, `T`, a key, the sum of message and sender, then a number
 * that goes up by one, which is kept in the memory.
 */
import type { AuthMemory, TrailerAuthenticator, TrailerVerdict } from '../../plugin/contracts/index.ts';

/** Octets of it. */
export const TOY_LENGTH = 8;
/** Where the last number sent, and the last one accepted, are in the memory. */
const SENT = 0;
const HEARD = 1;

/** See the file's comment. */
export class ToyTrailer implements TrailerAuthenticator {
  readonly length = TOY_LENGTH;
  skew = 0;
  /** What `verify` says of what is genuine. */
  genuine: TrailerVerdict = 'genuine';
  /** It cannot sign. */
  broken = false;
  /** How often it was told to go on with its memory, and why. */
  readonly adopted: string[] = [];
  private readonly numbers: Uint32Array;

  constructor(
    memory: AuthMemory,
    readonly sends = true,
    readonly requires = true,
    private readonly key = 1,
  ) {
    this.numbers = new Uint32Array(memory.bytes.buffer, memory.bytes.byteOffset, 2);
  }

  /** The number that it has sent last. */
  get sent(): number {
    return this.numbers[SENT]!;
  }

  sign(packet: Uint8Array, start: number, end: number, source: number): void {
    if (this.broken) throw new Error('broken');
    const number = ++this.numbers[SENT]!;
    const sum = sumOf(packet, start, end, source);
    packet.set([0x54, this.key, sum >> 8, sum & 0xff], end);
    packet.set([number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff], end + 4);
  }

  verify(packet: Uint8Array, start: number, end: number, source: number): TrailerVerdict {
    if (packet[end] !== 0x54) return 'malformed';
    if (packet[end + 1] !== this.key) return 'unknown-key';
    const sum = sumOf(packet, start, end, source);
    if (packet[end + 2] !== sum >> 8 || packet[end + 3] !== (sum & 0xff)) return 'invalid';
    const number = new DataView(packet.buffer, packet.byteOffset).getUint32(end + 4);
    if (number <= this.numbers[HEARD]!) return 'replayed';
    this.numbers[HEARD] = number;
    return this.genuine;
  }

  adopt(from: 'reload' | 'restart'): void {
    this.adopted.push(from);
  }
}

function sumOf(packet: Uint8Array, start: number, end: number, source: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += packet[i]!;
  for (let i = source; i < source + 4; i++) sum += packet[i]!;
  return sum & 0xffff;
}
