/** A virtual router for the plugin's tests, with clocks that the test sets. */
import type { AuthRouter, PluginContext, TrailerAuthenticator } from 'rvrrpd/plugin';
import plugin from '../src/index.ts';

/** 00 01 … 1f, key 1 of the vectors. */
export const KEY_1 = 'hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
/** a0 a1 … bf. */
export const KEY_7 = 'hex:a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf';

/** ms since 1970 when the tests begin, whole seconds. */
export const BEGIN = 1_800_000_000_000;

/** Clocks of one host. */
export class Clock {
  /** Monotonic ms. */
  monotonic = 50_000;
  /** What the wall clock is ahead of that. */
  offset = BEGIN - 50_000;

  pass(ms: number): void {
    this.monotonic += ms;
  }

  get wall(): number {
    return this.monotonic + this.offset;
  }
}

/** What a router is to be. */
export interface RouterOptions {
  readonly clock?: Clock;
  readonly memory?: Uint8Array;
  readonly directives?: Readonly<Record<string, unknown>>;
  readonly router?: Partial<Pick<AuthRouter, 'group' | 'family' | 'version' | 'advertisementInterval'>>;
  readonly warn?: (message: string) => void;
  readonly onSave?: () => void;
}

/** One that has the vectors' two keys and signs with the first. */
export function authenticator(options: RouterOptions = {}): TrailerAuthenticator {
  const { clock = new Clock(), memory = new Uint8Array(1024), warn = () => {}, onSave = () => {} } = options;
  const context: PluginContext = {
    name: 'hmac-sha256',
    options: {},
    log: (_level, message) => warn(message),
  };
  return plugin.create(context, {
    ...{ interface: 'eth0', group: 51, family: 4, version: 2, advertisementInterval: 1000 },
    ...options.router,
    secret: new Uint8Array(),
    directives: {
      ...{ keys: { 1: KEY_1, 7: KEY_7 }, active_key: 1, mode: 'enforce', anti_replay: 'time' },
      ...options.directives,
    },
    clock: { wall: () => clock.wall, monotonic: () => clock.monotonic },
    memory: { bytes: memory, save: onSave },
  });
}

/** Octets of hexadecimal digits; blanks are skipped. */
export function octets(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

/** A message in a packet: the address of its sender, then the message, its checksum zero, then room for the trailer. */
export class Packet {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;

  constructor(source: Uint8Array, message: Uint8Array, trailer: Uint8Array = new Uint8Array(28)) {
    this.start = source.length;
    this.end = source.length + message.length;
    this.bytes = Uint8Array.from([...source, ...message, ...trailer]);
    this.bytes.fill(0, this.start + 6, this.start + 8);
  }

  get trailer(): Uint8Array {
    return this.bytes.subarray(this.end);
  }

  signedBy(by: TrailerAuthenticator): this {
    by.sign(this.bytes, this.start, this.end, 0);
    return this;
  }

  verdictOf(by: TrailerAuthenticator): string {
    return by.verify(this.bytes, this.start, this.end, 0);
  }
}

/** VRRPv2, VRID 51, priority 200, 1 s, 192.0.2.100, from 198.51.100.10 or another of that network. */
export function advertisement(host = 10): Packet {
  const message = octets('2133c80100010000c00002640000000000000000');
  return new Packet(Uint8Array.of(198, 51, 100, host), message);
}
