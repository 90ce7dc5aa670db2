/** One request over HTTP or HTTPS, on a connection that is made. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/** How TLS is to be spoken. */
export interface TlsSettings {
  readonly verify: boolean;
  /** PEM. Absent: what Node.js knows. */
  readonly ca?: string;
}

/** What is asked. */
export interface HttpRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** All but `Connection`. */
  readonly headers: Readonly<Record<string, string | number>>;
  /** `user:password`. */
  readonly credentials: string | undefined;
  /** Absent: without TLS. */
  readonly tls: (TlsSettings & { readonly serverName: string }) | undefined;
  readonly body?: Buffer;
}

/** What a request comes to, told once. */
export interface Ending<T> {
  done(value: T): void;
  fail(error: Error): void;
}

/**
 * Asks, and has an answer looked at. The connection is closed in any case.
 * @param answered takes the answer, of which only the head is there, and ends it; `hasBody` is false for a 101 that nobody
 *   has asked for
 * @throws Error if there is no answer, or none that is HTTP, or the certificate does not hold
 */
export function exchange<T>(
  connection: Socket,
  { method, path, headers, credentials, tls, body }: HttpRequest,
  signal: AbortSignal,
  answered: (response: IncomingMessage, ending: Ending<T>, hasBody: boolean) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let sent: ClientRequest | undefined;
    const end = (how: () => void): void => {
      signal.removeEventListener('abort', abort);
      sent?.destroy();
      connection.destroy();
      how();
    };
    const abort = (): void => end(() => reject(new Error('no longer wanted')));
    const fail = (error: Error): void => end(() => reject(error));
    const ending: Ending<T> = { done: (value) => end(() => resolve(value)), fail };
    try {
      const stream = tls ? secured(connection, tls) : connection;
      stream.on('error', fail);
      connection.on('error', fail);
      sent = request({
        createConnection: () => stream,
        method,
        path,
        setHost: false,
        headers: { ...headers, connection: 'close' },
        ...(credentials === undefined ? {} : { auth: credentials }),
      });
      sent.on('error', fail);
      sent.on('response', (response) => answered(response, ending, true));
      sent.on('upgrade', (response) => answered(response, ending, false));
      sent.on('close', () => fail(new Error('the connection was closed')));
      signal.addEventListener('abort', abort);
      if (signal.aborted) return abort();
      sent.end(body);
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function secured(connection: Socket, { verify, ca, serverName }: NonNullable<HttpRequest['tls']>): TLSSocket {
  return connectTls({
    socket: connection,
    rejectUnauthorized: verify,
    // An address is no server name (RFC 6066 §3); the certificate is held against `host` then.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    host: serverName,
    ...(ca === undefined ? {} : { ca }),
  });
}
