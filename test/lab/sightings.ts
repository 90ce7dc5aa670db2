/** What a captured frame says: VRRP advertisements and ARP. Written for the tests alone, apart from the codec. */
import { type Frame, ipv4At, macAt } from './pcap.ts';

/** A VRRPv2 advertisement (RFC 3768 §5). Nothing is verified: that is tshark's job. */
export interface Advert {
  /** In ms since the epoch. */
  readonly time: number;
  readonly sourceMac: string;
  /** IP source address. */
  readonly source: string;
  readonly ttl: number;
  readonly vrid: number;
  readonly priority: number;
  readonly authType: number;
  /** Advertisement interval in s. */
  readonly interval: number;
  readonly addresses: readonly string[];
  /** Index of the interface in captures of all interfaces, otherwise 0. */
  readonly interfaceIndex: number;
}

/** An ARP packet about IPv4 (RFC 826). */
export interface Arp {
  /** In ms since the epoch. */
  readonly time: number;
  /** Source of the Ethernet frame. */
  readonly sourceMac: string;
  readonly destinationMac: string;
  /** 1 request, 2 reply. */
  readonly operation: number;
  readonly senderMac: string;
  readonly senderAddress: string;
  readonly targetAddress: string;
  readonly interfaceIndex: number;
}

/** The advertisement in a frame, if it is one. */
export function advertOf(frame: Frame): Advert | undefined {
  const { payload } = frame;
  if (frame.etherType !== 0x0800 || payload.length < 28 || payload[9] !== 112) return undefined;
  const start = (payload[0]! & 15) * 4;
  if (payload.length < start + 8 || payload[start] !== 0x21) return undefined;
  const count = payload[start + 3]!;
  if (payload.length < start + 8 + 4 * count) return undefined;
  return {
    time: frame.time,
    sourceMac: frame.sourceMac,
    source: ipv4At(payload, 12),
    ttl: payload[8]!,
    vrid: payload[start + 1]!,
    priority: payload[start + 2]!,
    authType: payload[start + 4]!,
    interval: payload[start + 5]!,
    addresses: Array.from({ length: count }, (_, index) => ipv4At(payload, start + 8 + 4 * index)),
    interfaceIndex: frame.interfaceIndex,
  };
}

/** The ARP packet in a frame, if it is one. */
export function arpOf(frame: Frame): Arp | undefined {
  const { payload } = frame;
  if (frame.etherType !== 0x0806 || payload.length < 28) return undefined;
  return {
    time: frame.time,
    sourceMac: frame.sourceMac,
    destinationMac: frame.destinationMac,
    operation: payload.readUInt16BE(6),
    senderMac: macAt(payload, 8),
    senderAddress: ipv4At(payload, 14),
    targetAddress: ipv4At(payload, 24),
    interfaceIndex: frame.interfaceIndex,
  };
}

/** Whether it announces the sender's own address to everybody (RFC 5227 §3, "gratuitous ARP"). */
export function isGratuitous(arp: Arp): boolean {
  return arp.senderAddress === arp.targetAddress && arp.senderMac !== '00:00:00:00:00:00';
}
