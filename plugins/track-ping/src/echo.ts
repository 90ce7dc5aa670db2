/** Echo requests and replies (RFC 792, RFC 4443 §4). */

/** Type, code, checksum, identifier, sequence number. */
const HEADER = 8;

/** What tells our replies from others'. */
export interface Ticket {
  /** 16 bits; a ping socket writes its own over it. */
  readonly identifier: number;
  /** Random octets at the beginning of the data. */
  readonly token: Uint8Array;
}

/** An echo request. @param size octets of data, not fewer than the token has */
export function echoRequest(family: 4 | 6, ticket: Ticket, sequence: number, size: number): Uint8Array {
  const octets = new Uint8Array(HEADER + size);
  const view = new DataView(octets.buffer);
  octets[0] = family === 4 ? 8 : 128;
  view.setUint16(4, ticket.identifier);
  view.setUint16(6, sequence);
  octets.set(ticket.token, HEADER);
  // Over IPv6 the kernel does it: the checksum covers the addresses.
  if (family === 4) view.setUint16(2, checksum(octets));
  return octets;
}

/** The sequence number of a reply to one of ours; undefined: it is none. */
export function sequenceOf(family: 4 | 6, ticket: Ticket, reply: Uint8Array): number | undefined {
  if (reply.length < HEADER + ticket.token.length) return undefined;
  if (reply[0] !== (family === 4 ? 0 : 129) || reply[1] !== 0) return undefined;
  if (ticket.token.some((octet, at) => reply[HEADER + at] !== octet)) return undefined;
  return (reply[6]! << 8) | reply[7]!;
}

/** RFC 1071. */
export function checksum(octets: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < octets.length; at += 2) sum += (octets[at]! << 8) | (octets[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
