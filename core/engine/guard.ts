/**
 * Between the engine and its plugins: whatever a plugin does, no advertisement is lost. An exception in `verify`
 * is a packet that could not be verified, one in `sign` leaves the frames as they were.
 */

import type { Authenticator, SocketFilter } from '../plugin/contracts/index.ts';
import { PluginError } from '../plugin/load.ts';
import { messageOf } from '../shared/errors.ts';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';

/** The same call of the same plugin is complained about once in this many ms, with how often it failed. */
const COMPLAINT_INTERVAL = 10_000;

/** Tells an error that the operator must know of. */
export type ErrorLog = (message: string, fields: Readonly<Record<string, unknown>>) => void;

/** Whose plugin call it is, for the log. */
export interface CallOf {
  readonly interface: string;
  readonly vrid: number;
}

/** A socket filter, and whose it is. */
export interface GuardedFilter extends SocketFilter {
  /** `rvrrpd-plugin-x 1.0.0`. */
  readonly plugin: string;
}

/** An authenticator, and whose it is. */
export interface GuardedAuthenticator extends Authenticator {
  /** Package name of its plugin. */
  readonly plugin: string;
}

/** Guards one plugin, for all virtual routers that use it. */
export class PluginGuard {
  /** By call: when it was complained about last, and how often it failed since. */
  private readonly complaints = new Map<string, { told: number; untold: number }>();

  /** @param now monotonic clock in ms */
  constructor(
    private readonly plugin: Pick<ResolvedPlugin, 'package' | 'version' | 'kind'>,
    private readonly log: ErrorLog,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Makes a virtual router's authenticator. Its `verify` never throws, the other calls throw {@link PluginError}.
   * @throws PluginError if the plugin cannot make it, or makes something else
   */
  authenticator(of: CallOf, create: () => Authenticator): GuardedAuthenticator {
    const inner = this.make(create);
    const { authType } = inner;
    if (!Number.isInteger(authType) || authType < 1 || authType > 255) {
      throw new PluginError(
        this.plugin,
        `authType must be 1 to 255, not ${String(authType)}: tell its author`,
      );
    }
    for (const call of ['sign', 'verify'] as const) {
      if (typeof inner[call] === 'function') continue;
      throw new PluginError(this.plugin, `its authenticator must have a function "${call}": tell its author`);
    }
    const failed = (call: string, consequence: string, error: unknown) =>
      this.complain(of, call, consequence, error);
    const handOver = <T>(call: string, act: () => T): T => {
      try {
        return act();
      } catch (error) {
        throw new PluginError(this.plugin, `${call} failed: ${reasonOf(error)}`, error);
      }
    };
    return {
      plugin: this.plugin.package,
      authType,
      exportState: () => handOver('exportState', () => inner.exportState?.()),
      importState: (state) => handOver('importState', () => inner.importState?.(state)),
      sign(packet, start, end) {
        try {
          inner.sign(packet, start, end);
        } catch (error) {
          throw failed('sign', 'the advertisement cannot be built', error);
        }
      },
      verify(packet, start, end) {
        try {
          // Nothing else that might count as true: a promise would let everybody in.
          return inner.verify(packet, start, end) === true;
        } catch (error) {
          failed('verify', 'the advertisement is dropped as auth-failed', error);
          return false;
        }
      },
    };
  }

  /** Makes a socket filter. @throws PluginError if the plugin cannot */
  filter(create: () => SocketFilter): GuardedFilter {
    const inner = this.make(create);
    return {
      plugin: `${this.plugin.package} ${this.plugin.version}`,
      program: (wanted) => inner.program(wanted),
    };
  }

  /** What a plugin's `create` makes. @throws PluginError if it fails, or makes no object */
  make<T>(create: () => T): T {
    let made: T;
    try {
      made = create();
    } catch (error) {
      throw new PluginError(this.plugin, `create failed: ${reasonOf(error)}`, error);
    }
    if (typeof made === 'object' && made !== null) return made;
    throw new PluginError(this.plugin, `create must return an object: tell its author`);
  }

  /** Tells of a call that failed, at a bounded rate. @returns what may be thrown */
  complain({ interface: on, vrid }: CallOf, call: string, consequence: string, error: unknown): PluginError {
    const failure = new PluginError(this.plugin, `${call} failed: ${reasonOf(error)}`, error);
    const complaint = this.complaints.get(call) ?? { told: -COMPLAINT_INTERVAL, untold: 0 };
    this.complaints.set(call, complaint);
    complaint.untold++;
    const now = this.now();
    if (now - complaint.told >= COMPLAINT_INTERVAL) {
      const count = complaint.untold;
      const often = count > 1 ? ` (${count} times since the last such line)` : '';
      const { package: name, version } = this.plugin;
      this.log(`${on} group ${vrid}: ${failure.message}: ${consequence}${often}`, {
        ...{ interface: on, group: vrid, plugin: name, version, count },
      });
      complaint.told = now;
      complaint.untold = 0;
    }
    return failure;
  }
}

/** One line. */
function reasonOf(error: unknown): string {
  return messageOf(error).split('\n', 1)[0]!;
}
