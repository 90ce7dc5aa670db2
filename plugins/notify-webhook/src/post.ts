/** One POST over a connection that is made. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

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
  target: Target,
  tls: TlsSettings,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  signal: AbortSignal,
): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    let sent: ClientRequest | undefined;
    const end = (how: () => void): void => {
      signal.removeEventListener('abort', abort);
      sent?.destroy();
      connection.destroy();
      how();
    };
    const abort = (): void => end(() => reject(new Error('no longer wanted')));
    const fail = (error: Error): void => end(() => reject(error));
    try {
      const stream = target.tls ? secured(connection, target, tls) : connection;
      stream.on('error', fail);
      connection.on('error', fail);
      sent = request({
        createConnection: () => stream,
        method: 'POST',
        path: target.path,
        setHost: false,
        headers: { host: target.hostHeader, ...headers, connection: 'close', 'content-length': body.length },
        ...(target.credentials === undefined ? {} : { auth: target.credentials }),
      });
      sent.on('error', fail);
      const answered = (response: IncomingMessage): void => {
        response.on('error', () => {}); // the status is all that matters
        const status = response.statusCode ?? 0;
        end(() => resolve(status));
      };
      sent.on('response', answered);
      sent.on('upgrade', answered); // 101: not without being told
      sent.on('close', () => fail(new Error('the connection was closed')));
      signal.addEventListener('abort', abort);
      if (signal.aborted) return abort();
      sent.end(body);
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function secured(connection: Socket, { host }: Target, { verify, ca }: TlsSettings): TLSSocket {
  return connectTls({
    socket: connection,
    rejectUnauthorized: verify,
    // An address is no server name (RFC 6066 §3); the certificate is held against `host` then.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    host,
    ...(ca === undefined ? {} : { ca }),
  });
}
