/**
 * Tickets: signed statements that somebody has logged in. They say all that there is to know, so that nothing
 * needs to be kept for each of them. Two forms carry them: four cookies, as those of rVRRPd 0.1.3, and one bearer
 * token (RFC 6750).
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { USER_NAME } from './users.ts';

/** `session`: from a log-in. `token`: made by one, for automation. */
export type TicketKind = 'session' | 'token';

/** What a ticket says. Times in ms since the epoch. */
export interface Ticket {
  readonly kind: TicketKind;
  readonly user: string;
  readonly issued: number;
  /** A whole second. */
  readonly expires: number;
  /** 32 hexadecimal digits, another for each ticket. */
  readonly nonce: string;
}

/** A ticket with the signature that it came with; whether that holds is another question. */
export interface SignedTicket extends Ticket {
  /** 64 hexadecimal digits. */
  readonly signature: string;
}

/** The cookies of a session, by name. */
export interface SessionCookies {
  readonly user: string;
  /** When it was issued, s since the epoch. */
  readonly ts: string;
  readonly nonce: string;
  /** In hexadecimal: when it expires, s since the epoch (8 digits); the ms of `ts` (4); the signature (64). */
  readonly token: string;
}

/** Names of the cookies of a session. */
export const COOKIE_NAMES = ['user', 'ts', 'nonce', 'token'] as const satisfies (keyof SessionCookies)[];

const TIMESTAMP = /^[1-9][0-9]{0,9}$/;
const NONCE = /^[0-9a-f]{32}$/;
const TOKEN = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{64})$/;
/** What bearer tokens begin with: scanners for leaked secrets find them by it. */
const BEARER_PREFIX = 'rvrrpd_';

/** A fresh nonce. */
export function makeNonce(): string {
  return randomBytes(16).toString('hex');
}

/** A fresh key. */
export function randomKey(): Uint8Array {
  return randomBytes(32);
}

/** See `RevocationState`: 128 random bits in hexadecimal. */
export function makeEpoch(): string {
  return randomBytes(16).toString('hex');
}

/**
 * The key that comes of a secret (HKDF, RFC 5869).
 * @param era mixed in: the tickets of one era hold in no other
 */
export function keyOf(secret: string, era: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', `rvrrpd-plugin-api-http tickets ${era}`, 32));
}

/**
 * Signs a ticket.
 * @param line the user's line in the configuration: the ticket ends when that changes
 */
export function sign(ticket: Ticket, line: string, key: Uint8Array): SignedTicket {
  const { kind, user, issued, expires, nonce } = ticket;
  // JSON keeps the parts apart.
  const statement = JSON.stringify([kind, user, issued, expires, nonce, line]);
  return { ...ticket, signature: createHmac('sha256', key).update(statement).digest('hex') };
}

/** Whether the signature holds, in constant time. */
export function verify(ticket: SignedTicket, line: string, key: Uint8Array): boolean {
  const { signature } = sign(ticket, line, key);
  return timingSafeEqual(Buffer.from(signature, 'hex'), Buffer.from(ticket.signature, 'hex'));
}

/** The cookies that carry a ticket. */
export function toCookies(ticket: SignedTicket): SessionCookies {
  return {
    user: ticket.user,
    ts: secondsOf(ticket),
    nonce: ticket.nonce,
    token: tokenOf(ticket),
  };
}

/** The ticket that cookies carry, which are of a session always; undefined if they carry none. */
export function fromCookies(cookies: Readonly<Record<string, string | undefined>>): SignedTicket | undefined {
  const { user = '', ts = '', nonce = '', token = '' } = cookies;
  return parse('session', user, ts, nonce, token);
}

/** The bearer token that carries a ticket. */
export function toBearer(ticket: SignedTicket): string {
  const { kind, user, nonce } = ticket;
  return `${BEARER_PREFIX}${[kind, user, secondsOf(ticket), nonce, tokenOf(ticket)].join('.')}`;
}

/** The ticket that a bearer token carries; undefined if it carries none. */
export function fromBearer(text: string): SignedTicket | undefined {
  if (!text.startsWith(BEARER_PREFIX) || text.length > 1024) return undefined;
  const parts = text.slice(BEARER_PREFIX.length).split('.');
  const [kind, user = '', issued = '', nonce = '', token = ''] = parts;
  if (parts.length !== 5 || (kind !== 'session' && kind !== 'token')) return undefined;
  return parse(kind, user, issued, nonce, token);
}

function secondsOf({ issued }: Ticket): string {
  return String(Math.floor(issued / 1000));
}

function tokenOf({ issued, expires, signature }: SignedTicket): string {
  return `${hex(expires / 1000, 8)}${hex(issued % 1000, 4)}${signature}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function parse(
  kind: TicketKind,
  user: string,
  ts: string,
  nonce: string,
  token: string,
): SignedTicket | undefined {
  const [, expires, ms, signature] = TOKEN.exec(token) ?? [];
  if (expires === undefined || ms === undefined || signature === undefined) return undefined;
  if (!USER_NAME.test(user) || !TIMESTAMP.test(ts) || !NONCE.test(nonce)) return undefined;
  return {
    kind,
    user,
    issued: Number(ts) * 1000 + Number.parseInt(ms, 16),
    expires: Number.parseInt(expires, 16) * 1000,
    nonce,
    signature,
  };
}
