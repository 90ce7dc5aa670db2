/** One POST over a connection that is made. */
import type { Socket } from 'node:net';
import { exchange, type TlsSettings } from 'rvrrpd-track-system';

/** Where it goes. */
export interface Target {
  readonly tls: boolean;
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** With the query. */
  readonly path: string;
  /** Of the header `Host`. */
  readonly hostHeader: string;
  /** `user:password`. */
  readonly credentials?: string;
}

/** @param text an absolute URL @throws Error if it is none */
export function targetOf(text: string): Target {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error(`url = "${text}": must be a URL`);
  }
  const tls = url.protocol === 'https:';
  const { username, password } = url;
  return {
    tls,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
    hostHeader: url.host,
    ...(username === '' && password === ''
      ? {}
      : { credentials: `${decoded(username)}:${decoded(password)}` }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // What it is is nobody's business.
    throw new Error('url: user and password must have %25 where a % is meant');
  }
}

/**
 * Posts, and waits for the status of the answer. The connection is closed in any case.
 * @throws Error if there is no answer, or none that is HTTP, or the certificate does not hold
 */
export function post(
  connection: Socket,
  { tls: isSecure, host, path, hostHeader, credentials }: Target,
  tls: TlsSettings,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  signal: AbortSignal,
): Promise<number> {
  return exchange<number>(
    connection,
    {
      ...{ method: 'POST', path, credentials, body },
      headers: { host: hostHeader, ...headers, 'content-length': body.length },
      tls: isSecure ? { ...tls, serverName: host } : undefined,
    },
    signal,
    (response, { done }) => {
      response.on('error', () => {}); // the status is all that matters
      done(response.statusCode ?? 0);
    },
  );
}
