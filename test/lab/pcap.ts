/**
 * Reads capture files of tcpdump, also while they are being written: what is incomplete at the end is left out.
 * Format: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html
 */
import { existsSync, readFileSync } from 'node:fs';

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

/**
 * All complete frames of a capture file, in the file's order.
 * @throws Error if it is not a little-endian pcap file with nanoseconds, of Ethernet or of all interfaces
 */
export function readCapture(file: string): Frame[] {
  const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  if (bytes.length < 24) return [];
  if (bytes.readUInt32LE(0) !== 0xa1b23c4d) throw new Error(`${file} is not a nanosecond pcap file`);
  const linkType = bytes.readUInt32LE(20) & 0xffff;
  if (linkType !== LINKTYPE_ETHERNET && linkType !== LINKTYPE_LINUX_SLL2) {
    throw new Error(`${file} has link type ${linkType}`);
  }
  const frames: Frame[] = [];
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    if (at + 16 + length > bytes.length) break;
    const time = bytes.readUInt32LE(at) * 1e3 + bytes.readUInt32LE(at + 4) / 1e6;
    const frame = frameOf(linkType, time, bytes.subarray(at + 16, at + 16 + length));
    if (frame) frames.push(frame);
    at += 16 + length;
  }
  return frames;
}
