/** One way to start either daemon, for tests that hold for any pair of them. */
import type { Host } from './host.ts';
import { Keepalived } from './keepalived.ts';
import type { Lab } from './lab.ts';
import { Rvrrpd } from './rvrrpd.ts';

/** Which daemon. */
export type Implementation = 'rvrrpd' | 'keepalived';

/** A virtual router, as both daemons can be told it. */
export interface SpeakerOptions {
  readonly vrid: number;
  /** 255 for the address owner; rvrrpd finds out by itself and is not told. */
  readonly priority: number;
  readonly vip: string;
  readonly preempt: boolean;
  /** Simple password; none: no authentication. */
  readonly secret?: string;
}

/** A running daemon. */
export interface Speaker {
  /** Ends it in an orderly way. */
  stop(): Promise<unknown>;
  /** SIGKILL to all its processes. @returns when, in ms since the epoch */
  kill(): Promise<number>;
}

/** Starts a daemon with one virtual router on the interface `lan`. */
export function startSpeaker(
  implementation: Implementation,
  lab: Lab,
  host: Host,
  options: SpeakerOptions,
): Speaker {
  const { vrid, priority, vip, preempt, secret } = options;
  if (implementation === 'keepalived') {
    // Its `nopreempt` holds for an address owner too, against RFC 3768 §6.1: an owner always preempts.
    const nopreempt = !preempt && priority !== 255;
    return Keepalived.start(lab, host, [
      {
        ...{ interface: 'lan', vrid, priority, vips: [vip], nopreempt },
        ...(secret === undefined ? {} : { secret }),
      },
    ]);
  }
  return Rvrrpd.start(lab, host, [
    {
      ...{ group: vrid, interface: 'lan', vip, preemption: preempt },
      ...(priority === 255 ? {} : { priority }),
      ...(secret === undefined ? {} : { auth_type: 'rfc2338-simple', auth_secret: secret }),
    },
  ]);
}
