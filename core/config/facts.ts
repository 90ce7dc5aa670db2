/** What is understood of the tables of a configuration, right or not as a whole. */
import type { AddressFamily } from '../plugin/contracts/index.ts';
import type { ConfigPath } from './issues.ts';
import type { ExtraResource, FurtherAddress } from './model.ts';
import type { TableAddress } from './table-addresses.ts';
import type { PeerAddress } from './table-peers.ts';

/** A `[[vrouter.address]]`, and where it stands. */
export interface FurtherFact {
  readonly held: FurtherAddress;
  readonly path: ConfigPath;
}

/** A `[[vrouter]]`, as far as it could be understood. */
export interface RouterFacts {
  readonly path: ConfigPath;
  readonly group?: number;
  readonly interface?: string;
  readonly vifname?: string;
  /** Absent if it is wrong. */
  readonly version?: 2 | 3;
  /** Those that are right. */
  readonly addresses: readonly TableAddress[];
  /** A virtual router for each: those of the addresses, IPv4 first; IPv4 if there is no address. */
  readonly families: readonly AddressFamily[];
  /** Those that are right; empty: multicast. */
  readonly peers: readonly PeerAddress[];
  /** Routes and rules that are right. */
  readonly extras: readonly ExtraResource[];
  /** Further addresses that are right. */
  readonly further: readonly FurtherFact[];
  /** `source`, if it is right. */
  readonly source?: PeerAddress;
}
