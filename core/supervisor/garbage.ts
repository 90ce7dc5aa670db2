/** Gives back what a reload leaves behind in the main thread's heap. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** V8's collector, which a program may only ask for by a flag (node --help, `--expose-gc`). */
let collect: (() => void) | undefined;

/**
 * ms until it is collected once more. V8 gives memory of its young generation back only if hardly anything was
 * allocated in the 5 s before.
 */
export const AGAIN = 10_000;

let again: NodeJS.Timeout | undefined;

/**
 * Collects garbage in the calling thread, which stands still meanwhile: some ten ms. It does so again when all is
 * quiet.
 *
 * A start or a reload parses the whole configuration and describes every virtual router to two new workers. After
 * that the main thread does next to nothing, so that V8 has no reason to clean up before the next reload, and a
 * daemon with thousands of virtual routers would hold several hundred MB for nothing.
 */
export function collectGarbage(): void {
  collectNow();
  clearTimeout(again);
  again = setTimeout(collectNow, AGAIN);
  again.unref();
}

function collectNow(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc'); // workers started later need not have it
  }
  collect();
}
