/**
 * One virtual router's HMAC trailer (draft-cassen-vrrp-auth-hmac, as keepalived 2.4.2 and newer send it), 28 octets:
 *
 * ```
 * 0 scheme: 1   1 key number   2 zero (2)   4 sequence (8)   12 HMAC-SHA-256, the first 16 octets
 * ```
 *
 * The HMAC is over a pseudo-header of 20 octets (family, version, VRID, 0, source address padded to 16), the message with
 * its checksum zero, the trailer's first 12 octets and 16 zeros. Nothing here allocates once it is made.
 */
import type { AuthClock, AuthRouter, TrailerAuthenticator, TrailerVerdict } from 'rvrrpd/plugin';
import { Memory } from './memory.ts';
import { addKey, compute, INPUT, OUTPUT } from './native.ts';
import { fractionOf, isAfter, secondsBetween, secondsOf, timeOf } from './sequence.ts';

/** Octets of the trailer. */
export const LENGTH = 28;
const SCHEME = 1;
const SEQUENCE_AT = 4;
const HMAC_AT = 12;
const HMAC_LENGTH = 16;
const PSEUDO_HEADER = 20;
/** VRRP's longest message. */
const LONGEST_MESSAGE = INPUT.length - PSEUDO_HEADER - LENGTH;
/** Advertisements after which V8 has compiled it; some ms, once in a thread. */
const WARM_UP = 4000;

/** What a router is to do, checked. */
export interface Settings {
  readonly keys: ReadonlyMap<number, Uint8Array>;
  /** Undefined: it sends no trailer. */
  readonly activeKey: number | undefined;
  readonly requires: boolean;
  /** Whether clocks count (`anti_replay = "time"`). */
  readonly timed: boolean;
  /** Seconds. */
  readonly window: number;
}

/** See the file's comment. */
export class HmacTrailer implements TrailerAuthenticator {
  readonly length = LENGTH;
  readonly sends: boolean;
  readonly requires: boolean;
  skew = 0;
  /** Keys of the addon, by number. */
  private readonly keys: ReadonlyMap<number, number>;
  private readonly activeAdded: number | undefined;
  private readonly memory: Memory;
  private readonly addressLength: number;
  /** Of `router`, whose objects are the core's: of what shape they are is not ours to say. */
  private readonly family: number;
  private readonly version: number;
  private readonly group: number;
  private readonly clock: AuthClock;
  private readonly activeKey: number;
  private readonly timed: boolean;
  private readonly window: number;

  constructor(
    private readonly router: AuthRouter,
    { keys, activeKey, requires, timed, window }: Settings,
  ) {
    this.sends = activeKey !== undefined;
    this.activeKey = activeKey ?? 0;
    this.requires = requires;
    this.timed = timed;
    this.window = window;
    this.addressLength = router.family === 4 ? 4 : 16;
    this.family = router.family;
    this.version = router.version;
    this.group = router.group;
    this.clock = router.clock;
    this.memory = new Memory(router.memory.bytes);
    this.keys = new Map([...keys].map(([number, key]) => [number, addKey(key)]));
    this.activeAdded = this.keys.get(this.activeKey);
  }

  sign(packet: Uint8Array, start: number, end: number, source: number): void {
    const { sent } = this.memory;
    const now = this.clock.wall();
    let hi = secondsOf(now);
    let lo = fractionOf(now);
    if (sent.isUsed && !isAfter(hi, lo, sent.hi, sent.lo)) {
      // The clock stands still, or was set back: one more than the last, unless that was far in what is the future now.
      if (!this.timed || secondsBetween(sent.hi, hi) <= this.window) {
        lo = (sent.lo + 1) >>> 0;
        hi = lo === 0 ? (sent.hi + 1) >>> 0 : sent.hi;
      }
    }
    packet[end] = SCHEME;
    packet[end + 1] = this.activeKey;
    packet[end + 2] = 0;
    packet[end + 3] = 0;
    putWord(packet, end + SEQUENCE_AT, hi);
    putWord(packet, end + SEQUENCE_AT + 4, lo);
    // Before anything goes out: should we end here, the number is lost, and never used twice.
    if (sent.move(hi, lo, this.window, this.clock.monotonic())) this.router.memory.save();
    this.compute(this.activeAdded!, packet, start, end, source);
    for (let i = 0; i < HMAC_LENGTH; i++) packet[end + HMAC_AT + i] = OUTPUT[i]!;
  }

  verify(packet: Uint8Array, start: number, end: number, source: number): TrailerVerdict {
    if (end + LENGTH > packet.length || end - start > LONGEST_MESSAGE) return 'malformed';
    if (packet[end] !== SCHEME || packet[end + 2] !== 0 || packet[end + 3] !== 0) return 'malformed';
    const hi = word(packet, end + SEQUENCE_AT);
    const lo = word(packet, end + SEQUENCE_AT + 4);
    const now = this.clock.wall();
    const seconds = secondsOf(now);
    if (this.timed) {
      const ahead = secondsBetween(hi, seconds);
      if (ahead > this.window || ahead < -this.window) {
        this.skew = ahead * 1000;
        return 'stale';
      }
    }
    const number = packet[end + 1]!;
    // The usual one without the map, which would have to come from memory.
    const key = number === this.activeKey ? this.activeAdded : this.keys.get(number);
    if (key === undefined) return 'unknown-key';
    this.compute(key, packet, start, end, source);
    let difference = 0;
    for (let i = 0; i < HMAC_LENGTH; i++) difference |= packet[end + HMAC_AT + i]! ^ OUTPUT[i]!;
    if (difference !== 0) return 'invalid';
    return this.judge(packet, source, hi, lo, now, seconds);
  }

  adopt(from: 'reload' | 'restart'): void {
    this.memory.settle();
    if (from === 'restart') this.memory.catchUp(this.clock.monotonic());
  }

  /** Of a genuine one: whether it was there before; if not, it is remembered. */
  private judge(
    packet: Uint8Array,
    source: number,
    hi: number,
    lo: number,
    now: number,
    seconds: number,
  ): TrailerVerdict {
    const { addressLength, window, timed, memory } = this;
    let trail = memory.find(packet, source, addressLength);
    if (trail) {
      // Both clocks had been set forward and were set back: what counts is what came before that, if it is known.
      let isForgotten = false;
      while (timed && !isForgotten && secondsBetween(trail.hi, seconds) > window)
        isForgotten = !trail.leapBack();
      if (!isForgotten && !isAfter(hi, lo, trail.hi, trail.lo)) return 'replayed';
      if (timed && trail.leapsInto(hi, window)) return 'replayed';
    } else trail = memory.add(packet, source, addressLength);
    if (trail.move(hi, lo, window, this.clock.monotonic())) this.router.memory.save();
    const skew = timeOf(hi, lo) - now;
    this.skew = skew;
    return timed && Math.abs(skew) * 2 > window * 1000 ? 'skewed' : 'genuine';
  }

  /** The HMAC of a message and the first octets of its trailer, to `OUTPUT`. */
  private compute(key: number, packet: Uint8Array, start: number, end: number, source: number): void {
    const { addressLength, family, version, group } = this;
    INPUT[0] = family;
    INPUT[1] = version;
    INPUT[2] = group;
    for (let i = 0; i < 16; i++) INPUT[4 + i] = i < addressLength ? packet[source + i]! : 0;
    let at = PSEUDO_HEADER;
    for (let i = start; i < end + HMAC_AT; i++) INPUT[at++] = packet[i]!;
    for (let i = 0; i < HMAC_LENGTH; i++) INPUT[at++] = 0;
    compute(key, at);
  }
}

let isWarm = false;

/**
 * The first advertisements of all shall not be code that has never run: once in a thread, on routers that exist nowhere.
 * @param clock the one of all routers: with another, calls of it would be slower for good
 */
export function warmUp(clock: AuthClock): void {
  if (isWarm) return;
  isWarm = true;
  const make = (): HmacTrailer =>
    new HmacTrailer(
      {
        ...{ interface: '', group: 1, family: 4, version: 3, advertisementInterval: 1000, directives: {} },
        ...{ secret: new Uint8Array(), clock },
        memory: { bytes: new Uint8Array(1024), save: () => {} },
      },
      { keys: new Map([[1, new Uint8Array(32)]]), activeKey: 1, requires: true, timed: true, window: 5 },
    );
  const [sender, receiver] = [make(), make()];
  const packet = new Uint8Array(4 + 16 + LENGTH);
  for (let i = 0; i < WARM_UP; i++) {
    sender.sign(packet, 4, 20, 0);
    receiver.verify(packet, 4, 20, 0);
  }
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function putWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = (value >>> 16) & 0xff;
  bytes[at + 2] = (value >>> 8) & 0xff;
  bytes[at + 3] = value & 0xff;
}
