/**
 * Between the engine and plugins that sign behind the message: what guard.ts is for the others. An exception in `verify`
 * is a wrong trailer, one in `sign` an advertisement that is not sent.
 */
import type { AuthMemory, TrailerAuthenticator, TrailerVerdict } from '../plugin/contracts/index.ts';
import { PluginError } from '../plugin/load.ts';
import { directiveOf, messageOf } from '../shared/errors.ts';
import type { AuthMemories } from '../threads/auth-memory.ts';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';
import type { CallOf, PluginGuard } from './guard.ts';

/** Octets that a trailer may have: an IP packet with it and VRRP's longest message fits into a slot of the engine. */
const LONGEST = 256;

/** An authenticator that signs behind the message, and whose it is. */
export interface GuardedTrailer extends Omit<TrailerAuthenticator, 'adopt' | 'verify'> {
  /** Package name of its plugin. */
  readonly plugin: string;
  /** Never throws. */
  readonly verify: (packet: Uint8Array, start: number, end: number, source: number) => TrailerVerdict;
  /** @throws PluginError if it cannot */
  readonly adopt: (from: 'reload' | 'restart') => void;
}

/** The verdicts that there are. */
const VERDICTS: ReadonlySet<unknown> = new Set<TrailerVerdict>([
  ...(['genuine', 'skewed', 'malformed', 'stale', 'unknown-key', 'invalid', 'replayed'] as const),
]);

/**
 * Makes a virtual router's authenticator.
 * @param of whose it is; `locate` says where a directive of `[vrouter.auth]` stands
 * @throws PluginError if the plugin cannot make it, or makes something else
 */
export function guardTrailer(
  guard: Pick<PluginGuard, 'make' | 'complain'>,
  plugin: Pick<ResolvedPlugin, 'package' | 'version' | 'kind'>,
  of: CallOf & { readonly locate: (directive: string) => string },
  create: () => TrailerAuthenticator,
): GuardedTrailer {
  const inner = guard.make(() => {
    try {
      return create();
    } catch (error) {
      const directive = directiveOf(error);
      if (directive === undefined) throw error;
      throw new Error(`${of.locate(directive)}: ${messageOf(error)}`, { cause: error });
    }
  });
  const refuse = (what: string): never => {
    throw new PluginError(plugin, `${what}: tell its author`);
  };
  const { length, sends, requires } = inner;
  if (!Number.isInteger(length) || length < 2 || length > LONGEST || length % 2 !== 0)
    refuse(`the length of a trailer must be an even number, 2 to ${LONGEST}, not ${String(length)}`);
  if (typeof sends !== 'boolean' || typeof requires !== 'boolean')
    refuse('its authenticator must say true or false for "sends" and "requires"');
  for (const call of ['sign', 'verify'] as const) {
    if (typeof inner[call] !== 'function') refuse(`its authenticator must have a function "${call}"`);
  }
  return new Guarded(inner, guard, plugin, of);
}

/** A class, and no object with a getter of its own: thousands of those have a shape each, which makes every access slow. */
class Guarded implements GuardedTrailer {
  readonly plugin: string;
  readonly length: number;
  readonly sends: boolean;
  readonly requires: boolean;

  constructor(
    private readonly inner: TrailerAuthenticator,
    private readonly guard: Pick<PluginGuard, 'complain'>,
    private readonly whose: Pick<ResolvedPlugin, 'package' | 'version' | 'kind'>,
    private readonly of: CallOf,
  ) {
    this.plugin = whose.package;
    this.length = inner.length;
    this.sends = inner.sends;
    this.requires = inner.requires;
  }

  get skew(): number {
    return this.inner.skew;
  }

  sign(packet: Uint8Array, start: number, end: number, source: number): void {
    try {
      this.inner.sign(packet, start, end, source);
    } catch (error) {
      throw this.guard.complain(this.of, 'sign', 'the advertisement is not sent', error);
    }
  }

  verify(packet: Uint8Array, start: number, end: number, source: number): TrailerVerdict {
    try {
      const verdict = this.inner.verify(packet, start, end, source);
      if (verdict === 'genuine') return verdict;
      // Nothing else that might count as genuine.
      return VERDICTS.has(verdict) ? verdict : 'invalid';
    } catch (error) {
      this.guard.complain(this.of, 'verify', 'the advertisement is dropped as auth-failed', error);
      return 'invalid';
    }
  }

  adopt(from: 'reload' | 'restart'): void {
    try {
      this.inner.adopt?.(from);
    } catch (error) {
      throw new PluginError(this.whose, `adopt failed: ${messageOf(error).split('\n', 1)[0]}`, error);
    }
  }
}

/**
 * The memory of one virtual router.
 * @param tell has the main thread look
 */
export function memoryOf(memories: AuthMemories, slot: number, tell: () => void): AuthMemory {
  return {
    bytes: memories.place(slot),
    save: () => {
      memories.save(slot);
      tell();
    },
  };
}
