/** `virtual_ipaddress` and `virtual_ipaddress_excluded`: addresses, and what is said about each. */
import { isIP } from 'node:net';
import { virtualAddress } from '../config/address.ts';
import { interfaceNameFault } from '../config/names.ts';
import type { Report } from './report.ts';
import type { Statement } from './statements.ts';

/** A virtual address as it is written. */
export interface ImportedAddress {
  readonly family: 4 | 6;
  /** As `vip` has it: with the prefix length if there is one. */
  readonly text: string;
  /** Normalised, alone. */
  readonly address: string;
  /** Where it lives, if that is said. */
  readonly dev?: string;
  /** Where it is `link` or `host`: only of IPv4. */
  readonly scope?: 'link' | 'host';
  /** Only of IPv4. */
  readonly label?: string;
  /** Its interface may go down. */
  readonly isUntracked?: true;
  readonly statement: Statement;
  /** What else is said, and why it is left out. */
  readonly lost: readonly string[];
}

/** What stands alone, and why it is left out. */
const FLAGS: Readonly<Record<string, string>> = {
  home: 'only for Mobile IPv6',
  '-nodad': 'there is no duplicate address detection on virtual addresses',
  nodad: 'there is no duplicate address detection on virtual addresses',
  mngtmpaddr: 'no temporary addresses are made of virtual ones',
  noprefixroute: 'the kernel makes the route to the network of a prefix length',
  autojoin: 'no multicast groups are joined',
  no_track: 'an address that somebody removes is put back',
  use_vmac: 'an address on another interface has the MAC address of that one',
};
/** As names, and as rtnetlink numbers them. */
const SCOPES: Readonly<Record<string, 'global' | 'link' | 'host'>> = {
  ...{ global: 'global', link: 'link', host: 'host' },
  ...{ '0': 'global', '253': 'link', '254': 'host' },
};
/** What has a value. */
const OPTIONS: Readonly<Record<string, string>> = {
  brd: 'addresses of a Master have no broadcast address',
  broadcast: 'addresses of a Master have no broadcast address',
  peer: 'virtual addresses have no peer',
  preferred_lft: 'an address without a prefix length is not preferred as a source anyway',
  track_group: 'is for static addresses',
};

/** Those that [[vrouter.address]] has, and why some of their values cannot be had. */
const OWN_OPTIONS: readonly string[] = ['dev', 'label', 'scope'];
const OTHERS: Readonly<Record<string, string>> = {
  label: 'IPv6 addresses have none',
  scope: 'is global, link or host',
};

/** Reads an entry; undefined, and told, if it is none. */
export function readAddress(statement: Statement, report: Report): ImportedAddress | undefined {
  const [text = '', ...rest] = statement.words;
  const entry = { ...statement, words: ['virtual address', text] };
  if (isIP(text.split('/')[0]!) === 0) {
    report.fault(entry, 'must be an address, with or without a prefix length, such as 192.0.2.1/24');
    return undefined;
  }
  const verdict = virtualAddress(text);
  if (verdict.fault !== undefined) {
    report.fault(entry, verdict.fault);
    return undefined;
  }
  const { family, address, prefixLength } = verdict;
  const lost: string[] = [];
  let dev: string | undefined;
  let scope: 'link' | 'host' | undefined;
  let label: string | undefined;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at]!;
    const value = rest[at + 1];
    const hasValue = value !== undefined && (Object.hasOwn(OPTIONS, word) || OWN_OPTIONS.includes(word));
    if (hasValue) at++;
    if (!hasValue) {
      const why = Object.hasOwn(FLAGS, word) ? FLAGS[word] : undefined;
      lost.push(why === undefined ? `${word}: is nothing that an address can have` : `${word}: ${why}`);
    } else if (word === 'dev') {
      const fault = interfaceNameFault(value);
      if (fault !== undefined) report.fault({ ...statement, words: ['dev', value] }, fault);
      dev = value;
    } else if (word === 'label' && family === 4) label = value;
    else if (word === 'scope' && Object.hasOwn(SCOPES, value)) {
      const said = SCOPES[value]!;
      // Of IPv6 the address tells.
      if (said === 'global') continue;
      if (family === 4) scope = said;
      else lost.push(`scope ${value}: the kernel gives an IPv6 address the scope that it has by itself`);
    } else lost.push(`${word} ${value}: ${OPTIONS[word] ?? OTHERS[word]}`);
  }
  return {
    ...{ family, address, statement, lost },
    text: prefixLength === undefined ? address : `${address}/${prefixLength}`,
    ...(dev === undefined ? {} : { dev }),
    ...(scope === undefined ? {} : { scope }),
    ...(label === undefined ? {} : { label }),
    ...(rest.includes('no_track') ? { isUntracked: true as const } : {}),
  };
}
