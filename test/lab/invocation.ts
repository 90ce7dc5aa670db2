/** One call of `rvrrpd` that is expected to return, and what came of it. */
import type { Host, StartOptions } from './host.ts';
import { executable } from './rvrrpd.ts';
import { eventually } from './wait.ts';

/** What came of it. */
export interface Invocation {
  /** Exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Calls it and waits until it has ended and nobody holds its output open any more.
 * @param patience ms that it may take
 * @throws Error after that
 */
export async function invoke(
  host: Host,
  args: readonly string[],
  options: StartOptions = {},
  patience = 15_000,
): Promise<Invocation> {
  const running = host.start(process.execPath, [executable(), ...args], options);
  const { code } = await eventually(`the end of rvrrpd ${args.join(' ')}`, patience, () => running.exit, 10);
  return { code, stdout: running.stdout, stderr: running.stderr };
}
