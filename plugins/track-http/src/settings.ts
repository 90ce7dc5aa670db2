/** What a `[[track]]` table of this type asks for. */
import { checkFamilies } from 'rvrrpd-track-system';

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

/** The request, made ready. */
export interface Wanted {
  readonly tls: boolean;
  /** Where to connect to: a name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly method: 'GET' | 'HEAD';
  /** Header `Host`. */
  readonly hostHeader: string;
  /** The name that the certificate must have, or the address. */
  readonly serverName: string;
  /** `user:password` of the URL. */
  readonly credentials?: string;
  /** Those that it may have. Absent: 200 to 299. */
  readonly status?: readonly number[];
  /** For an operator, without a password. */
  readonly words: string;
}

/** @throws Error that names the directive, if no request can be as it says */
export function wantedOf(settings: Settings): Wanted {
  const { url: text, method = 'GET', status, text: expected, host: named, family, source } = settings;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error(`url = "${text}": is no URL`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error(`url = "${text}": must begin with http:// or https://`);
  if (method === 'HEAD' && expected !== undefined)
    throw new Error('text: an answer to method = "HEAD" has no body: use "GET", or leave text out');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  checkFamilies({ host, family, source }, `the host of url, ${host},`, 'the host of url');
  const tls = url.protocol === 'https:';
  const credentials = url.username === '' ? undefined : `${decode(url.username)}:${decode(url.password)}`;
  return {
    tls,
    host,
    port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method,
    hostHeader: named ?? url.host,
    serverName: named === undefined ? host : named.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'),
    ...(credentials === undefined ? {} : { credentials }),
    ...(status === undefined ? {} : { status: typeof status === 'number' ? [status] : status }),
    words: `${url.protocol}//${url.host}${url.pathname}`,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
