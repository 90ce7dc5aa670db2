/** IPv4 and IPv6 addresses as octets and as text. Written for the tests alone, apart from the codec. */

/** 4 or 6, of an address in text. */
export function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** The 4 or 16 octets of an address; a zone (`%lan`) is not looked at. */
export function octetsOf(address: string): Buffer {
  const [bare = ''] = address.split('%');
  if (familyOf(bare) === 4) return Buffer.from(bare.split('.').map(Number));
  const [head = '', tail] = bare.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const left = groups(head);
  const right = groups(tail ?? '');
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  const all = [...left, ...new Array<string>(gap).fill('0'), ...right];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** The text of 4 or 16 octets; IPv6 in the form of RFC 5952. */
export function textOf(octets: Buffer): string {
  if (octets.length === 4) return octets.join('.');
  const groups = (octets.toString('hex').match(/.{4}/g) ?? []).join(':');
  return new URL(`http://[${groups}]`).hostname.slice(1, -1); // it writes IPv6 in that form
}

/** RFC 1071. */
export function internetChecksum(octets: Buffer): number {
  let sum = 0;
  for (let i = 0; i < octets.length; i += 2) sum += (octets[i]! << 8) | (octets[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

/**
 * What stands before a payload in its checksum: RFC 8200 §8.1 for IPv6, RFC 5798 §5.2.8 as it is read for IPv4.
 * @param protocol next header: 112 VRRP, 58 ICMPv6
 */
export function pseudoHeader(source: string, destination: string, protocol: number, length: number): Buffer {
  const end = familyOf(source) === 4 ? [0, protocol, 0, 0] : [0, 0, 0, 0, 0, 0, 0, protocol];
  const tail = Buffer.from(end);
  tail.writeUInt16BE(length, 2);
  return Buffer.concat([octetsOf(source), octetsOf(destination), tail]);
}

/** The link-local address that Linux makes of a MAC by default (RFC 4291, appendix A). */
export function linkLocalOf(mac: string): string {
  const octets = Buffer.from(mac.replaceAll(':', ''), 'hex');
  octets[0]! ^= 2;
  const identifier = [octets.subarray(0, 3), Buffer.from('fffe', 'hex'), octets.subarray(3)];
  return textOf(Buffer.concat([Buffer.from('fe80000000000000', 'hex'), ...identifier]));
}
