/**
 * What the checksums of a virtual router cover: its own, by `checksum`, and those that were heard. It matters with VRRPv3 over
 * IPv4 alone (RFC 9568 §5.2.8, and as most read RFC 5798).
 */
import type { VirtualRouterConfig } from '../config/model.ts';
import { Int } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { NO_OCTETS } from '../vrrp/address.ts';
import { ChecksumSort } from '../vrrp/advertisement.ts';

/** See the file's comment. */
export class RouterChecksums {
  /** Its `checksum`; undefined: it is not of version 3 over IPv4, and has but one. */
  private readonly configured: VirtualRouterConfig['checksum'] | undefined;
  /** What those of each of its `peers` were heard to cover last. */
  private readonly peers: Uint8Array;

  constructor(
    { version, family, checksum = 'auto', peers }: VirtualRouterConfig,
    private readonly slot: number,
    private readonly table: EngineTable,
  ) {
    this.configured = version === 3 && family === 4 ? checksum : undefined;
    this.peers = peers ? new Uint8Array(peers.length) : NO_OCTETS;
  }

  /** What those of other routers of the group were heard to cover last. */
  private get heard(): ChecksumSort {
    return this.table.ints[this.slot * Int.Count + Int.ChecksumHeard] as ChecksumSort;
  }

  /** What its own have to cover: unless `checksum` says it, as the others' do, and RFC 9568's until one is heard. */
  get sort(): ChecksumSort {
    const { configured } = this;
    if (configured === undefined) return ChecksumSort.Any;
    if (configured === 'auto') return this.heard || ChecksumSort.Message;
    return configured === 'rfc9568' ? ChecksumSort.Message : ChecksumSort.PseudoHeader;
  }

  /** What those of its frames to a destination have to cover: a peer is spoken to as it speaks. */
  sortTo(to: number): ChecksumSort {
    if (this.configured !== 'auto') return this.sort;
    return (this.peers[to] as ChecksumSort) || this.sort;
  }

  /**
   * `checksum = "auto"` sends RFC 9568's: as nobody was heard yet, or as others do that read both. There may be one, not
   * heard, that cannot.
   */
  get isGuess(): boolean {
    return this.configured === 'auto' && this.sort === ChecksumSort.Message;
  }

  /** What those of a peer were heard to cover last; peer −1: of others of the group. */
  heardFrom(peer: number): ChecksumSort {
    return peer < 0 ? this.heard : (this.peers[peer] as ChecksumSort);
  }

  /** A peer, or with −1 another of the group, was heard with this sort. */
  hear(peer: number, sort: ChecksumSort): void {
    if (peer >= 0) this.peers[peer] = sort;
    this.table.setInt(this.slot, Int.ChecksumHeard, sort);
  }

  /** What was heard of a peer by an engine before this one. */
  inherit(peer: number, sort: ChecksumSort): void {
    this.peers[peer] = sort;
  }

  /** Who reads the state table learns what is sent. */
  tell(): void {
    this.table.setInt(this.slot, Int.Checksum, this.sort);
  }
}
