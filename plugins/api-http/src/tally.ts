/** What this API counts about itself, for `/metrics`. Plain numbers, since its start. */

/** Why a connection or a request was refused before anybody looked at what it asks for. */
export type Refusal =
  /** More connections than `max_connections`, or more listeners of events than there may be. */
  | 'connections'
  /** More requests on one connection than wait for their answers. */
  | 'pipelined'
  /** Headers or body did not come in time (slow loris), or nothing did. */
  | 'timeout'
  /** Not HTTP, headers that are too large, or a path that is none. */
  | 'malformed'
  /** A body that is too large. */
  | 'too-large'
  /** No session, one that has expired, was revoked or is not ours. */
  | 'unauthorized'
  /** The user's level does not allow it. */
  | 'forbidden'
  /** Too many log-in attempts, or too many at a time. */
  | 'rate-limited'
  /** TLS that failed. */
  | 'tls';

export class Tally {
  readonly refused: Record<Refusal, number> = {
    connections: 0,
    pipelined: 0,
    timeout: 0,
    malformed: 0,
    'too-large': 0,
    unauthorized: 0,
    forbidden: 0,
    'rate-limited': 0,
    tls: 0,
  };
  /** Log-ins by how they went. */
  readonly logins = { ok: 0, failed: 0 };
  /** Open connections. */
  connections = 0;
  /** Listeners of events at the moment. */
  subscribers = 0;

  refuse(why: Refusal): void {
    this.refused[why]++;
  }
}
