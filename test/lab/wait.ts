/** Waiting for things that other processes do, always with a deadline. */

/** Resolves after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Calls `probe` every `everyMs` until it gives something other than `undefined` or `false`.
 * @param what completes the sentence "timed out waiting for …"
 * @param deadlineMs how long to try, in ms
 * @throws Error after the deadline, with the last error of `probe` as its cause
 */
export async function eventually<T>(
  what: string,
  deadlineMs: number,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  everyMs = 50,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let cause: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > end) {
      throw new Error(`timed out after ${deadlineMs} ms waiting for ${what}`, { cause });
    }
    await sleep(everyMs);
  }
}
