/**
 * The checks of a received advertisement that need a router's configuration (RFC 3768 §7.1). Those of its shape are in
 * vrrp/frame.ts.
 */
import type { Authenticator } from '../plugin/contracts/index.ts';
import { Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { type Advertisement, addressLength, putChecksum, takeChecksum } from '../vrrp/advertisement.ts';
import { Drop } from '../vrrp/drop-reasons.ts';
import { compareAddress } from '../vrrp/frame.ts';
import { droppedField, type Observer } from './observer.ts';
import type { Parts } from './parts.ts';
import type { Reception } from './reception.ts';
import type { EngineRouter } from './router.ts';
import type { TrailerCheck } from './trailer-check.ts';

/** How an advertisement's list of addresses compares with ours. */
export const AddressList = {
  /** It is not our group's: the advertisement is not obeyed. */
  Refused: 0,
  /** It differs, and the advertisement is obeyed all the same. */
  Differs: 1,
  /** It is ours, perhaps with others. */
  Same: 2,
} as const;

/** Whether the authentication of a decoded message holds; leaves the message as it is. */
function verifyMessage(
  authenticator: Authenticator,
  bytes: Uint8Array,
  { start, bodyEnd }: Advertisement,
): boolean {
  const checksum = takeChecksum(bytes, start);
  const holds = authenticator.verify(bytes, start, bodyEnd);
  putChecksum(bytes, start, checksum);
  return holds;
}

/** See the file's comment. What is checked is the packet that is decoded. */
export class Checks {
  private readonly table: EngineTable;
  private readonly observer: Observer;
  private readonly reception: Reception;

  constructor(
    { table, observer, reception }: Parts,
    private readonly trailerCheck: TrailerCheck,
  ) {
    this.table = table;
    this.observer = observer;
    this.reception = reception;
  }

  /** All but the last one. @returns −1, or the reason to drop it */
  check(router: EngineRouter, now: number): number {
    const { bytes, advertisement, frame } = this.reception;
    if (compareAddress(bytes, frame.sourceAt, router.primary) === 0) return Drop['own-source'];
    if (router.addresses.isSubnetEdge(bytes, frame.sourceAt)) return Drop.source;
    // One that is held back from being Master listens like any Backup.
    const isOwner = router.priority === 255 && router.state !== State.Backup;
    if (isOwner && !router.trailer) return Drop['address-owner'];
    // The owner's own address is a virtual one, and only the owner's: it has priority 255 until it says good-bye.
    // Over IPv6 not: FRR puts the virtual link-local address on an interface of its own and speaks from there.
    const { priority } = advertisement;
    const isOthers = frame.family === 4 && priority !== 255 && priority !== 0;
    if (!isOwner && isOthers && router.addresses.has(bytes, frame.sourceAt)) return Drop.source;
    const unproven = router.trailer ? this.trailerCheck.check(router, router.trailer, now) : -1;
    if (unproven >= 0) return unproven;
    if (isOwner) return Drop['address-owner'];
    if (router.version === 3) return -1;
    const { authenticator } = router;
    if (advertisement.authType !== (authenticator?.authType ?? 0)) return Drop['auth-type'];
    if (authenticator && !verifyMessage(authenticator, bytes, advertisement)) return Drop['auth-failed'];
    if (advertisement.interval !== router.advertisementInterval) return Drop.interval;
    return -1;
  }

  /**
   * The last check, of an advertisement that has passed all others: its address list. RFC 3768 §7.1: where it is
   * not ours that is told, and the packet dropped unless it is an address owner's.
   * @returns an {@link AddressList}
   */
  compareAddresses(router: EngineRouter, now: number): number {
    const { bytes, advertisement, frame } = this.reception;
    const { priority, count } = advertisement;
    const size = addressLength(frame.family);
    const listAt = advertisement.bodyEnd - count * size;
    const listed = router.addresses.listedOfOurs(bytes, listAt, count);
    if (listed === router.addresses.advertised.length) return AddressList.Same;
    const { slot } = router;
    const obeyed = priority === 255 || router.addresses.isOfOurGroup(bytes, listAt, count, listed);
    this.table.count(slot, obeyed ? Num.AddressListMismatches : droppedField(Drop['address-list']));
    this.observer.otherAddresses(slot, obeyed, now, bytes, frame.sourceAt, listAt, count, size);
    return obeyed ? AddressList.Differs : AddressList.Refused;
  }
}
