/** `peers`, `source` and `min_ttl` of one `[[vrouter]]`: whom a virtual router speaks to without multicast. */
import type { AddressFamily } from '../plugin/contracts/index.ts';
import { isLinkLocal } from '../vrrp/address.ts';
import { type AddressVerdict, hostAddress } from './address.ts';
import type { RawTable } from './document.ts';
import type { IssueList } from './issue-list.ts';
import type { ConfigPath } from './issues.ts';
import type { TableAddress } from './table-addresses.ts';

/** Each gets a packet of its own, out of one send queue. */
export const MAX_PEERS = 255;

/** An address of `peers`, or `source`. */
export interface PeerAddress {
  /** Normalised. */
  readonly address: string;
  readonly family: AddressFamily;
  /** Where it is written. */
  readonly path: ConfigPath;
}

/** Those that are right. */
export interface TablePeers {
  readonly peers: readonly PeerAddress[];
  readonly source?: PeerAddress;
}

/**
 * Judges the directives of a table.
 * @param addresses of its `vip`; without any nothing is said of families
 */
export function checkPeers(
  table: RawTable,
  path: ConfigPath,
  addresses: readonly TableAddress[],
  list: IssueList,
): TablePeers {
  const at = [...path, 'peers'];
  if (table.peers === undefined) {
    // A wrong one has been complained about.
    if (!list.document.places.has(at)) refuseWithout(table, path, list);
    return { peers: [] };
  }
  const texts: readonly unknown[] = Array.isArray(table.peers) ? table.peers : [];
  if (texts.length === 0) list.error(at, 'must name one peer at least; without peers, leave it out');
  const source = checkSource(table, path, addresses, list);
  const peers: PeerAddress[] = [];
  for (const [index, text] of texts.entries()) {
    if (typeof text !== 'string') continue; // the schema has complained
    const peer = understood(text, [...at, index], list);
    if (!peer) continue;
    const fault = peerFault(peer, peers, source, addresses, list);
    if (fault === undefined) peers.push(peer);
    else list.error(peer.path, fault);
  }
  if (texts.length > MAX_PEERS) {
    list.add('error', at, `has ${texts.length} peers: ${MAX_PEERS} at most`, { value: '[…]' });
  }
  const isWhole = peers.length === texts.length && peers.length > 0;
  if (isWhole) checkFamilies(peers, at, addresses, list);
  checkReach(peers, source, list);
  return { peers, ...(source === undefined ? {} : { source }) };
}

/** They say something of peers that there are not. */
function refuseWithout(table: RawTable, path: ConfigPath, list: IssueList): void {
  for (const name of ['source', 'min_ttl']) {
    if (table[name] === undefined) continue;
    list.error([...path, name], 'must not be set without peers: multicast has no use for it');
  }
}

function checkSource(
  { source: text }: RawTable,
  path: ConfigPath,
  addresses: readonly TableAddress[],
  list: IssueList,
): PeerAddress | undefined {
  const at = [...path, 'source'];
  const source = typeof text === 'string' ? understood(text, at, list) : undefined;
  if (source && addresses.some(({ address }) => address === source.address)) {
    // An address owner has it anyway. What is added to the interface while Master cannot make a Master of it.
    list.warn(
      at,
      'is a virtual address, vip: unless this host is its owner, it has it as Master alone, and stays Down without it',
    );
  }
  if (!source || addresses.length === 0 || addresses.some(({ family }) => family === source.family))
    return source;
  list.error(at, `must be an IPv${addresses[0]!.family} address, as vip has no other`);
  return undefined;
}

function understood(text: string, path: ConfigPath, list: IssueList): PeerAddress | undefined {
  const verdict: AddressVerdict = hostAddress(text);
  if (verdict.fault === undefined) return { address: verdict.address, family: verdict.family, path };
  list.error(path, verdict.fault);
  return undefined;
}

function peerFault(
  { address, family }: PeerAddress,
  others: readonly PeerAddress[],
  source: PeerAddress | undefined,
  addresses: readonly TableAddress[],
  list: IssueList,
): string | undefined {
  const twin = others.find((other) => other.address === address);
  if (twin) return `is already ${list.whereIs(twin.path)}: each peer must be named once`;
  if (address === source?.address) return 'is our own address, source: peers must be other routers';
  const virtual = addresses.find((other) => other.address === address);
  if (virtual) return 'is a virtual address, vip: must be an address of the other router itself';
  if (addresses.length > 0 && !addresses.some((other) => other.family === family)) {
    return `must be an IPv${addresses[0]!.family} address, as vip has no other`;
  }
  return undefined;
}

/** Each family is a virtual router of its own, which needs somebody to speak to. */
function checkFamilies(
  peers: readonly PeerAddress[],
  path: ConfigPath,
  addresses: readonly TableAddress[],
  list: IssueList,
): void {
  for (const family of [4, 6] as const) {
    if (!addresses.some((address) => address.family === family)) continue;
    if (peers.some((peer) => peer.family === family)) continue;
    list.error(path, `must name an IPv${family} address too: vip has both families`);
  }
}

/** One source cannot serve both the link and what is beyond it. */
function checkReach(peers: readonly PeerAddress[], source: PeerAddress | undefined, list: IssueList): void {
  const six = peers.filter(({ family }) => family === 6);
  const [first] = six;
  if (!first) return;
  const local = isLinkLocal(first.address);
  const other = six.find(({ address }) => isLinkLocal(address) !== local);
  const what = local ? 'link-local' : 'not link-local';
  if (other) {
    list.error(
      other.path,
      `must be ${what} like ${list.whereIs(first.path)}: both need a source of their own`,
    );
  } else if (source?.family === 6 && isLinkLocal(source.address) !== local) {
    list.error(source.path, `must be ${what} like the peers, ${list.whereIs(first.path)}`);
  }
}
