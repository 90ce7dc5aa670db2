/** What tells the neighbours that a virtual address is here now: gratuitous ARP (RFC 3768 §6.4.1 and §8.2). */
import { addressBytes, macBytes } from './address.ts';
import { ETHERNET_LENGTH } from './frame.ts';

/** EtherType of ARP (RFC 826). */
export const ETHERTYPE_ARP = 0x0806;
const ARP_LENGTH = 28;
/** Octets of a gratuitous ARP frame, padding to Ethernet's minimum left to the device. */
export const GRATUITOUS_ARP_LENGTH = ETHERNET_LENGTH + ARP_LENGTH;

/**
 * Writes a gratuitous ARP request (RFC 5944 §4.6: sender and target address are the same) at `at`.
 *
 * @param mac the MAC that the address is at; also the frame's source, so that switches learn its port
 */
export function encodeGratuitousArp(bytes: Uint8Array, at: number, address: string, mac: string): void {
  const hardware = macBytes(mac);
  const protocol = addressBytes(address);
  const arp = at + ETHERNET_LENGTH;
  bytes.fill(0xff, at, at + 6);
  bytes.set(hardware, at + 6);
  bytes[at + 12] = ETHERTYPE_ARP >> 8;
  bytes[at + 13] = ETHERTYPE_ARP & 0xff;
  // Hardware type Ethernet, protocol IPv4, lengths 6 and 4, operation 1: request (RFC 826).
  bytes.set([0, 1, 8, 0, 6, 4, 0, 1], arp);
  bytes.set(hardware, arp + 8);
  bytes.set(protocol, arp + 14);
  bytes.fill(0, arp + 18, arp + 24);
  bytes.set(protocol, arp + 24);
}
