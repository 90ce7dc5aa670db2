/** The `vip` of one `[[vrouter]]`: its addresses by family, in the order that they are advertised in. */
import type { AddressFamily } from '../plugin/contracts/index.ts';
import { isLinkLocal } from '../vrrp/address.ts';
import { packetLength } from '../vrrp/frame.ts';
import { defaultLinkLocal, virtualAddress } from './address.ts';
import type { RawTable } from './document.ts';
import type { IssueList } from './issue-list.ts';
import type { ConfigPath } from './issues.ts';

/** Addresses in one advertisement: its Count field is an octet (RFC 3768 §5.3.5). */
export const MAX_ADDRESSES = 255;

/** Ethernet's MTU. IPv6 packets of VRRP are not fragmented. */
const USUAL_MTU = 1500;

/** One address of a `vip`. */
export interface TableAddress {
  /** Normalised. */
  readonly address: string;
  readonly family: AddressFamily;
  /** Absent: none is written. */
  readonly prefixLength?: number;
  /** Where it is written. */
  readonly path: ConfigPath;
  /** It is not written: the link-local address that a virtual router has if there is none. */
  readonly made?: true;
}

/**
 * Judges a table's `vip`.
 * @param group undefined if it is wrong: then no link-local address is made up
 * @returns those that are right, IPv4 first; IPv6 starts with a link-local one
 */
export function checkAddresses(
  vip: RawTable['vip'],
  path: ConfigPath,
  group: number | undefined,
  list: IssueList,
): readonly TableAddress[] {
  if (vip === undefined) return [];
  const several = Array.isArray(vip);
  const texts: unknown[] = several ? vip : [vip];
  if (texts.length === 0) list.error(path, 'must have at least one address');
  const four: TableAddress[] = [];
  const six: TableAddress[] = [];
  for (const [index, text] of texts.entries()) {
    if (typeof text !== 'string') continue; // the schema has complained
    const at = several ? [...path, index] : path;
    const verdict = virtualAddress(text);
    if (verdict.fault !== undefined) list.error(at, verdict.fault);
    else (verdict.family === 4 ? four : six).push({ ...verdict, path: at });
  }
  const first = six.findIndex(({ address }) => isLinkLocal(address));
  if (first > 0) six.unshift(...six.splice(first, 1));
  else if (first < 0 && six.length > 0 && group !== undefined) {
    six.unshift({ address: defaultLinkLocal(group), family: 6, path, made: true });
  }
  checkCount(four, path, list);
  checkCount(six, path, list);
  return [...four, ...six];
}

function checkCount(addresses: readonly TableAddress[], path: ConfigPath, list: IssueList): void {
  const [first] = addresses;
  const count = addresses.length;
  const needed = packetLength(3, 6, count);
  if (first?.family === 6 && needed > USUAL_MTU && count <= MAX_ADDRESSES) {
    const message = `an advertisement of ${count} IPv6 addresses has ${needed} octets: the interface needs an MTU of at least that`;
    list.add('notice', path, message, { value: '[…]' });
  }
  if (count <= MAX_ADDRESSES) return;
  const what =
    first?.family === 6
      ? `${count} IPv6 addresses${first.made ? ', the link-local one included' : ''}`
      : `${count} addresses`;
  list.add('error', path, `has ${what}: an advertisement holds ${MAX_ADDRESSES} at most`, { value: '[…]' });
}
