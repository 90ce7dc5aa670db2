/** Netlink messages (man 7 netlink): what those of nf_tables and those of rules have in common. Pure. */
import { isIPv6, SocketAddress } from 'node:net';
import { endianness } from 'node:os';

/** The host's order of octets, which headers have. */
export const LITTLE = endianness() === 'LE';
/** Octets of `struct nlmsghdr`. */
export const HEADER = 16;
const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_CREATE = 0x400;
/** Type of an answer with an errno; 0 acknowledges. */
export const NLMSG_ERROR = 2;

/** A request, padded to a multiple of four octets. @param flags beside NLM_F_REQUEST */
export function message(type: number, flags: number, body: Uint8Array): Uint8Array {
  const whole = new Uint8Array((HEADER + body.length + 3) & ~3);
  const view = viewOf(whole);
  view.setUint32(0, HEADER + body.length, LITTLE);
  view.setUint16(4, type, LITTLE);
  view.setUint16(6, NLM_F_REQUEST | flags, LITTLE);
  whole.set(body, HEADER);
  return whole;
}

/** The first errno in the kernel's answers to a batch; 0: all was done. */
export function errorIn(answers: Uint8Array): number {
  const view = viewOf(answers);
  for (let at = 0; at + 20 <= answers.length; ) {
    const length = view.getUint32(at, LITTLE);
    const code = view.getUint16(at + 4, LITTLE) === NLMSG_ERROR ? view.getInt32(at + 16, LITTLE) : 0;
    if (code !== 0) return -code;
    at += Math.max(16, (length + 3) & ~3);
  }
  return 0;
}

/** An address as it is in a packet. */
export function octetsOf(address: string): Uint8Array {
  if (!isIPv6(address)) return Uint8Array.from(address.split('.').map(Number));
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  const [head = '', tail] = canonical.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return Uint8Array.from(
    all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  );
}

/** One after the other. */
export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The same octets. */
export function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}
