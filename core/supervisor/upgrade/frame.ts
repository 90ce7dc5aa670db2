/**
 * How two processes that hand over to each other put messages on a stream. Pure. The same for all versions of rvrrpd: what
 * is in a message may change, this does not.
 *
 * A message is a word `RVUP`, two words of 32 bits, little endian, with the lengths of what follows, a line of JSON, and
 * the contents of its sections one after the other. The JSON says what the message is, what its sections are called and how
 * long each is, and how many descriptors come with it (on another socket, see line.ts).
 */

/** A part of a message that has a version of its own: who does not know it leaves it out. */
export interface Section {
  /** See sections.ts. */
  readonly name: string;
  readonly version: number;
  readonly content: Uint8Array;
}

/** A message. */
export interface Message {
  readonly type: string;
  /** What belongs to this type of message; JSON. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly sections: readonly Section[];
  /** How many descriptors come with it. */
  readonly descriptors: number;
}

/** The line of JSON. */
interface Head {
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly sections: readonly { readonly name: string; readonly version: number; readonly length: number }[];
  readonly descriptors: number;
}

const MAGIC = 0x50555652;
const PREFIX = 12;
/** Octets that nobody needs: what says so is no message. */
const LIMIT = 1 << 30;

/** A message as octets. */
export function encodeMessage({ type, fields, sections, descriptors }: Message): Buffer {
  const head: Head = {
    ...{ type, fields, descriptors },
    sections: sections.map(({ name, version, content }) => ({ name, version, length: content.byteLength })),
  };
  const line = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32LE(MAGIC, 0);
  prefix.writeUInt32LE(line.length, 4);
  prefix.writeUInt32LE(
    sections.reduce((sum, { content }) => sum + content.byteLength, 0),
    8,
  );
  return Buffer.concat([prefix, line, ...sections.map(({ content }) => content)]);
}

/** Takes messages from a stream, in whatever pieces it comes. */
export class MessageReader {
  private readonly pieces: Buffer[] = [];
  private length = 0;
  /** Octets that the next message needs; 0: its prefix has not come yet. */
  private wanted = 0;

  /** @returns the messages that are whole by now @throws Error if it is no message; nothing can be read any more then */
  push(piece: Buffer): Message[] {
    this.pieces.push(piece);
    this.length += piece.length;
    const messages: Message[] = [];
    while (this.length >= Math.max(this.wanted, PREFIX)) {
      const all = Buffer.concat(this.pieces.splice(0));
      this.pieces.push(all);
      const head = all.readUInt32LE(4);
      const body = all.readUInt32LE(8);
      if (all.readUInt32LE(0) !== MAGIC || head > LIMIT || body > LIMIT)
        throw new Error('what came from the other process is no message of an upgrade');
      this.wanted = PREFIX + head + body;
      if (this.length < this.wanted) break;
      messages.push(decode(all.subarray(PREFIX, this.wanted), head));
      const rest = all.subarray(this.wanted);
      this.pieces.splice(0, 1, rest);
      this.length = rest.length;
      this.wanted = 0;
    }
    return messages;
  }
}

function decode(octets: Buffer, headLength: number): Message {
  const { type, fields, sections, descriptors } = JSON.parse(octets.toString('utf8', 0, headLength)) as Head;
  let at = headLength;
  const read = sections.map(({ name, version, length }) => {
    const content = octets.subarray(at, at + length);
    at += length;
    return { name, version, content };
  });
  if (at !== octets.length) throw new Error(`a message ${JSON.stringify(type)} is not as long as it says`);
  return { type, fields, sections: read, descriptors };
}
