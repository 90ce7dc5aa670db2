/** Builds VRRP advertisements, right ones and wrong ones. Written for the tests alone, apart from the codec. */
import { familyOf, internetChecksum, octetsOf, pseudoHeader } from './addresses.ts';

/** What is on the wire; everything that is left out is right. */
export interface ForgedAdvert {
  readonly vrid: number;
  /** IP source. Its family is the packet's. */
  readonly source: string;
  readonly addresses: readonly string[];
  /** Default 100. */
  readonly priority?: number;
  /** Authentication type octet. Default 0. Version 3: the octet that holds the reserved bits, default 0. */
  readonly authType?: number;
  /** Authentication data, at most 8 octets, padded with zeros. */
  readonly authData?: string;
  /** Seconds; hundredths where the version is 3. Default 1. */
  readonly interval?: number;
  /** TTL or hop limit. Default 255. */
  readonly ttl?: number;
  /** IP destination. Default: the group, 224.0.0.18 or ff02::12. */
  readonly destination?: string;
  /** Default 2 over IPv4, 3 over IPv6. */
  readonly version?: number;
  /** Default 1, ADVERTISEMENT. */
  readonly type?: number;
  /** Address count octet. Default: as many as there are. */
  readonly count?: number;
  /** Added to the right VRRP checksum. */
  readonly checksumError?: number;
  /** Whether the checksum covers a pseudo-header too. Default: where the version is 3, as keepalived sends it. */
  readonly pseudoHeader?: boolean;
  /** Added to the right IP header checksum. */
  readonly ipChecksumError?: number;
  /** In the IP header, whatever the EtherType says. Default: that of the family. */
  readonly ipVersion?: number;
  /** IP flags and fragment offset. Default 0. */
  readonly fragment?: number;
  /** Octets cut off the end of the VRRP message, the IP header's length adjusted. */
  readonly cut?: number;
  /** Zeros behind the packet until the frame has so many octets, as Ethernet has at least 60. Default: none. */
  readonly padTo?: number;
  /** Whether authentication data follows the addresses. Default: not where the version is 3. */
  readonly trailer?: boolean;
  /** Default: the virtual router's. */
  readonly sourceMac?: string;
}

/** What is left of an advertisement for the packet around its message. */
export type ForgedPacket = Omit<ForgedAdvert, 'vrid' | 'addresses'>;

/** The group of a family: where advertisements go. */
export const GROUPS = { 4: '224.0.0.18', 6: 'ff02::12' } as const;

/** The virtual router's MAC (RFC 9568 §7.3). */
export function virtualMac(vrid: number, family: 4 | 6 = 4): string {
  return `00:00:5e:00:0${family === 4 ? 1 : 2}:${vrid.toString(16).padStart(2, '0')}`;
}

/** An Ethernet frame around an IP packet to the VRRP group's MAC. */
export function ethernet(sourceMac: string, packet: Buffer): Buffer {
  const isIpv6 = packet[0]! >> 4 === 6;
  return Buffer.concat([
    Buffer.from(isIpv6 ? '333300000012' : '01005e000012', 'hex'),
    Buffer.from(sourceMac.replaceAll(':', ''), 'hex'),
    Buffer.from(isIpv6 ? '86dd' : '0800', 'hex'),
    packet,
  ]);
}

/** An IP packet of protocol 112 around `message`. */
export function ipPacket(advert: ForgedPacket, message: Buffer): Buffer {
  return familyOf(advert.source) === 6 ? ipv6Packet(advert, message) : ipv4Packet(advert, message);
}

function ipv4Packet(advert: ForgedPacket, message: Buffer): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header[1] = 0xc0;
  header.writeUInt16BE(20 + message.length, 2);
  header.writeUInt16BE(advert.fragment ?? 0, 6);
  header[8] = advert.ttl ?? 255;
  header[9] = 112;
  octetsOf(advert.source).copy(header, 12);
  octetsOf(advert.destination ?? GROUPS[4]).copy(header, 16);
  header.writeUInt16BE((internetChecksum(header) + (advert.ipChecksumError ?? 0)) & 0xffff, 10);
  return Buffer.concat([header, message]);
}

function ipv6Packet(advert: ForgedPacket, message: Buffer): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x6c; // traffic class CS6
  header.writeUInt16BE(message.length, 4);
  header[6] = 112;
  header[7] = advert.ttl ?? 255;
  octetsOf(advert.source).copy(header, 8);
  octetsOf(advert.destination ?? GROUPS[6]).copy(header, 24);
  return Buffer.concat([header, message]);
}

/** The frame of an advertisement. */
export function forge(advert: ForgedAdvert): Buffer {
  const { vrid, addresses, source } = advert;
  const family = familyOf(source);
  const version = advert.version ?? (family === 6 ? 3 : 2);
  const list = Buffer.concat(addresses.map(octetsOf));
  const message = Buffer.alloc(8 + list.length + ((advert.trailer ?? version !== 3) ? 8 : 0));
  message[0] = (version << 4) | (advert.type ?? 1);
  message[1] = vrid;
  message[2] = advert.priority ?? 100;
  message[3] = advert.count ?? addresses.length;
  const interval = advert.interval ?? 1;
  if (version === 3) message.writeUInt16BE(Math.round(interval * 100), 4);
  else message[5] = interval;
  message[4]! |= advert.authType ?? 0;
  list.copy(message, 8);
  message.write((advert.authData ?? '').slice(0, 8), 8 + list.length, 'latin1');
  const destination = advert.destination ?? GROUPS[family];
  const withPseudoHeader = advert.pseudoHeader ?? (family === 6 || version === 3);
  const before = withPseudoHeader ? pseudoHeader(source, destination, 112, message.length) : Buffer.alloc(0);
  const right = internetChecksum(Buffer.concat([before, message]));
  message.writeUInt16BE((right + (advert.checksumError ?? 0)) & 0xffff, 6);
  const packet = ipPacket(advert, message.subarray(0, message.length - (advert.cut ?? 0)));
  const frame = ethernet(advert.sourceMac ?? virtualMac(vrid, family), packet);
  if (advert.ipVersion !== undefined) frame[14] = (advert.ipVersion << 4) | (frame[14]! & 15);
  return Buffer.concat([frame, Buffer.alloc(Math.max(0, (advert.padTo ?? 0) - frame.length))]);
}
