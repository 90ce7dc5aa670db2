/** What errors of the network mean, for an operator. */

const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  EHOSTDOWN: 'host down',
  ENETUNREACH: 'no route',
  ENETDOWN: 'the interface is down',
  ETIMEDOUT: 'no answer',
  EACCES: 'not permitted',
  EPERM: 'not permitted',
  EMSGSIZE: 'too large for the path',
};

/** Name of the errno of a system call's error; undefined: it is another error. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** In a few words: "connection refused". */
export function meaningOf(error: unknown): string {
  const code = codeOf(error);
  if (code !== undefined && Object.hasOwn(MEANINGS, code)) return MEANINGS[code]!;
  return error instanceof Error ? error.message.split('\n')[0]! : String(error);
}

/**
 * Why a socket cannot begin where it was told to; undefined: that was not the reason.
 * @param from interface and address that it was told, if any
 */
export function startRefusal(
  error: unknown,
  from: { readonly device?: string | undefined; readonly source?: string | undefined },
): string | undefined {
  const code = codeOf(error);
  if (code === 'ENODEV' && from.device !== undefined) return `there is no interface ${from.device}`;
  if (code === 'EADDRNOTAVAIL' && from.source !== undefined)
    return `${from.device ?? 'no interface'} has ${from.device === undefined ? '' : 'no '}address ${from.source}`;
  return undefined;
}
