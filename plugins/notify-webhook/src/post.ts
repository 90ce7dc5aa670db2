/** One POST over a connection that is made. */
import { type IncomingMessage, request } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

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

/** How TLS is to be spoken. */
export interface TlsSettings {
  readonly verify: boolean;
  /** PEM. Absent: what Node.js knows. */
  readonly ca?: string;
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
      : { credentials: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` }),
  };
}

/**
 * Posts, and waits for the status of the answer. The connection is closed in any case.
 * @throws Error if there is no answer, or none that is HTTP, or the certificate does not hold
 */
export function post(
  connection: Socket,
  target: Target,
  tls: TlsSettings,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  signal: AbortSignal,
): Promise<number> {
  const { host } = target;
  return new Promise<number>((resolve, reject) => {
    const end = (how: () => void): void => {
      signal.removeEventListener('abort', abort);
      sent.destroy();
      connection.destroy();
      how();
    };
    const abort = (): void => end(() => reject(new Error('no longer wanted')));
    const fail = (error: Error): void => end(() => reject(error));
    const stream = target.tls
      ? connectTls({
          socket: connection,
          rejectUnauthorized: tls.verify,
          // An address is no server name (RFC 6066 §3); the certificate is held against `host` then.
          ...(isIP(host) === 0 ? { servername: host } : {}),
          host,
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        })
      : connection;
    stream.on('error', fail);
    connection.on('error', fail);
    const sent = request({
      createConnection: () => stream,
      method: 'POST',
      path: target.path,
      setHost: false,
      headers: { host: target.hostHeader, ...headers, connection: 'close', 'content-length': body.length },
      ...(target.credentials === undefined ? {} : { auth: target.credentials }),
    });
    sent.on('error', fail);
    sent.on('response', (response: IncomingMessage) => {
      response.on('error', () => {}); // the status is all that matters
      const status = response.statusCode ?? 0;
      end(() => resolve(status));
    });
    signal.addEventListener('abort', abort);
    if (signal.aborted) return abort();
    sent.end(body);
  });
}
