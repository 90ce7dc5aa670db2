/** Builds VRRP advertisements, right ones and wrong ones. Written for the tests alone, apart from the codec. */

/** What is on the wire; everything that is left out is right. */
export interface ForgedAdvert {
  readonly vrid: number;
  /** IP source. */
  readonly source: string;
  readonly addresses: readonly string[];
  /** Default 100. */
  readonly priority?: number;
  /** Authentication type octet. Default 0. */
  readonly authType?: number;
  /** Authentication data, at most 8 octets, padded with zeros. */
  readonly authData?: string;
  /** Seconds. Default 1. */
  readonly interval?: number;
  /** Default 255. */
  readonly ttl?: number;
  /** IP destination. Default 224.0.0.18. */
  readonly destination?: string;
  /** Default 2. */
  readonly version?: number;
  /** Default 1, ADVERTISEMENT. */
  readonly type?: number;
  /** Address count octet. Default: as many as there are. */
  readonly count?: number;
  /** Added to the right VRRP checksum. */
  readonly checksumError?: number;
  /** Added to the right IP header checksum. */
  readonly ipChecksumError?: number;
  /** IP flags and fragment offset. Default 0. */
  readonly fragment?: number;
  /** Octets cut off the end of the VRRP message, the IP total length adjusted. */
  readonly cut?: number;
  /** False: no authentication data follows the addresses, as in VRRPv3. Default true. */
  readonly trailer?: boolean;
  /** Default: the virtual router's. */
  readonly sourceMac?: string;
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

function ipv4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** An Ethernet frame around an IP packet to the VRRP group's MAC. */
export function ethernet(sourceMac: string, packet: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from('01005e000012', 'hex'),
    Buffer.from(sourceMac.replaceAll(':', ''), 'hex'),
    Buffer.from('0800', 'hex'),
    packet,
  ]);
}

/** An IP packet of protocol 112 around `message`. */
export function ipPacket(advert: Omit<ForgedAdvert, 'vrid' | 'addresses'>, message: Buffer): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header[1] = 0xc0;
  header.writeUInt16BE(20 + message.length, 2);
  header.writeUInt16BE(advert.fragment ?? 0, 6);
  header[8] = advert.ttl ?? 255;
  header[9] = 112;
  ipv4(advert.source).copy(header, 12);
  ipv4(advert.destination ?? '224.0.0.18').copy(header, 16);
  header.writeUInt16BE((checksum(header) + (advert.ipChecksumError ?? 0)) & 0xffff, 10);
  return Buffer.concat([header, message]);
}

/** The frame of an advertisement. */
export function forge(advert: ForgedAdvert): Buffer {
  const { vrid, addresses } = advert;
  const message = Buffer.alloc(8 + 4 * addresses.length + (advert.trailer === false ? 0 : 8));
  message[0] = ((advert.version ?? 2) << 4) | (advert.type ?? 1);
  message[1] = vrid;
  message[2] = advert.priority ?? 100;
  message[3] = advert.count ?? addresses.length;
  message[4] = advert.authType ?? 0;
  message[5] = advert.interval ?? 1;
  addresses.forEach((address, index) => {
    ipv4(address).copy(message, 8 + 4 * index);
  });
  message.write((advert.authData ?? '').slice(0, 8), 8 + 4 * addresses.length, 'latin1');
  // VRRPv3 sums over the IP pseudo-header as well (RFC 5798 §5.2.8).
  const pseudo = Buffer.from([0, 112, 0, message.length]);
  const summed =
    advert.version === 3
      ? Buffer.concat([ipv4(advert.source), ipv4(advert.destination ?? '224.0.0.18'), pseudo, message])
      : message;
  message.writeUInt16BE((checksum(summed) + (advert.checksumError ?? 0)) & 0xffff, 6);
  const packet = ipPacket(advert, message.subarray(0, message.length - (advert.cut ?? 0)));
  return ethernet(advert.sourceMac ?? `00:00:5e:00:01:${vrid.toString(16).padStart(2, '0')}`, packet);
}
