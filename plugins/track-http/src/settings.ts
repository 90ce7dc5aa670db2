/** What a `[[track]]` table of this type asks for. */
import { checkFamilies, type HttpUrl, readHttpUrl } from 'rvrrpd-track-system';

/** What `schema.json` leaves of the table. */
export interface Settings {
  readonly url: string;
  readonly method?: 'GET' | 'HEAD';
  readonly status?: number | readonly number[];
  readonly text?: string;
  readonly host?: string;
  readonly verify?: boolean;
  readonly ca?: string;
  readonly family?: 4 | 6;
  readonly interface?: string;
  readonly source?: string;
}

/** The request, made ready. Its `hostHeader` is what `host` says, if it does. */
export interface Wanted extends HttpUrl {
  readonly method: 'GET' | 'HEAD';
  /** The name that the certificate must have, or the address. */
  readonly serverName: string;
  /** Those that it may have. Absent: 200 to 299. */
  readonly status?: readonly number[];
}

/** @throws Error that names the directive, if no request can be as it says */
export function wantedOf(settings: Settings): Wanted {
  const { url: text, method = 'GET', status, text: expected, host: named, family, source } = settings;
  const url = readHttpUrl(text);
  if (method === 'HEAD' && expected !== undefined)
    throw new Error('text: an answer to method = "HEAD" has no body: use "GET", or leave text out');
  const { host } = url;
  checkFamilies({ host, family, source }, `the host of url, ${host},`, 'the host of url');
  return {
    ...url,
    method,
    hostHeader: named ?? url.hostHeader,
    serverName: named === undefined ? host : named.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'),
    ...(status === undefined ? {} : { status: typeof status === 'number' ? [status] : status }),
  };
}
