/** One POST over a connection that is made. */
import type { Socket } from 'node:net';
import { exchange, type HttpUrl, type TlsSettings } from 'rvrrpd-track-system';

/**
 * Posts, and waits for the status of the answer. The connection is closed in any case.
 * @throws Error if there is no answer, or none that is HTTP, or the certificate does not hold
 */
export function post(
  connection: Socket,
  { tls: isSecure, host, path, hostHeader, credentials }: HttpUrl,
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
