/**
 * The state table: one slot per virtual router in a SharedArrayBuffer. The engine writes it, everybody reads
 * it without a message to the engine. It is also all that a virtual router's dynamic state consists of, so
 * that a new engine can take over from it (docs/architecture.md).
 *
 * A field has one writer: table-views.ts. A reader sees each field whole; two fields read together may be one packet
 * apart.
 */
import { DROP_REASONS } from '../vrrp/drop-reasons.ts';

export { STATE_NAMES, State } from '../vrrp/state.ts';

/** Int32 fields of a slot. Who writes which: table-views.ts. */
export const Int = {
  /** {@link State}. */
  State: 0,
  /** The priority in use: as configured and with {@link Int.Weight}, 255 for the address owner. */
  Priority: 1,
  /**
   * Counts the changes between Master and not Master: odd while Master. What the engine wants of the
   * kernel is its lowest bit; the actuator works towards the latest value and may skip those between.
   */
  Wanted: 2,
  /**
   * The value of `Wanted` that the kernel's state was last brought to. Goes back to an even one if a Master's
   * addresses have gone and cannot be put back.
   */
  Applied: 3,
  /** Whose MAC gratuitous ARP announces: 0 the virtual one, 1 the interface's. */
  Announce: 4,
  /** errno of the last failed attempt to change the kernel, 0 if none failed since. */
  KernelErrno: 5,
  /** Index of the interface that VRRP runs on, 0 while it is missing. */
  InterfaceIndex: 6,
  /** How many gratuitous ARPs of the running series have been sent. */
  AnnounceStep: 7,
  /** Authentication type on the wire (RFC 2338 §5.3.6), 0 for none. */
  AuthType: 8,
  /** 1: told to fail over, it does not preempt until it is Master again. */
  StandingBy: 9,
  /** Where a Master's addresses are: 0 the interface itself, 1 its virtual interface. */
  OnVirtualInterface: 10,
  /** The value of `Wanted` that the kernel refused to be brought to last, 0: none. */
  Refused: 11,
  /** How often in a row the router has given up being Master, because its addresses were not in place. */
  GiveUps: 12,
  /** errno of the refusal that it gave up for last, ETIMEDOUT without an answer; 0 once they are in place. */
  GiveUpErrno: 13,
  /** What checksums of sent advertisements cover, a `ChecksumSort`; 0: no VRRPv3 over IPv4. */
  Checksum: 14,
  /** The same of the last advertisement of another router of the group; 0: none was heard that tells. */
  ChecksumHeard: 15,
  /** Why trackers keep it from running, a `trackerCause`; 0: they do not. */
  Fault: 16,
  /** What trackers add to the priority that is configured. */
  Weight: 17,
  /** Which delay `HoldUntil` is: an index of `HOLD_REASONS`. */
  HoldReason: 18,
  /** What was seen of its link: 0 nothing yet, 1 it is up, 2 it is down or missing. */
  LinkSeen: 19,
  /** 1: it is in stand-by, as an operator asked: it does not claim the role until it is resumed. */
  Held: 20,
  /** 1: in stand-by, and nobody else has been heard for a Master_Down_Interval. */
  Masterless: 21,
  /** How often addresses beside its virtual ones have come into place: they are announced then. */
  FurtherInPlace: 22,
  /** How many of its further addresses, routes and rules a Master does not have in the kernel, at the last attempt. */
  FurtherMissing: 23,
  /** errno that the first of them was refused with, 0: none. */
  FurtherErrno: 24,
  /** Nothing: {@link Int.Count} is even, so that the Float64 fields behind them are aligned. */
  Spare: 25,
  Count: 26,
} as const;

/** Float64 fields of a slot: monotonic times in ms (CLOCK_MONOTONIC), counters. */
export const Num = {
  /** When the running timer expires: Adver_Timer of a Master, Master_Down_Timer of a Backup. 0: none. */
  Deadline: 0,
  /** Advertisement interval in force, in ms: the configured one, or in VRRPv3 a Backup's Master's. */
  MasterAdverInterval: 1,
  /** When the state changed last, in ms since the epoch. */
  Since: 2,
  /** When the next gratuitous ARP is due, monotonic ms; 0: none. */
  AnnounceDeadline: 3,
  BecameMaster: 4,
  LeftMaster: 5,
  AdvertisementsSent: 6,
  AdvertisementsReceived: 7,
  PriorityZeroSent: 8,
  PriorityZeroReceived: 9,
  SendErrors: 10,
  /** Advertisements accepted although their address list is not ours (RFC 3768 §7.1). */
  AddressListMismatches: 11,
  /** In the strangers' slot alone: how often packets or a deadline have woken the engine. */
  WakeUps: 12,
  /** MAC of the interface that VRRP runs on, as a number of 48 bits; 0 while it is missing. */
  HardwareAddress: 13,
  /** A router that has given up stays Down until then, monotonic ms; 0: it has not. */
  RetryAt: 14,
  /** Advertisements accepted without a trailer, where one is checked but not required. */
  Unauthenticated: 15,
  /** Advertisements accepted although the clock of their sender differs from ours by more than it should. */
  ClockSkews: 16,
  /** In the strangers' slot alone: when the daemon's first engine began, monotonic ms. */
  StartedAt: 17,
  /** It does not become Master before, monotonic ms: `start_delay`, `boot_delay` or `link_delay`; 0: none runs. */
  HoldUntil: 18,
  /** `hearing`: nor before then, unless something is heard on the interface; 0: something was, or it is not asked. */
  HearingUntil: 19,
  /** `link_debounce`: when the loss of carrier that there is now is acted upon; 0: there is none. */
  CarrierUntil: 20,
  /** `preempt_delay`: when a Master of lower priority may be preempted; 0: none was heard. */
  PreemptAt: 21,
  /** Until when that Master counts as alive: it moves with each of its advertisements, and {@link StateTable.version} does not. */
  InferiorUntil: 22,
  /** When its stand-by is over, ms since the epoch; 0: with `resume` alone, or it is in none. */
  HeldUntil: 23,
  /** When another router of the group was heard last, monotonic ms; 0: never, or it has said good-bye (priority 0). */
  OtherHeard: 24,
  /** `lease`: when a Master's addresses end unless they are renewed until then, monotonic ms; 0: they have no lease. */
  LeaseUntil: 25,
  /** First of the counters of dropped packets, one for each of {@link DROP_REASONS}. */
  Dropped: 26,
  Count: 26 + DROP_REASONS.length,
} as const;

/** A MAC address (lower case, colons) as a number of 48 bits; an empty one is 0. */
export function macNumber(mac: string): number {
  return Number.parseInt(mac.replaceAll(':', '') || '0', 16);
}

/** The reverse of {@link macNumber}. */
export function macText(mac: number): string {
  return mac === 0 ? '' : mac.toString(16).padStart(12, '0').match(/../g)!.join(':');
}

/** First word of the memory: `RVST`. Its byte order is the writer's, as that of all that follows. */
const MAGIC = 0x52565354;

/**
 * Version of the layout: what fields there are, in what order and what they mean, and this header. A table is also
 * read by another version of rvrrpd, which must be able to tell: any change of {@link Int}, {@link Num} or the drop
 * reasons is a new version. Another process is told fields by their names (table-format.ts): one that comes to mean
 * something else gets another name.
 */
export const TABLE_VERSION = 7;

/** Int32 words in front of the fields. */
const Header = { Magic: 0, Version: 1, Slots: 2, Ints: 3, Nums: 4, Changes: 5, Count: 6 } as const;
const HEADER_BYTES = Header.Count * 4;

/** Octets of a table for so many virtual routers. */
function sizeFor(slots: number): number {
  return HEADER_BYTES + (slots + 1) * (Int.Count * 4 + Num.Count * 8);
}

/** @throws Error unless the memory is a state table of our layout */
function check(buffer: SharedArrayBuffer): void {
  const refuse = (text: string): never => {
    throw new Error(`state table: ${text}`);
  };
  if (buffer.byteLength < HEADER_BYTES)
    refuse(`${buffer.byteLength} octets, where its header alone has ${HEADER_BYTES}`);
  const header = new Int32Array(buffer, 0, Header.Count);
  const magic = header[Header.Magic]! >>> 0;
  if (magic !== MAGIC) refuse(`begins with 0x${magic.toString(16)}, not with 0x${MAGIC.toString(16)} (RVST)`);
  const version = header[Header.Version]!;
  if (version !== TABLE_VERSION)
    refuse(`layout version ${version}, and this rvrrpd knows version ${TABLE_VERSION} alone`);
  const [slots, ints, nums] = [header[Header.Slots]!, header[Header.Ints]!, header[Header.Nums]!];
  if (ints !== Int.Count || nums !== Num.Count)
    refuse(`${ints} + ${nums} fields a slot, where version ${version} has ${Int.Count} + ${Num.Count}`);
  if (slots < 0) refuse(`${slots} slots`);
  if (buffer.byteLength !== sizeFor(slots))
    refuse(`${buffer.byteLength} octets, where ${slots} slots take ${sizeFor(slots)}`);
}

/**
 * The state table over its shared memory. `slots` routers; the last slot belongs to no router. Code of a thread
 * holds it as its view of it (table-views.ts).
 */
export class StateTable {
  readonly buffer: SharedArrayBuffer;
  readonly slots: number;
  readonly ints: Int32Array;
  readonly nums: Float64Array;
  /** See {@link Header}. */
  private readonly header: Int32Array;

  /**
   * @param buffer memory made by {@link StateTable.allocate}
   * @throws Error if it is none, or one of another layout
   */
  constructor(buffer: SharedArrayBuffer) {
    check(buffer);
    this.buffer = buffer;
    this.header = new Int32Array(buffer, 0, Header.Count);
    this.slots = this.header[Header.Slots]!;
    const rows = this.slots + 1;
    this.ints = new Int32Array(buffer, HEADER_BYTES, rows * Int.Count);
    this.nums = new Float64Array(buffer, HEADER_BYTES + rows * Int.Count * 4, rows * Num.Count);
  }

  /** Memory for `slots` virtual routers, all in Initialize. */
  static allocate(slots: number): StateTable {
    const buffer = new SharedArrayBuffer(sizeFor(slots));
    new Int32Array(buffer, 0, Header.Count).set([MAGIC, TABLE_VERSION, slots, Int.Count, Num.Count, 0]);
    return new StateTable(buffer);
  }

  /** The slot that counts what belongs to no router: packets for a VRID that is not configured, wake-ups. */
  get strangers(): number {
    return this.slots;
  }

  /**
   * Changes after every {@link setInt} and {@link setNum} that changes something, and after {@link touch}: what was
   * read since it had the same value is still right. Counters and the deadlines of the steady path do not count.
   */
  get version(): number {
    return Atomics.load(this.header, Header.Changes);
  }

  /** Makes {@link version} another one, after fields were written directly. */
  touch(): void {
    Atomics.add(this.header, Header.Changes, 1);
  }

  int(slot: number, field: number): number {
    return Atomics.load(this.ints, slot * Int.Count + field);
  }

  setInt(slot: number, field: number, value: number): void {
    if (Atomics.exchange(this.ints, slot * Int.Count + field, value) !== value) this.touch();
  }

  num(slot: number, field: number): number {
    return this.nums[slot * Num.Count + field]!;
  }

  setNum(slot: number, field: number, value: number): void {
    const at = slot * Num.Count + field;
    if (this.nums[at] === value) return;
    this.nums[at] = value;
    this.touch();
  }

  /** Adds one to a counter. */
  count(slot: number, field: number): void {
    this.nums[slot * Num.Count + field]!++;
  }
}
