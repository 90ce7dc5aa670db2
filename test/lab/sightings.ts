/** What a captured frame says: VRRP advertisements, ARP and neighbour advertisements. Apart from the codec, for the tests alone. */
import { internetChecksum, pseudoHeader, textOf } from './addresses.ts';
import { type Frame, ipv4At, macAt } from './pcap.ts';

/** A VRRP advertisement (RFC 3768 §5, RFC 9568 §5). Nothing is verified: that is tshark's job. */
export interface Advert {
  /** In ms since the epoch. */
  readonly time: number;
  readonly sourceMac: string;
  /** IP source address. */
  readonly source: string;
  /** TTL or hop limit. */
  readonly ttl: number;
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  readonly vrid: number;
  readonly priority: number;
  /** Version 3 has none: 0. */
  readonly authType: number;
  /** Advertisement interval in s; version 3 counts hundredths. */
  readonly interval: number;
  readonly addresses: readonly string[];
  /** What the checksum covers, if it is right; cut captures have none that is. */
  readonly checksum: 'message' | 'pseudo-header' | 'wrong';
  /** Index of the interface in captures of all interfaces, otherwise 0. */
  readonly interfaceIndex: number;
}

/** Who has sent these, in order, once for each time that it is another: `r1 r2 r1`. @param sources by name */
export function inOrder(
  adverts: readonly Advert[],
  sources: { readonly r1: string; readonly r2: string },
): string {
  const names = adverts.map(({ source }) => (source === sources.r1 ? 'r1' : 'r2'));
  return names.filter((name, at) => name !== names[at - 1]).join(' ');
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

/** A neighbour advertisement (RFC 4861 §4.4). */
export interface NeighbourAdvertisement {
  /** In ms since the epoch. */
  readonly time: number;
  readonly sourceMac: string;
  readonly destinationMac: string;
  /** IPv6 source and destination. */
  readonly source: string;
  readonly destination: string;
  readonly hopLimit: number;
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
  readonly target: string;
  /** Target link-layer address option; empty without one. */
  readonly targetMac: string;
  readonly checksum: 'right' | 'wrong';
  readonly interfaceIndex: number;
}

/** Where an address is, told to everybody: gratuitous ARP, or an unsolicited neighbour advertisement. */
export interface Announcement {
  /** In ms since the epoch. */
  readonly time: number;
  readonly address: string;
  /** The MAC that the address is said to be at. */
  readonly mac: string;
  /** Of the Ethernet frame. */
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly interfaceIndex: number;
}

/** An IP packet's parts, whichever family. */
interface Parts {
  readonly family: 4 | 6;
  readonly source: string;
  readonly destination: string;
  readonly ttl: number;
  readonly protocol: number;
  readonly message: Buffer;
}

function partsOf({ etherType, payload }: Frame): Parts | undefined {
  if (etherType === 0x0800 && payload.length >= 20) {
    return {
      family: 4,
      source: ipv4At(payload, 12),
      destination: ipv4At(payload, 16),
      ttl: payload[8]!,
      protocol: payload[9]!,
      message: payload.subarray((payload[0]! & 15) * 4, payload.readUInt16BE(2)),
    };
  }
  if (etherType === 0x86dd && payload.length >= 40) {
    return {
      family: 6,
      source: textOf(payload.subarray(8, 24)),
      destination: textOf(payload.subarray(24, 40)),
      ttl: payload[7]!,
      protocol: payload[6]!,
      message: payload.subarray(40, 40 + payload.readUInt16BE(4)),
    };
  }
  return undefined;
}

/** What a checksum covers, if it is right. */
function covers({ source, destination, protocol, message }: Parts): Advert['checksum'] {
  if (internetChecksum(message) === 0) return 'message';
  const before = pseudoHeader(source, destination, protocol, message.length);
  return internetChecksum(Buffer.concat([before, message])) === 0 ? 'pseudo-header' : 'wrong';
}

/** The advertisement in a frame, if it is one. */
export function advertOf(frame: Frame): Advert | undefined {
  const parts = partsOf(frame);
  if (parts === undefined || parts.protocol !== 112) return undefined;
  const { family, source, ttl, message } = parts;
  if (message.length < 8 || (message[0] !== 0x21 && message[0] !== 0x31)) return undefined;
  const version = message[0] === 0x21 ? 2 : 3;
  const count = message[3]!;
  const width = family === 4 ? 4 : 16;
  if (message.length < 8 + width * count) return undefined;
  return {
    time: frame.time,
    sourceMac: frame.sourceMac,
    ...{ source, ttl, version, family },
    vrid: message[1]!,
    priority: message[2]!,
    authType: version === 2 ? message[4]! : 0,
    interval: version === 2 ? message[5]! : (message.readUInt16BE(4) & 0xfff) / 100,
    addresses: Array.from({ length: count }, (_, index) =>
      textOf(message.subarray(8 + width * index, 8 + width * (index + 1))),
    ),
    checksum: covers(parts),
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

const ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
const TARGET_LINK_LAYER_ADDRESS = 2;

/** The neighbour advertisement in a frame, if it is one. */
export function neighbourAdvertisementOf(frame: Frame): NeighbourAdvertisement | undefined {
  const parts = partsOf(frame);
  if (parts === undefined || parts.protocol !== ICMPV6) return undefined;
  const { message } = parts;
  if (message.length < 24 || message[0] !== NEIGHBOUR_ADVERTISEMENT) return undefined;
  const flags = message[4]!;
  let targetMac = '';
  for (let at = 24; at + 8 <= message.length && message[at + 1]! > 0; at += 8 * message[at + 1]!) {
    if (message[at] === TARGET_LINK_LAYER_ADDRESS) targetMac = macAt(message, at + 2);
  }
  return {
    time: frame.time,
    sourceMac: frame.sourceMac,
    destinationMac: frame.destinationMac,
    source: parts.source,
    destination: parts.destination,
    hopLimit: parts.ttl,
    router: (flags & 0x80) !== 0,
    solicited: (flags & 0x40) !== 0,
    override: (flags & 0x20) !== 0,
    target: textOf(message.subarray(8, 24)),
    targetMac,
    checksum: covers(parts) === 'pseudo-header' ? 'right' : 'wrong',
    interfaceIndex: frame.interfaceIndex,
  };
}

/** The announcement in a frame, if it is one: of an address to everybody on the link. */
export function announcementOf(frame: Frame): Announcement | undefined {
  const { time, sourceMac, destinationMac, interfaceIndex } = frame;
  const at = { time, sourceMac, destinationMac, interfaceIndex };
  const arp = arpOf(frame);
  if (arp) return isGratuitous(arp) ? { ...at, address: arp.senderAddress, mac: arp.senderMac } : undefined;
  const neighbour = neighbourAdvertisementOf(frame);
  if (!neighbour || neighbour.solicited || neighbour.destination !== 'ff02::1') return undefined;
  return { ...at, address: neighbour.target, mac: neighbour.targetMac };
}
