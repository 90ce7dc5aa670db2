/** Kind `auth` with `"placement": "trailer"` (since 1.1): signs what stands behind the message. */
import type { AddressFamily } from '../../vrrp/family.ts';
import type { PluginContext } from './context.ts';

/**
 * Kind `auth`, placement *trailer*: adds octets of its own behind the whole VRRP message, of any version and family, and
 * signs each advertisement anew. Its manifest says `"placement": "trailer"`. Runs in the engine: it must never block.
 */
export interface TrailerAuthPlugin {
  readonly kind: 'auth';
  readonly placement: 'trailer';
  /**
   * Prepares one virtual router's authentication: keys are read and set up here, where it may take its time.
   * @throws Error if it cannot: the daemon does not start, or its reload is called off. A property `directive` of the error,
   *   such as `"active_key"` or `"keys.1"`, has the core name the line of that directive of `[vrouter.auth]`
   */
  create(context: PluginContext, router: AuthRouter): TrailerAuthenticator;
}

/** The virtual router that an authenticator is for. */
export interface AuthRouter {
  readonly interface: string;
  /** Virtual router identifier. */
  readonly group: number;
  readonly family: AddressFamily;
  readonly version: 2 | 3;
  /** Advertisement_Interval as configured, in ms. */
  readonly advertisementInterval: number;
  /** `auth_secret` as UTF-8; empty if the configuration has none. */
  readonly secret: Uint8Array;
  /** `[vrouter.auth]`, validated against the manifest's `configSchema`, its defaults filled in. */
  readonly directives: Readonly<Record<string, unknown>>;
  readonly clock: AuthClock;
  readonly memory: AuthMemory;
}

/** The time. Neither call allocates. */
export interface AuthClock {
  /** UTC in ms since 1970; jumps when somebody sets the clock. */
  wall(): number;
  /** ms that never go back, the same for all threads and processes until the next boot (CLOCK_MONOTONIC). */
  monotonic(): number;
}

/**
 * What an authenticator must not forget, such as the last sequence that it has sent: the next one, after a reload or a
 * crash of the engine, finds it here. It is the virtual router's, and its plugin's: another plugin does not see it.
 */
export interface AuthMemory {
  /** 1024 octets, zero at first; `byteOffset` is a multiple of 8. What is in them is the plugin's affair. */
  readonly bytes: Uint8Array;
  /**
   * Has them outlive the daemon too: a copy is in a file soon, below a second as a rule. Costs nothing here, but should be
   * rare: whoever calls it for each packet keeps the main thread writing.
   */
  save(): void;
}

/**
 * What {@link TrailerAuthenticator.verify} finds. `genuine`; `skewed`: genuine, but the sender's clock and ours differ
 * enough to be told, see {@link TrailerAuthenticator.skew}. All others are dropped, counted by reason and told at a bounded
 * rate: `malformed` in form; `stale`, made too long ago or in the future; of an `unknown-key`; `invalid`, forged or
 * damaged; `replayed`.
 */
export type TrailerVerdict =
  | 'genuine'
  | 'skewed'
  | 'malformed'
  | 'stale'
  | 'unknown-key'
  | 'invalid'
  | 'replayed';

/**
 * One virtual router's authentication. The *message* is the VRRP message `packet[start, end)`, from the version octet up
 * to and including the authentication data of VRRPv2, its checksum field zero; the trailer is `packet[end, end + length)`.
 * The sender's address, 4 or 16 octets, stands at `packet[source]`. VRRPv2 messages have authentication type 0.
 */
export interface TrailerAuthenticator {
  /** Octets of the trailer, 2 to 256, an even number. The only thing that tells whether an advertisement has one. */
  readonly length: number;
  /** Whether what this router sends has one. */
  readonly sends: boolean;
  /** Whether an advertisement without is dropped. */
  readonly requires: boolean;
  /** ms that the clock of the sender looked at last is ahead of ours, for `skewed` and `stale`. */
  readonly skew: number;
  /**
   * Writes the trailer. Called for each advertisement, and when one is built to try whether it works.
   * @throws Error if it cannot: this advertisement is not sent
   */
  sign(packet: Uint8Array, start: number, end: number, source: number): void;
  /**
   * Whether the trailer is right. Called for each advertisement that has one and has passed all checks that cost less.
   * What costs least should be looked at first: anybody may send any number of wrong ones. It should not allocate, and
   * must not change the packet. Only a genuine one may change the memory. An exception counts as `invalid`, and is logged.
   */
  verify(packet: Uint8Array, start: number, end: number, source: number): TrailerVerdict;
  /**
   * The memory has been filled with what an authenticator before this one, of the same plugin, of any version, left in it.
   * Absent: it is used as it is.
   * @param from `reload`: as it left it, to the last packet; called twice, first for trial while the other one still
   *   runs, then when that has let go. `restart`: the copy is older, or others have run the router meanwhile, and are gone:
   *   the daemon has ended, or died during an upgrade, or such an upgrade was given up (then this one has run before, and
   *   the memory is its own)
   * @throws Error if it cannot: the reload is called off, if it is not too late for that
   */
  adopt?(from: 'reload' | 'restart'): void;
}
