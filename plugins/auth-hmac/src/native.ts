/** The addon: HMAC-SHA-256 without allocation (native/hmac.cc). */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** One key, set up, over the buffers of all. */
export interface Hmac {
  /** Writes the HMAC of the first `length` octets of {@link INPUT} to {@link OUTPUT}. @throws RangeError beyond the input's end */
  compute(length: number): void;
}

/** What the addon exports. */
interface Addon {
  /** A key of at most 64 octets; `output` takes 32. */
  readonly Hmac: new (
    key: Uint8Array,
    input: Uint8Array,
    output: Uint8Array,
  ) => Hmac;
}

/** VRRP's longest message, 255 addresses of IPv6, with what the HMAC covers before and behind it. */
const LONGEST = 20 + 8 + 255 * 16 + 28;

/** One of each in a thread: a thousand routers that have their own find none of them in the processor's cache. */
export const INPUT = new Uint8Array(LONGEST);
export const OUTPUT = new Uint8Array(32);

let loaded: Addon | undefined;
/** By key: most routers of a network have the same. */
const known = new Map<string, Hmac>();

/** Sets up a key, once. @throws Error if the addon cannot be loaded, with what to do */
export function createHmac(key: Uint8Array): Hmac {
  const name = Buffer.from(key).toString('latin1');
  let made = known.get(name);
  if (made === undefined) {
    loaded ??= load();
    made = new loaded.Hmac(key, INPUT, OUTPUT);
    known.set(name, made);
  }
  return made;
}

function load(): Addon {
  const folder = fileURLToPath(new URL('..', import.meta.url)); // of the package, from src/ and from dist/
  try {
    return (createRequire(import.meta.url)('node-gyp-build') as (folder: string) => Addon)(folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Error(`its native part cannot be loaded (${reason}): build it with "npm run build:native"`, {
      cause: error,
    });
  }
}
