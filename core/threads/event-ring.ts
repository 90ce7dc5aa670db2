/**
 * What happens in the engine, for the log and other observers: a ring of fixed-size records in shared memory.
 * Writing one never blocks and allocates nothing. A reader that is too slow loses the oldest records and is
 * told how many.
 */

/** What a record tells; `a` and `b` are its arguments. */
export const EventType = {
  /**
   * `a`: the state before, `b`: the state after, `c`: a {@link Cause}, or what {@link trackerCause} or {@link groupCause} makes
   * of one; the peer that was heard, as the cause or last of all, if one was.
   */
  Transition: 1,
  /**
   * `a`: index of the drop reason, `b`: how many since the last such record, this one included; peer. For the
   * reason `address-list` what it listed, `c` addresses; for `address-conflict` `c` is the sender's MAC; for `auth-stale`
   * how many ms its clock is ahead of ours.
   */
  Dropped: 2,
  /** `a`: errno, `b`: how many since the last such record. */
  SendError: 3,
  /** `a`: how late in ms the engine woke up; it waits for the Master's next advertisement instead. */
  Stalled: 4,
  /** Obeyed all the same. `b`: how many since the last such record; peer; what it listed, `c` addresses. */
  AddressListMismatch: 5,
  /** `debug = 5` only. `a`: priority; peer. */
  AdvertisementReceived: 6,
  /** `debug = 5` only. `a`: priority. */
  AdvertisementSent: 7,
  /** `a`: 1 if we own the address now, and use priority 255. */
  Ownership: 8,
  /**
   * Another router of the group was heard with the other sort of checksum than before. `a`: its `ChecksumSort`, `b`: how
   * many since the last such record, `c`: the one that we send from now on; peer.
   */
  Checksum: 9,
  /** Packets do not get to one of its `peers`. `a`: errno; peer. */
  PeerUnreachable: 10,
  /** They do again; peer. */
  PeerReachable: 11,
  /** Obeyed all the same. `a`: ms that the clock of the sender is ahead of ours, `b`: how many since the last such record; peer. */
  ClockSkew: 12,
  /** Told once: an advertisement without authentication was obeyed, as none is required yet; peer. */
  Unauthenticated: 13,
  /** Of no virtual router. `a`: index of the tracker, `b`: its `Verdict`. */
  Tracker: 14,
  /** Trackers have changed the priority in use. `a`: before, `b`: after. */
  Priority: 15,
  /** Something holds the router back. `a`: an index of `HOLD_REASONS`, `b`: for how many ms at most. */
  Hold: 16,
  /** It does so no longer, before its time. `a`: an index of `HOLD_REASONS`. */
  HoldOver: 17,
  /** An operator's stand-by. `a`: 1 begins, 0 is over; `b`: when it will be, ms since the epoch, 0: with `resume` alone. */
  Standby: 18,
  /** `a`: 1 in stand-by, and nobody is Master; 0 somebody is again. */
  NobodyIsMaster: 19,
} as const;

/** Why a virtual router changed its state. */
export const CAUSES = [
  'startup',
  'shutdown',
  'the Master_Down_Timer expired',
  'an advertisement of higher priority',
  'an advertisement of equal priority from a higher address',
  'the interface is missing',
  'the interface is down',
  'the interface has no address of its family',
  'the interface cannot be used',
  'the address is no longer owned',
  'the address is owned now',
  'the advertisement cannot be signed',
  'it was told to fail over',
  'another rvrrpd in this network namespace runs it',
  'its addresses could not be put in place',
  'the interface has no link-local address',
  'the link-local address of the interface is tentative: duplicate address detection is not over',
  'another host has the link-local address of the interface: duplicate address detection has failed',
  'an advertisement with all of its addresses is longer than the MTU of the interface',
  'this host does not have the address of source, or cannot use it yet',
  'the interface has no global IPv6 address to reach its peers from',
  'a router of the same group on another interface sends from the same address',
  'a tracker has failed',
  'waiting for a tracker',
  'none of its trackers fails any more',
  'it was told to stand by',
  'nobody has taken over',
  'became Master',
  'yielded',
  'cannot be Master',
  'follows another Master',
  'the delay that held it back is over',
  'it was silent for longer than its lease, and another one is Master',
  'the interface is a port of a bridge, which takes what it receives',
] as const;

/** Indices of {@link CAUSES}. */
export const Cause = {
  Startup: 0,
  Shutdown: 1,
  MasterDown: 2,
  HigherPriority: 3,
  HigherAddress: 4,
  InterfaceMissing: 5,
  InterfaceDown: 6,
  NoAddress: 7,
  InterfaceUnusable: 8,
  OwnershipLost: 9,
  OwnershipGained: 10,
  CannotSign: 11,
  FailOver: 12,
  RunElsewhere: 13,
  NotInPlace: 14,
  NoLinkLocal: 15,
  LinkLocalTentative: 16,
  LinkLocalDuplicate: 17,
  MtuTooSmall: 18,
  SourceMissing: 19,
  NoGlobal: 20,
  SourceShared: 21,
  TrackerFailed: 22,
  TrackerAwaited: 23,
  TrackersUp: 24,
  StandBy: 25,
  NobodyTookOver: 26,
  GroupMaster: 27,
  GroupYielded: 28,
  GroupUnfit: 29,
  GroupFollows: 30,
  HoldOver: 31,
  Replaced: 32,
  InterfacePort: 33,
} as const;

/** Room for causes below the index of a tracker, or of a router. */
const CAUSE_BITS = 8;

/** A cause together with the tracker, by its index, that it is about. */
export function trackerCause(cause: number, tracker: number): number {
  return cause | ((tracker + 1) << CAUSE_BITS);
}

/** The reverse; `tracker` −1: it is about none. */
export function causeParts(code: number): { readonly cause: number; readonly tracker: number } {
  return { cause: code & ((1 << CAUSE_BITS) - 1), tracker: (code >> CAUSE_BITS) - 1 };
}

/**
 * What a record says where another router of the same group (`[[sync]]`) is the cause: what it did, one of the `Group…`
 * causes, and its slot.
 */
export function groupCause(cause: number, slot: number): number {
  return trackerCause(cause, slot);
}

/** The slot of the router of the same group that a record is about; −1: none. */
export function groupSlot(code: number): number {
  const { cause, tracker } = causeParts(code);
  return cause >= Cause.GroupMaster ? tracker : -1;
}

/** One event, as a reader gets it. The object is reused: copy what is to be kept. */
export interface EngineEvent {
  type: number;
  slot: number;
  a: number;
  b: number;
  c: number;
  /** When, in ms since the epoch. */
  time: number;
  /** 4 or 16 octets of the peer's address, or empty. */
  peer: Uint8Array;
  /** The first addresses that the peer listed, as many as there was room for; or empty. */
  listed: Uint8Array;
}

/** So many of the addresses that a peer listed are kept. */
const LISTED = 3;
/** Octets of the peer and what it listed, of either family. */
const ADDRESS_BYTES = 16 * (1 + LISTED);
/**
 * Float64 words of a record: sequence number, type, slot, a, b, c, time, lengths (octets of the peer, and 256 times
 * those of what it listed); then octets, of the peer and behind it of what it listed.
 */
const FIXED_WORDS = 8;
const WORDS = FIXED_WORDS + ADDRESS_BYTES / 8;
const HEADER_BYTES = 8;

/** The ring over its shared memory. One writer, any number of readers. */
export class EventRing {
  private readonly head: Int32Array;
  private readonly words: Float64Array;
  /** The same memory. */
  private readonly octets: Uint8Array;
  readonly capacity: number;

  /** @param buffer memory made by {@link EventRing.allocate} */
  constructor(readonly buffer: SharedArrayBuffer) {
    this.head = new Int32Array(buffer, 0, 1);
    this.words = new Float64Array(buffer, HEADER_BYTES);
    this.octets = new Uint8Array(buffer, HEADER_BYTES);
    this.capacity = this.words.length / WORDS;
  }

  /** Memory for this many records. */
  static allocate(records: number): SharedArrayBuffer {
    return new SharedArrayBuffer(HEADER_BYTES + records * WORDS * 8);
  }

  /**
   * Writes a record over the oldest one.
   * @param peerBytes where the peer's address stands, from `peerAt`, `peerLength` octets (0: none), and from
   *   `listAt` the addresses that it listed, as long as its own: the first three are kept
   */
  write(
    type: number,
    slot: number,
    a: number,
    b: number,
    c: number,
    time: number,
    peerBytes?: Uint8Array,
    peerAt = 0,
    peerLength = 0,
    listAt = 0,
    listLength = 0,
  ): void {
    const number = Atomics.load(this.head, 0);
    const at = (number % this.capacity) * WORDS;
    const { words } = this;
    words[at] = -1; // being written
    words[at + 1] = type;
    words[at + 2] = slot;
    words[at + 3] = a;
    words[at + 4] = b;
    words[at + 5] = c;
    words[at + 6] = time;
    const listed = Math.min(listLength, LISTED * peerLength);
    words[at + 7] = peerBytes ? peerLength + 256 * listed : 0;
    if (peerBytes) {
      const start = (at + FIXED_WORDS) * 8;
      this.put(start, peerBytes, peerAt, peerLength);
      this.put(start + peerLength, peerBytes, listAt, listed);
    }
    words[at] = number;
    Atomics.store(this.head, 0, (number + 1) & 0x3fffffff);
  }

  private put(to: number, bytes: Uint8Array, at: number, length: number): void {
    for (let i = 0; i < length; i++) this.octets[to + i] = bytes[at + i]!;
  }

  /** @param from the next record written, or the first one of the ring, which then must not have gone round */
  reader(from: 'now' | 'start' = 'now'): EventReader {
    const { head, words, octets } = this;
    return new EventReader(this, head, words, octets, from === 'start' ? 0 : Atomics.load(head, 0));
  }
}

/** Reads a ring at its own pace. */
export class EventReader {
  private readonly event: EngineEvent = {
    type: 0,
    slot: 0,
    a: 0,
    b: 0,
    c: 0,
    time: 0,
    peer: new Uint8Array(),
    listed: new Uint8Array(),
  };

  constructor(
    private readonly ring: EventRing,
    private readonly head: Int32Array,
    private readonly words: Float64Array,
    private readonly octets: Uint8Array,
    private next: number,
  ) {}

  /**
   * Calls `each` for what has been written since the last call.
   * @param limit at most so many
   * @returns how many records were lost because this reader was too slow
   */
  read(each: (event: EngineEvent) => void, limit: number): number {
    let lost = 0;
    for (let taken = 0; taken < limit; taken++) {
      const behind = (Atomics.load(this.head, 0) - this.next) & 0x3fffffff;
      if (behind === 0) break;
      if (behind > this.ring.capacity) {
        const skip = behind - this.ring.capacity;
        lost += skip;
        this.next = (this.next + skip) & 0x3fffffff;
      }
      if (this.take()) each(this.event);
      else lost++; // overwritten meanwhile
      this.next = (this.next + 1) & 0x3fffffff;
    }
    return lost;
  }

  /** Whether there is more to read. */
  get pending(): boolean {
    return Atomics.load(this.head, 0) !== this.next;
  }

  private take(): boolean {
    const { words, event } = this;
    const at = (this.next % this.ring.capacity) * WORDS;
    if (words[at] !== this.next) return false;
    event.type = words[at + 1]!;
    event.slot = words[at + 2]!;
    event.a = words[at + 3]!;
    event.b = words[at + 4]!;
    event.c = words[at + 5]!;
    event.time = words[at + 6]!;
    const lengths = words[at + 7]!;
    const start = (at + FIXED_WORDS) * 8;
    const behind = start + (lengths & 0xff);
    event.peer = this.octets.slice(start, behind);
    event.listed = this.octets.slice(behind, behind + (lengths >> 8));
    return words[at] === this.next;
  }
}
