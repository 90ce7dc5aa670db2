/** How many descriptors this process may have. Imports next to nothing: the entry asks before it loads the rest. */
import { readFileSync } from 'node:fs';

/**
 * The soft limit, RLIMIT_NOFILE (man 2 getrlimit).
 * @param limits as /proc/self/limits has it
 * @returns undefined if there is none, or it cannot be told
 */
export function descriptorLimit(limits: string = readLimits()): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return '';
  }
}
