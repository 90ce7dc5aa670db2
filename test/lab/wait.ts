/** Waiting for things that other processes do, always with a deadline. */
import { isDeepStrictEqual } from 'node:util';

/** Resolves after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** ms that are waited at least: a machine that is ten times as busy must not fail a test, and one that passes does not wait. */
const LEAST_DEADLINE = 30_000;
/** What has not come after so many ms is looked for less often, at most every so many ms: most looks start a process. */
const SOON = 2000;
const SELDOM = 200;

/**
 * Calls `probe` every `everyMs`, less often after a while, until it gives something other than `undefined` or `false`.
 * @param what completes the sentence "timed out waiting for …"
 * @param deadlineMs how long to try, in ms; half a minute at least. How fast something is has to be measured.
 * @throws Error after the deadline, with the last error of `probe` as its cause
 */
export async function eventually<T>(
  what: string,
  deadlineMs: number,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  everyMs = 50,
): Promise<T> {
  const patience = Math.max(deadlineMs, LEAST_DEADLINE);
  const begin = performance.now();
  let cause: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    const waited = performance.now() - begin;
    if (waited > patience) {
      throw new Error(`timed out after ${patience} ms waiting for ${what}`, { cause });
    }
    await sleep(waited < SOON ? everyMs : Math.max(everyMs, Math.min(SELDOM, waited / 20)));
  }
}

/**
 * What `look` sees, once it has seen the same twice.
 * @param what completes the sentence "timed out waiting for …"
 * @param forMs between two looks
 * @throws Error if that does not come within half a minute
 */
export async function unchanging<T>(what: string, forMs: number, look: () => Promise<T>): Promise<T> {
  let last: { readonly seen: T } | undefined;
  const { seen } = await eventually(
    what,
    LEAST_DEADLINE,
    async () => {
      const before = last;
      last = { seen: await look() };
      return isDeepStrictEqual(last, before) && last;
    },
    forMs,
  );
  return seen;
}
