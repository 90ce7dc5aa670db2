/** Kernel settings below /proc/sys (man 5 proc), of the calling thread's network namespace. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { KernelRefusal, SysctlResource } from '../plugin/contracts/index.ts';

/** The value of a setting without the line end; `undefined` if there is no such setting. */
export function readSysctl(path: readonly string[]): string | undefined | KernelRefusal {
  try {
    return readFileSync(fileOf(path), 'latin1').trim();
  } catch (error) {
    const refusal = refusalOf(error, `read ${path.join('/')}`);
    return refusal.errno === 'ENOENT' ? undefined : refusal;
  }
}

/** Writes a setting. @returns why it was refused, or null */
export function writeSysctl(path: readonly string[], value: string): KernelRefusal | null {
  try {
    writeFileSync(fileOf(path), `${value}\n`, { flag: 'r+' });
    return null;
  } catch (error) {
    return refusalOf(error, `write ${path.join('/')} = ${value}`);
  }
}

/** Whether a setting has a value, as far as can be told. */
export function sysctlHolds(resource: SysctlResource): boolean {
  const value = readSysctl(resource.path);
  return value === resource.value || (value === undefined && resource.optional === true);
}

// A name part with a slash or ".." would reach outside of /proc/sys: plugins are trusted, typing mistakes not.
function fileOf(path: readonly string[]): string {
  const wrong = path.find((part) => part === '' || part === '.' || part === '..' || part.includes('/'));
  if (path.length === 0 || wrong !== undefined) {
    throw Object.assign(new Error(`not a setting: ${JSON.stringify(path)}`), { code: 'EINVAL' });
  }
  return `/proc/sys/${path.join('/')}`;
}

function refusalOf(error: unknown, call: string): KernelRefusal {
  const errno = (error as NodeJS.ErrnoException).code ?? 'EIO';
  return { errno, message: `${call}: ${errno}` };
}
