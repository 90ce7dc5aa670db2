/**
 * Asks for the MAC of an IPv6 address (neighbour solicitation, RFC 4861 §4.3), and says what a Master's answer must be.
 * Written for the tests alone: unlike a kernel's question it does not depend on what anybody remembers.
 */
import { internetChecksum, octetsOf, pseudoHeader, textOf } from './addresses.ts';
import type { NeighbourAdvertisement } from './sightings.ts';

const ICMPV6 = 58;
const NEIGHBOUR_SOLICITATION = 135;
const SOURCE_LINK_LAYER_ADDRESS = 1;

/** The group of everybody whose address ends in the same three octets (RFC 4291 §2.7.1). */
export function solicitedNodeGroup(address: string): string {
  const end = octetsOf(address).subarray(13);
  return textOf(Buffer.concat([Buffer.from('ff0200000000000000000001ff', 'hex'), end]));
}

/**
 * Where {@link neighbourSolicitation} comes from. Nobody has the address: what is answered to it is an answer to that, and
 * to no question of a kernel, which may be of another kind. The MAC in the question is enough for whoever answers.
 */
export const ASKER = 'fe80::a5:ce';

/** The frame of a neighbour solicitation. */
export function neighbourSolicitation(sourceMac: string, target: string, source = ASKER): Buffer {
  const group = solicitedNodeGroup(target);
  const mac = Buffer.from(sourceMac.replaceAll(':', ''), 'hex');
  const message = Buffer.concat([
    Buffer.from([NEIGHBOUR_SOLICITATION, 0, 0, 0, 0, 0, 0, 0]),
    octetsOf(target),
    Buffer.from([SOURCE_LINK_LAYER_ADDRESS, 1]),
    mac,
  ]);
  const before = pseudoHeader(source, group, ICMPV6, message.length);
  message.writeUInt16BE(internetChecksum(Buffer.concat([before, message])), 2);
  const header = Buffer.from([0x60, 0, 0, 0, 0, message.length, ICMPV6, 255]);
  // RFC 2464 §7: 33:33 and the group's last four octets.
  const destination = Buffer.concat([Buffer.from('3333', 'hex'), octetsOf(group).subarray(12)]);
  return Buffer.concat([
    ...[destination, mac, Buffer.from('86dd', 'hex')],
    ...[header, octetsOf(source), octetsOf(group), message],
  ]);
}

/** Whether it answers {@link neighbourSolicitation}. */
export function isAnswer({ solicited, destination }: NeighbourAdvertisement): boolean {
  return solicited && destination === ASKER;
}

/**
 * Whether an answer is what a Master's must be: RFC 9568 §6.4.3, a router's, at the virtual MAC; RFC 4861 §7.2.4,
 * solicited, and overriding what was known before.
 */
export function isMastersAnswer(answer: NeighbourAdvertisement, virtualMac: string): boolean {
  const { router, solicited, override, targetMac, hopLimit, checksum } = answer;
  return (
    router && solicited && override && targetMac === virtualMac && hopLimit === 255 && checksum === 'right'
  );
}
