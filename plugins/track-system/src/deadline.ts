/** A time of one's own within the time that a check has, so that it can still say what was missing. */

/** Part of its time-out that a check uses itself; the rest is for its answer to get through. */
const SHARE = 0.9;
/** What is left for that at most, in ms. */
const MOST_LEFT = 250;

/** How long a check that may take `timeout` ms waits for others, in ms. */
export function patience(timeout: number): number {
  return Math.max(timeout * SHARE, timeout - MOST_LEFT);
}

/**
 * Runs something that must have ended within some time.
 * @param ms what it may take
 * @param signal of the check
 * @param run given a signal that is aborted when the time is over, or `signal` is
 * @returns what it gives; undefined: its time is over
 * @throws what it throws while there is time
 */
export async function within<T>(
  ms: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const own = new AbortController();
  let over = false;
  let end = (): void => {};
  const ended = new Promise<undefined>((resolve) => {
    end = () => {
      over = true;
      own.abort();
      resolve(undefined);
    };
  });
  const timer = setTimeout(end, ms);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    const running = run(own.signal);
    running.catch(() => {}); // after its time it may fail as it likes
    return await Promise.race([running, ended]);
  } catch (error) {
    if (over) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}
