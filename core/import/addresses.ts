/** `virtual_ipaddress` and `virtual_ipaddress_excluded`: addresses, and what is said about each. */
import { isIP } from 'node:net';
import { virtualAddress } from '../config/address.ts';
import type { Report } from './report.ts';
import type { Statement } from './statements.ts';

/** A virtual address as it is written. */
export interface ImportedAddress {
  readonly family: 4 | 6;
  /** As `vip` has it: with the prefix length if there is one. */
  readonly text: string;
  /** Where it lives, if that is said. */
  readonly dev?: string;
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
  use_vmac: 'iftype is for a whole virtual router',
};
/** What has a value. */
const OPTIONS: Readonly<Record<string, string>> = {
  brd: 'virtual addresses have no broadcast address',
  broadcast: 'virtual addresses have no broadcast address',
  scope: 'the kernel gives the scope that the address has by itself',
  label: 'rvrrpd marks its addresses with a label of its own',
  peer: 'virtual addresses have no peer',
  preferred_lft: 'an address without a prefix length is not preferred as a source anyway',
  track_group: 'is for static addresses',
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
  const lost: string[] = [];
  let dev: string | undefined;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at]!;
    const value = rest[at + 1];
    if (word === 'dev' && value !== undefined) {
      dev = value;
      at++;
    } else if (Object.hasOwn(FLAGS, word)) lost.push(`${word}: ${FLAGS[word]}`);
    else if (Object.hasOwn(OPTIONS, word) && value !== undefined) {
      at++;
      // That is what it has anyway.
      if (word === 'scope' && (value === 'global' || value === '0')) continue;
      lost.push(`${word} ${value}: ${OPTIONS[word]}`);
    } else lost.push(`${word}: is nothing that an address can have`);
  }
  const { family, address, prefixLength } = verdict;
  return {
    ...{ family, statement, lost },
    text: prefixLength === undefined ? address : `${address}/${prefixLength}`,
    ...(dev === undefined ? {} : { dev }),
  };
}
