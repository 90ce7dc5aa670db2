/** One request over a connection that is made. */
import type { Socket } from 'node:net';
import { exchange, type TlsSettings } from 'rvrrpd-track-system';
import type { Wanted } from './settings.ts';

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
  const { method, path, hostHeader, serverName, credentials } = wanted;
  return exchange<Answer>(
    connection,
    {
      ...{ method, path, credentials },
      headers: { host: hostHeader, 'user-agent': 'rvrrpd', accept: '*/*' },
      tls: wanted.tls ? { ...tls, serverName } : undefined,
    },
    signal,
    (response, { done, fail }, hasBody) => {
      const status = response.statusCode ?? 0;
      const end = (found: boolean): void => done({ status, found });
      response.on('error', fail);
      if (text === undefined) return end(true);
      if (!hasBody) return end(false);
      const finder = new Finder(text);
      response.on('data', (part: Buffer) => {
        const found = finder.add(part);
        if (found !== undefined) end(found);
      });
      response.on('end', () => end(false));
    },
  );
}
