/** A sighting as a block of text. Pure. */
import type { DropReason } from '../vrrp/drop-reasons.ts';
import type { Authentication } from './keyring.ts';
import type { Sighting } from './sighting.ts';

/** How to write it. */
export interface TextOptions {
  readonly interface: string;
  /** @param time ms since the epoch */
  readonly formatTime: (time: number) => string;
  /** Names of authentication types, by octet. */
  readonly authNames: ReadonlyMap<number, readonly string[]>;
}

/** What each reason means; the fields below it in the block have the figures. */
const MEANING: Record<DropReason, string> = {
  truncated: 'it is shorter than its headers say, or than they are',
  'not-vrrp': 'it is not VRRP',
  'ip-header': 'the IP header is wrong (version, length or checksum), or it is a fragment',
  source: 'it comes from an address that no router can have',
  destination: 'it is addressed to neither the VRRP multicast group nor one router',
  peer: 'it comes from an address that is none of the peers',
  ttl: 'the TTL is not 255: it was forwarded by a router, or forged',
  version: 'no such VRRP version over this IP version',
  type: 'it is not an ADVERTISEMENT',
  checksum: 'the checksum is wrong',
  count: 'the address count does not match the length',
  'unknown-vrid': 'no virtual router of this VRID',
  'address-conflict': 'another station has the virtual address',
  'own-source': 'it comes from our own address',
  'address-owner': 'another router has the address itself',
  'auth-type': 'another authentication type is expected',
  'auth-failed': 'it was not made with the secret that is expected',
  'auth-missing': 'it has no authentication trailer',
  'auth-malformed': 'its authentication trailer is malformed',
  'auth-stale': 'its authentication trailer is too old, or of the future',
  'auth-unknown-key': 'its authentication trailer was made with an unknown key',
  'auth-replayed': 'its authentication trailer was there before',
  interval: 'another advertisement interval is expected',
  'address-list': 'it lists other virtual addresses than are expected',
};

const AUTHENTICATION: Record<Authentication, string> = {
  right: 'right',
  wrong: 'wrong: made with another secret',
  'wrong-type': 'wrong: another type is expected',
  unchecked: 'not checked: no secret for this VRID',
};

/** The block, its last line ended, without an empty line. */
export function sightingText(sighting: Sighting, options: TextOptions): string {
  const { reason } = sighting;
  const way = sighting.outgoing ? 'sent' : 'received';
  const verdict = reason === undefined ? 'valid' : `INVALID, ${reason}: ${MEANING[reason]}`;
  const title = `${options.formatTime(sighting.time)} ${way} on ${options.interface}: ${verdict}`;
  const rows = fields(sighting, options.authNames).map(([name, value]) => `  ${name.padEnd(16)}${value}`);
  return `${[title, ...rows].join('\n')}\n`;
}

function fields(sighting: Sighting, authNames: TextOptions['authNames']): [name: string, value: string][] {
  const { vlans, family, version, priority, interval, addresses, count } = sighting;
  const rows: [string, string | undefined][] = [
    ['Ethernet', join(sighting.sourceMac, sighting.destinationMac, ` (${sighting.length} octets)`)],
    ['VLAN', vlans.length === 0 ? undefined : vlans.join(', then ')],
    [`IPv${family}`, join(sighting.source, sighting.destination, `, TTL ${sighting.ttl}`)],
    ['VRRP version', version === undefined ? undefined : `${version}, ${typeName(sighting.type!)}`],
    ['VRID', sighting.vrid?.toString()],
    ['Priority', priority === undefined ? undefined : `${priority}${priorityNote(priority)}`],
    ['Authentication', authenticationText(sighting, authNames)],
    ['Trailer', trailerText(sighting)],
    ['Interval', interval === undefined ? undefined : `${interval / 1000} s`],
    ['Checksum', checksumText(sighting)],
    ['Addresses', count === undefined ? undefined : addressList(addresses, count)],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined);
}

function join(from: string | undefined, to: string | undefined, rest: string): string | undefined {
  return from === undefined ? undefined : `${from} > ${to}${rest}`;
}

function typeName(type: number): string {
  return type === 1 ? 'ADVERTISEMENT' : `type ${type}`;
}

/** RFC 3768 §5.3.4. */
function priorityNote(priority: number): string {
  if (priority === 0) return ' (the Master stops)';
  return priority === 255 ? ' (address owner)' : '';
}

function authenticationText(
  { authType, authentication }: Sighting,
  authNames: TextOptions['authNames'],
): string | undefined {
  if (authType === undefined) return undefined;
  const names = authType === 0 ? ['none'] : authNames.get(authType);
  const name = names === undefined ? '' : ` (${names.join(', ')})`;
  const verdict = authentication === undefined ? '' : `, ${AUTHENTICATION[authentication]}`;
  return `type ${authType}${name}${verdict}`;
}

function trailerText({ trailer }: Sighting): string | undefined {
  return trailer && `HMAC, key ${trailer.key}, made ${new Date(trailer.time).toISOString()} (not checked)`;
}

function checksumText({ checksum, rightChecksum, checksumSort }: Sighting): string | undefined {
  if (checksum === undefined) return undefined;
  if (rightChecksum === undefined) return hex(checksum);
  return checksum === rightChecksum
    ? `${hex(checksum)}, right${checksumSort === undefined ? '' : ` (${checksumSort})`}`
    : `${hex(checksum)}, should be ${hex(rightChecksum)}`;
}

function addressList(addresses: readonly string[], count: number): string {
  const list = addresses.length === 0 ? 'none' : addresses.join(', ');
  return addresses.length === count ? list : `${list} (count ${count})`;
}

/** `0x0c97`. */
export function hex(word: number): string {
  return `0x${word.toString(16).padStart(4, '0')}`;
}
