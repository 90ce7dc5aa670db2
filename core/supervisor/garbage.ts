/** Gives back what a reload leaves behind in the main thread's heap. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** V8's collector, which a program may only ask for by a flag (node --help, `--expose-gc`). */
let collect: (() => void) | undefined;

/**
 * ms until it is collected once more. V8 gives memory of its young generation back only if hardly anything was
 * allocated in the 5 s before.
 */
export const AGAIN = 10_000;
/** Octets of the young generation that are few enough: V8 begins with about as many. */
export const SMALL = 2 << 20;
/** Whoever is never quiet is left in peace after so many times. */
export const TIMES = 6;

let again: NodeJS.Timeout | undefined;

/** Octets that V8 holds for the young generation of this thread, used or not. */
function youngGeneration(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}

/**
 * Collects garbage in the calling thread, which stands still meanwhile: some ten ms. It does so again when all is
 * quiet.
 *
 * A start or a reload parses the whole configuration and describes every virtual router to two new workers. After
 * that the main thread does next to nothing, so that V8 has no reason to clean up before the next reload, and a
 * daemon with thousands of virtual routers would hold several hundred MB for nothing.
 * @param young octets of the young generation
 */
export function collectGarbage(young = youngGeneration): void {
  collectNow();
  later(young, TIMES);
}

function later(young: () => number, times: number): void {
  clearTimeout(again);
  again = setTimeout(() => {
    collectNow();
    if (times > 1 && young() > SMALL) later(young, times - 1);
  }, AGAIN);
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
