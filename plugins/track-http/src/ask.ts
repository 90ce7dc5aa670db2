/** One request over a connection that is made. */
import { type IncomingMessage, request } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Wanted } from './settings.ts';

/** How TLS is to be spoken. */
export interface TlsSettings {
  readonly verify: boolean;
  /** PEM. Absent: what Node.js knows. */
  readonly ca?: string;
}

/** What came of it. */
export interface Answer {
  readonly status: number;
  /** The text was found; without one to look for, true. */
  readonly found: boolean;
}

/** Octets of a body that are looked at. */
const MOST_OCTETS = 1 << 20;

/** Looks for a text in what arrives in parts. */
export class Finder {
  private rest = Buffer.alloc(0);
  private seen = 0;
  private readonly wanted: Buffer;

  constructor(text: string) {
    this.wanted = Buffer.from(text, 'utf8');
  }

  /** @returns whether it has been found; undefined: not yet */
  add(part: Buffer): boolean | undefined {
    const within = part.subarray(0, MOST_OCTETS - this.seen);
    this.seen += within.length;
    const all = Buffer.concat([this.rest, within]);
    if (all.includes(this.wanted)) return true;
    if (this.seen >= MOST_OCTETS) return false;
    this.rest = Buffer.from(all.subarray(Math.max(0, all.length - this.wanted.length + 1)));
    return undefined;
  }
}

/**
 * Asks, and reads as much of the answer as matters. The connection is closed in any case.
 * @throws Error if there is no answer, or none that is HTTP, or the certificate does not hold
 */
export function ask(
  connection: Socket,
  wanted: Wanted,
  tls: TlsSettings,
  text: string | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const { serverName } = wanted;
  return new Promise<Answer>((resolve, reject) => {
    const end = (how: () => void): void => {
      signal.removeEventListener('abort', abort);
      sent.destroy();
      connection.destroy();
      how();
    };
    const abort = (): void => end(() => reject(new Error('no longer wanted')));
    const fail = (error: Error): void => end(() => reject(error));
    const stream = wanted.tls
      ? connectTls({
          socket: connection,
          rejectUnauthorized: tls.verify,
          // An address is no server name (RFC 6066 §3); the certificate is held against `host` then.
          ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
          host: serverName,
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        })
      : connection;
    stream.on('error', fail);
    connection.on('error', fail);
    const sent = request({
      createConnection: () => stream,
      method: wanted.method,
      path: wanted.path,
      setHost: false,
      headers: { host: wanted.hostHeader, 'user-agent': 'rvrrpd', accept: '*/*', connection: 'close' },
      ...(wanted.credentials === undefined ? {} : { auth: wanted.credentials }),
    });
    sent.on('error', fail);
    sent.on('response', (response: IncomingMessage) => {
      const status = response.statusCode ?? 0;
      const done = (found: boolean): void => end(() => resolve({ status, found }));
      response.on('error', fail);
      if (text === undefined) return done(true);
      const finder = new Finder(text);
      response.on('data', (part: Buffer) => {
        const found = finder.add(part);
        if (found !== undefined) done(found);
      });
      response.on('end', () => done(false));
    });
    signal.addEventListener('abort', abort);
    if (signal.aborted) return abort();
    sent.end();
  });
}
