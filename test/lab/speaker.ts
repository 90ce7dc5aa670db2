/** One way to start any daemon, for tests that hold for any pair of them. */
import { familyOf } from './addresses.ts';
import { Frr } from './frr.ts';
import type { Host } from './host.ts';
import { Keepalived } from './keepalived.ts';
import type { Lab } from './lab.ts';
import { Rvrrpd } from './rvrrpd.ts';

/** The daemons that do everything that the other one does: what is compared in benchmarks. */
export type Implementation = 'rvrrpd' | 'keepalived';

/** Which daemon. */
export type AnyImplementation = Implementation | 'frr';

/** A virtual router, as all daemons can be told it. */
export interface SpeakerOptions {
  readonly vrid: number;
  /** 255 for the address owner; rvrrpd finds out by itself and is not told. */
  readonly priority: number;
  /** All of them, in the order of the wire: the first one of IPv6 is link-local. */
  readonly vips: readonly string[];
  readonly preempt: boolean;
  /** Default 2. FRR has version 3 alone here. */
  readonly version?: 2 | 3;
  /** Seconds; hundredths for version 3. Default 1. */
  readonly interval?: number;
  /** Simple password; none: no authentication. FRR has none. */
  readonly secret?: string;
  /** rvrrpd's `checksum`. Default: its own. */
  readonly checksum?: 'auto' | 'rfc9568' | 'pseudo-header';
  /** Whom it speaks to without multicast. FRR cannot. */
  readonly peers?: readonly string[];
  /** The address that it speaks to them from. */
  readonly source?: string;
  /** rvrrpd's `min_ttl`. Default: its own. */
  readonly minTtl?: number;
}

/** A running daemon. */
export interface Speaker {
  /** Ends it in an orderly way. */
  stop(): Promise<unknown>;
  /** SIGKILL to all its processes. @returns when, in ms since the epoch */
  kill(): Promise<number>;
}

/**
 * Starts a daemon with one virtual router on the interface `lan`. rvrrpd runs when this resolves: on a busy machine
 * Node.js takes longer to start than a Backup has time to take over in.
 */
export async function startSpeaker(
  implementation: AnyImplementation,
  lab: Lab,
  host: Host,
  options: SpeakerOptions,
): Promise<Speaker> {
  const { vrid, priority, vips, preempt, secret, version, interval, peers, source, minTtl } = options;
  const unicast = { ...(peers === undefined ? {} : { peers }), ...(source === undefined ? {} : { source }) };
  const timed = { interface: 'lan', vrid, priority, vips, ...(interval === undefined ? {} : { interval }) };
  if (implementation === 'frr') return Frr.start(lab, host, [{ ...timed, preempt, version: version ?? 3 }]);
  if (implementation === 'keepalived') {
    // Its `nopreempt` holds for an address owner too, against RFC 3768 §6.1: an owner always preempts.
    const nopreempt = !preempt && priority !== 255;
    return Keepalived.start(lab, host, [
      {
        ...{ ...timed, ...unicast, nopreempt },
        ...(version === undefined ? {} : { version }),
        ...(secret === undefined ? {} : { secret }),
      },
    ]);
  }
  const daemon = Rvrrpd.start(lab, host, [
    {
      ...{ group: vrid, interface: 'lan', vip: vips.length === 1 ? vips[0]! : vips, preemption: preempt },
      ...(version === undefined || version === 2 ? {} : { version }),
      ...(interval === undefined ? {} : { timers: { advert: interval } }),
      ...(priority === 255 ? {} : { priority }),
      ...(secret === undefined ? {} : { auth_type: 'rfc2338-simple', auth_secret: secret }),
      ...unicast,
      ...(minTtl === undefined ? {} : { min_ttl: minTtl }),
      ...(options.checksum === undefined ? {} : { checksum: options.checksum }),
    },
  ]);
  await daemon.ready(60_000);
  return daemon;
}

/**
 * Whose address a daemon's advertisements come from.
 * @param own the interface's primary address, link-local in IPv6
 */
export function sourceOf(implementation: AnyImplementation, own: string, vips: readonly string[]): string {
  // FRR speaks over IPv6 from the macvlan interface, and has its virtual address for that one's own.
  return implementation === 'frr' && familyOf(own) === 6 ? vips[0]! : own;
}
