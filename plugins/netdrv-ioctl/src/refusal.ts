/** Why a change is refused, by the kernel or before it is asked. */
import type { KernelRefusal } from 'rvrrpd/plugin';

/** A change that cannot be made. `code` is an errno name, as on the errors of the addon. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly code: string,
    what: string,
  ) {
    super(`${what}: ${code}`);
  }
}

/** What a change that threw is told as. */
export function refusalOf(error: unknown): KernelRefusal {
  const { code, message } = error as NodeJS.ErrnoException;
  return { errno: typeof code === 'string' ? code : 'EIO', message: message ?? String(error) };
}
