/**
 * Reads capture files of tcpdump, also while they are being written: what is incomplete at the end is left out.
 * Format: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

/** A captured Ethernet frame. */
export interface Frame {
  /** When, in ms since the epoch, with the fractions that nanosecond captures have. */
  readonly time: number;
  /** Source MAC, lower case with colons. */
  readonly sourceMac: string;
  /** Destination MAC; empty in captures of all interfaces, which do not keep it. */
  readonly destinationMac: string;
  readonly etherType: number;
  /** What follows the Ethernet header. */
  readonly payload: Buffer;
  /** Index of the interface in captures of all interfaces, otherwise 0. */
  readonly interfaceIndex: number;
}

const LINKTYPE_ETHERNET = 1;
/** Linux "cooked" capture v2, what tcpdump writes for `-i any`. */
const LINKTYPE_LINUX_SLL2 = 276;

/** `00:00:5e:00:01:07` from 6 octets at `offset`. */
export function macAt(bytes: Buffer, offset: number): string {
  return (bytes.toString('hex', offset, offset + 6).match(/../g) ?? []).join(':');
}

/** `10.0.0.1` from 4 octets at `offset`. */
export function ipv4At(bytes: Buffer, offset: number): string {
  return bytes.subarray(offset, offset + 4).join('.');
}

function frameOf(linkType: number, time: number, data: Buffer): Frame | undefined {
  if (linkType === LINKTYPE_ETHERNET && data.length >= 14) {
    return {
      time,
      sourceMac: macAt(data, 6),
      destinationMac: macAt(data, 0),
      etherType: data.readUInt16BE(12),
      payload: data.subarray(14),
      interfaceIndex: 0,
    };
  }
  if (linkType === LINKTYPE_LINUX_SLL2 && data.length >= 20) {
    return {
      time,
      sourceMac: macAt(data, 12),
      destinationMac: '',
      etherType: data.readUInt16BE(0),
      payload: data.subarray(20),
      interfaceIndex: data.readUInt32BE(4),
    };
  }
  return undefined;
}

/** Length of the file's header and of that of each packet, in octets. */
const FILE_HEADER = 24;
const PACKET_HEADER = 16;

/** Reads a capture file that grows: what has been read once is not read again. */
export class CaptureReader {
  private readonly known: Frame[] = [];
  /** How far the file has been read, in octets. */
  private at = 0;
  private linkType = 0;

  constructor(private readonly file: string) {}

  /**
   * All complete frames so far, in the file's order. The same array each time, which grows.
   * @throws Error if it is not a little-endian pcap file with nanoseconds, of Ethernet or of all interfaces
   */
  frames(): readonly Frame[] {
    const bytes = this.rest();
    let at = 0;
    if (this.at === 0) {
      if (bytes.length < FILE_HEADER) return this.known;
      this.linkType = this.linkTypeOf(bytes);
      at = FILE_HEADER;
    }
    while (at + PACKET_HEADER <= bytes.length) {
      const length = bytes.readUInt32LE(at + 8);
      const end = at + PACKET_HEADER + length;
      if (end > bytes.length) break;
      const time = bytes.readUInt32LE(at) * 1e3 + bytes.readUInt32LE(at + 4) / 1e6;
      const frame = frameOf(this.linkType, time, bytes.subarray(at + PACKET_HEADER, end));
      if (frame) this.known.push(frame);
      at = end;
    }
    this.at += at;
    return this.known;
  }

  /** What is behind what has been read. */
  private rest(): Buffer {
    if (!existsSync(this.file)) return Buffer.alloc(0);
    const descriptor = openSync(this.file, 'r');
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - this.at));
      return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, this.at));
    } finally {
      closeSync(descriptor);
    }
  }

  private linkTypeOf(header: Buffer): number {
    if (header.readUInt32LE(0) !== 0xa1b23c4d) throw new Error(`${this.file} is not a nanosecond pcap file`);
    const linkType = header.readUInt32LE(20) & 0xffff;
    if (linkType !== LINKTYPE_ETHERNET && linkType !== LINKTYPE_LINUX_SLL2) {
      throw new Error(`${this.file} has link type ${linkType}`);
    }
    return linkType;
  }
}
