/** Whether this process may have as many open files as the daemon needs. Imports next to nothing: that needs some. */
import { readFileSync } from 'node:fs';

/**
 * Descriptors that suffice for the threads of the daemon, its files, a hundred clients of the API and virtual
 * routers on some tens of interfaces. Node.js has raised the soft limit to the hard one already.
 */
const NEEDED = 256;

/** Why there are not enough, and what to do; undefined if there are. */
export function descriptorFault(limits: string = readLimits()): string | undefined {
  const most = /^Max open files +(\d+)/m.exec(limits)?.[1];
  if (most === undefined || Number(most) >= NEEDED) return undefined;
  return (
    `this process may have ${most} open files, at least ${NEEDED} are needed: raise the limit ` +
    '(ulimit -n, or LimitNOFILE= of the service)'
  );
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return ''; // as far as we know there is no limit
  }
}
