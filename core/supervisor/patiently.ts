/** Waits for the steps of a change of generations. */
import { CodedError } from '../shared/errors.ts';

/** A new generation must be prepared, and must have taken over, within this many ms each. */
const PATIENCE = 15_000;

/**
 * Waits for work, but not for ever, and hardly at all once the daemon is told to stop.
 * @param stopping aborted then
 * @param grace ms that it is waited for all the same
 * @throws Error that says what it was waiting for
 */
export async function patiently(
  work: Promise<unknown>,
  waitingFor: () => string,
  stopping: AbortSignal,
  grace = 0,
): Promise<void> {
  const over = new AbortController();
  const impatience = new Promise<never>((_, reject) => {
    const { signal } = over;
    const giveUp = (why: string): void =>
      reject(new CodedError(stopping.aborted ? 'stopping' : 'timed-out', `given up ${why}: ${waitingFor()}`));
    const after = (ms: number, why: string): void => {
      const timer = setTimeout(giveUp, ms, why);
      signal.addEventListener('abort', () => clearTimeout(timer));
    };
    const stop = (): void => after(grace, 'because rvrrpd is stopping');
    after(PATIENCE, `after ${PATIENCE / 1000} s`);
    if (stopping.aborted) stop();
    else stopping.addEventListener('abort', stop, { signal });
  });
  try {
    await Promise.race([work, impatience]);
  } finally {
    over.abort();
  }
}
