/** Netlink messages: their form, not their meaning (man 7 netlink, linux/netlink.h). */
import { endianness } from 'node:os';

/** What stands in front of each message: length, type, flags, sequence, port. */
const HEADER = 16;
/** Length and type in front of each attribute. */
const ATTRIBUTE = 4;
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER are no part of the type. */
const TYPE_MASK = 0x3fff;

/** Netlink has the byte order of the machine. */
const LITTLE = endianness() === 'LE';

/** Types of messages that netlink itself has. */
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

/** Flags of messages. */
export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
/** What was listed has changed meanwhile. */
export const NLM_F_DUMP_INTR = 0x10;

/** A message. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Reader;
}

/** Octets with numbers in the machine's byte order. Beyond its end there are zeros: what an older kernel does not say. */
export class Reader {
  private readonly view: DataView;

  constructor(readonly octets: Uint8Array) {
    this.view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  }

  u8(at: number): number {
    return at + 1 <= this.octets.length ? this.view.getUint8(at) : 0;
  }

  u16(at: number): number {
    return at + 2 <= this.octets.length ? this.view.getUint16(at, LITTLE) : 0;
  }

  u32(at: number): number {
    return at + 4 <= this.octets.length ? this.view.getUint32(at, LITTLE) : 0;
  }

  i32(at: number): number {
    return at + 4 <= this.octets.length ? this.view.getInt32(at, LITTLE) : 0;
  }

  /** Up to the first zero. */
  text(): string {
    const end = this.octets.indexOf(0);
    return Buffer.from(this.octets.subarray(0, end < 0 ? undefined : end)).toString('utf8');
  }

  /** The attributes from an offset on, by type; of two of a type, the last. */
  attributes(from: number): Map<number, Reader> {
    const found = new Map<number, Reader>();
    for (let at = from; at + ATTRIBUTE <= this.octets.length; ) {
      const length = this.u16(at);
      if (length < ATTRIBUTE || at + length > this.octets.length) break;
      found.set(this.u16(at + 2) & TYPE_MASK, new Reader(this.octets.subarray(at + ATTRIBUTE, at + length)));
      at += aligned(length);
    }
    return found;
  }
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}

/** The messages of a datagram. */
export function* messagesIn(datagram: Uint8Array): Generator<Message> {
  const all = new Reader(datagram);
  for (let at = 0; at + HEADER <= datagram.length; ) {
    const length = all.u32(at);
    if (length < HEADER || at + length > datagram.length) return;
    yield {
      type: all.u16(at + 4),
      flags: all.u16(at + 6),
      sequence: all.u32(at + 8),
      body: new Reader(datagram.subarray(at + HEADER, at + length)),
    };
    at += aligned(length);
  }
}

/** A message for the kernel. */
export function message(type: number, flags: number, sequence: number, body: Uint8Array): Uint8Array {
  const octets = new Uint8Array(HEADER + body.length);
  const view = new DataView(octets.buffer);
  view.setUint32(0, octets.length, LITTLE);
  view.setUint16(4, type, LITTLE);
  view.setUint16(6, flags, LITTLE);
  view.setUint32(8, sequence, LITTLE);
  octets.set(body, HEADER);
  return octets;
}

/** Puts octets together; numbers are words of 32 bits. Each part is padded to words. */
export function body(...parts: readonly (Uint8Array | number)[]): Uint8Array {
  const pieces = parts.map((part) => {
    if (typeof part !== 'number') return part;
    const word = new Uint8Array(4);
    new DataView(word.buffer).setUint32(0, part, LITTLE);
    return word;
  });
  const octets = new Uint8Array(pieces.reduce((sum, piece) => sum + aligned(piece.length), 0));
  let at = 0;
  for (const piece of pieces) {
    octets.set(piece, at);
    at += aligned(piece.length);
  }
  return octets;
}

/** An attribute with a text, or with a word of 32 bits. */
export function attribute(type: number, value: string | number): Uint8Array {
  const content = typeof value === 'number' ? body(value) : new TextEncoder().encode(`${value}\0`);
  const octets = new Uint8Array(ATTRIBUTE + content.length);
  const view = new DataView(octets.buffer);
  view.setUint16(0, octets.length, LITTLE);
  view.setUint16(2, type, LITTLE);
  octets.set(content, ATTRIBUTE);
  return octets;
}
