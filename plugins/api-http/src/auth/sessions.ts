/** Who is logged in: issues tickets, checks and ends them. */
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { ApiSettings } from 'rvrrpd/plugin';
import type { ApiOptions } from '../options.ts';
import { type RevocableTicket, RevocationState, Revocations } from './revocations.ts';
import {
  keyOf,
  makeEpoch,
  makeNonce,
  randomKey,
  type SignedTicket,
  sign,
  type Ticket,
  type TicketKind,
  verify,
} from './ticket.ts';
import { type ApiUser, type ApiUsers, usersOf } from './users.ts';

/**
 * A ticket that is dated so many ms ahead was issued under a wrong clock, and is refused: it would last for too
 * long.
 */
const CLOCK_TOLERANCE = 300_000;

/** What sessions need of the configuration. */
export type SessionSettings = Pick<ApiSettings, 'users' | 'secret'>;

/** Lifetimes in s, see {@link ApiOptions}. */
export type Lifetimes = Pick<ApiOptions, 'session_lifetime' | 'token_lifetime'>;

/** What the next version of this plugin needs: the key if it was made up, and what was revoked. */
export const SessionState = Type.Object({
  /** Hexadecimal; absent: it comes of the secret. */
  randomKey: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  revocations: RevocationState,
});
export type SessionState = Static<typeof SessionState>;

/** A fresh ticket, and whose it is. */
export interface Issued {
  readonly user: ApiUser;
  readonly ticket: SignedTicket;
}

/** A ticket that holds, and whose it is. */
export interface Session {
  readonly user: ApiUser;
  readonly ticket: Ticket;
  /** That its signature was checked with. */
  readonly key: Uint8Array;
}

/** The tickets of one configuration, and of its successors. */
export class Sessions {
  private readonly revocations = new Revocations();
  private users: ApiUsers;
  private secret: string | undefined;
  private key: Uint8Array;
  /** See `RevocationState`; empty: the first. */
  private epoch = '';
  /** Told after {@link end} and {@link endUser}. */
  onRevocation: () => void = () => {};

  /**
   * @param lifetimes in force
   * @param era tickets of one era hold in no other, unless their key is random. The boot of the machine: what was
   * revoked is forgotten with it
   */
  constructor(
    settings: SessionSettings,
    private readonly lifetimes: () => Lifetimes,
    private readonly era: string,
  ) {
    this.users = usersOf(settings.users);
    this.secret = settings.secret;
    this.key = this.makeKey(settings.secret);
  }

  /** Tickets outlive this process: their key comes of a secret. */
  get durable(): boolean {
    return this.secret !== undefined;
  }

  /** Whether there is such a user. */
  hasUser(name: string): boolean {
    return this.users.has(name);
  }

  /** Takes another configuration: tickets end whose user's line is another now, all of them if the secret is. */
  configure({ users, secret }: SessionSettings): void {
    this.users = usersOf(users);
    if (secret === this.secret) return;
    this.secret = secret;
    this.key = this.makeKey(secret);
  }

  /**
   * A fresh ticket.
   * @param lifetime s; no longer than the configuration allows. Default: as long as that
   * @returns undefined if there is no such user
   */
  issue(kind: TicketKind, name: string, lifetime = Number.POSITIVE_INFINITY): Issued | undefined {
    const user = this.users.get(name);
    if (user === undefined) return undefined;
    const issued = this.revocations.dateOf(name, Date.now());
    const most = Math.min(lifetime, this.mostLifetime(kind));
    const expires = (Math.floor(issued / 1000) + most) * 1000;
    const ticket = { kind, user: name, issued, expires, nonce: makeNonce() };
    return { user, ticket: sign(ticket, user.line, this.key) };
  }

  /** The session of a ticket; undefined if it does not hold. */
  check(ticket: SignedTicket): Session | undefined {
    const user = this.users.get(ticket.user);
    // Without such a user a signature is computed all the same: the time must not tell who there is.
    const genuine = verify(ticket, user?.line ?? '', this.key);
    if (!genuine || user === undefined || !this.holds(ticket)) return undefined;
    return { user, ticket, key: this.key };
  }

  /** Whether a session still holds. Cheap: the signature is not looked at again. */
  stillHolds({ user, ticket, key }: Session): boolean {
    return key === this.key && this.users.get(user.name)?.line === user.line && this.holds(ticket);
  }

  /** When a ticket ends: ms since the epoch. A lifetime that is shorter by now counts. */
  endOf(ticket: Ticket): number {
    return Math.min(ticket.expires, ticket.issued + this.mostLifetime(ticket.kind) * 1000);
  }

  /** Ends one ticket. */
  end(ticket: RevocableTicket): void {
    this.revocations.endTicket(ticket, Date.now());
    this.onRevocation();
  }

  /** Ends whatever a user has. */
  endUser(name: string): void {
    this.revocations.endUser(name, Date.now());
    this.onRevocation();
  }

  /**
   * Ends whatever anybody has: nobody knows what was revoked. Not by a date: the clock may have been set back since
   * those tickets were issued.
   */
  endAll(): void {
    this.begin(makeEpoch());
  }

  exportState(): SessionState {
    return {
      ...(!this.durable && { randomKey: Buffer.from(this.key).toString('hex') }),
      revocations: this.exportRevocations(),
    };
  }

  /** @throws Error if this is no state of sessions */
  importState(state: unknown): void {
    if (!Value.Check(SessionState, state)) throw new Error('the state of sessions is damaged');
    if (!this.durable && state.randomKey !== undefined) this.key = Buffer.from(state.randomKey, 'hex');
    this.mergeRevocations(state.revocations);
  }

  /** Everything that was revoked. */
  exportRevocations(): RevocationState {
    return { ...(this.epoch !== '' && { epoch: this.epoch }), ...this.revocations.export() };
  }

  /** Adds what was revoked elsewhere. Not told to {@link onRevocation}. */
  mergeRevocations(state: RevocationState): void {
    this.revocations.merge(state, Date.now());
    this.begin(state.epoch ?? '');
  }

  private begin(epoch: string): void {
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    if (this.secret !== undefined) this.key = this.makeKey(this.secret);
  }

  private holds(ticket: Ticket): boolean {
    const now = Date.now();
    if (now >= this.endOf(ticket) || ticket.issued > now + CLOCK_TOLERANCE) return false;
    return !this.revocations.includes(ticket);
  }

  /** s */
  private mostLifetime(kind: TicketKind): number {
    const { session_lifetime, token_lifetime } = this.lifetimes();
    return kind === 'session' ? session_lifetime : token_lifetime;
  }

  private makeKey(secret: string | undefined): Uint8Array {
    return secret === undefined ? randomKey() : keyOf(secret, `${this.era}${this.epoch}`);
  }
}
