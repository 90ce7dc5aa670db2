/** The addon: HMAC-SHA-256 without allocation (native/hmac.cc). */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** What the addon exports. */
interface Addon {
  /** What `compute` reads, and the 32 octets that it writes. */
  readonly setBuffers: (input: Uint8Array, output: Uint8Array) => void;
  /** Sets up a key of at most 64 octets. @returns its number */
  readonly addKey: (key: Uint8Array) => number;
  readonly compute: (key: number, length: number) => void;
}

/** VRRP's longest message, 255 addresses of IPv6, with what the HMAC covers before and behind it. */
const LONGEST = 20 + 8 + 255 * 16 + 28;

/** One of each in a thread: a thousand routers that have their own find none of them in the processor's cache. */
export const INPUT = new Uint8Array(LONGEST);
export const OUTPUT = new Uint8Array(32);

let loaded: Addon | undefined;
/** The number of each key: most routers of a network have the same. */
const known = new Map<string, number>();

/**
 * Sets up a key, once.
 * @returns its number
 * @throws Error if the addon cannot be loaded, with what to do
 */
export function addKey(key: Uint8Array): number {
  const name = Buffer.from(key).toString('latin1');
  let made = known.get(name);
  if (made === undefined) {
    if (loaded === undefined) {
      loaded = load();
      loaded.setBuffers(INPUT, OUTPUT);
    }
    made = loaded.addKey(key);
    known.set(name, made);
  }
  return made;
}

/**
 * Writes the HMAC of the first `length` octets of {@link INPUT} to {@link OUTPUT}.
 * @param key a number that {@link addKey} has returned
 * @throws RangeError beyond the input's end
 */
export function compute(key: number, length: number): void {
  loaded!.compute(key, length);
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
