/** What was ended before its time: single tickets, and all that a user had at some moment. Bounded memory. */
import { type Static, Type } from '@sinclair/typebox';
import type { Ticket } from './ticket.ts';

/** Tickets that can be remembered one by one. */
const MOST_TICKETS = 4096;
/** Users whose tickets were ended all at once. */
const MOST_USERS = 4096;

const Time = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** Revocations as data. Times in ms since the epoch. */
export const RevocationState = Type.Object({
  /**
   * Changes whenever it is not known what was revoked before: tickets of another epoch do not hold. Absent: the
   * first, in files of versions that had none.
   */
  epoch: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
  /** All tickets that were issued up to here. */
  everybody: Time,
  /** User, and the moment up to which its tickets are ended. */
  users: Type.Array(Type.Tuple([Type.String({ maxLength: 256 }), Time]), { maxItems: MOST_USERS }),
  /** Nonce, user, and when it would have expired. */
  tickets: Type.Array(Type.Tuple([Type.String({ maxLength: 32 }), Type.String({ maxLength: 256 }), Time]), {
    maxItems: MOST_TICKETS,
  }),
});
export type RevocationState = Static<typeof RevocationState>;

/** What a revocation needs of a ticket. */
export type RevocableTicket = Pick<Ticket, 'user' | 'nonce' | 'expires'>;

export class Revocations {
  private readonly tickets = new Map<string, RevocableTicket>();
  private readonly users = new Map<string, number>();
  private everybody = 0;

  /** Whether a ticket was ended. */
  includes({ user, nonce, issued }: Ticket): boolean {
    return issued <= this.endOf(user) || this.tickets.get(nonce)?.user === user;
  }

  /**
   * A moment that no revocation of this user's tickets covers: now, or a ms ahead if they have ended just now.
   * @param now ms since the epoch
   */
  dateOf(user: string, now: number): number {
    return Math.max(now, this.endOf(user) + 1);
  }

  /** Ends one ticket. If there are too many, the user with most of them loses all that it has. */
  endTicket(ticket: RevocableTicket, now: number): void {
    if (this.tickets.get(ticket.nonce)?.user === ticket.user) return;
    if (this.tickets.size >= MOST_TICKETS) this.forget(now);
    if (this.tickets.size >= MOST_TICKETS) this.endUser(this.busiest(), now);
    const { user, nonce, expires } = ticket;
    this.tickets.set(nonce, { user, nonce, expires });
  }

  /** Ends whatever a user has now. */
  endUser(user: string, now: number): void {
    if (!this.users.has(user) && this.users.size >= MOST_USERS) {
      this.endAll(now);
      return;
    }
    // A ticket may be dated a ms ahead, see dateOf.
    this.users.set(user, this.dateOf(user, now));
    for (const [nonce, ticket] of this.tickets) if (ticket.user === user) this.tickets.delete(nonce);
  }

  /** Ends whatever anybody has now. */
  endAll(now: number): void {
    const ends = [this.everybody, ...this.users.values()];
    this.everybody = Math.max(now, ...ends.map((end) => end + 1)); // see dateOf
    this.users.clear();
    this.tickets.clear();
  }

  export(): Omit<RevocationState, 'epoch'> {
    return {
      everybody: this.everybody,
      users: [...this.users],
      tickets: [...this.tickets.values()].map(({ user, nonce, expires }) => [nonce, user, expires]),
    };
  }

  /** Adds those of `state`. */
  merge({ everybody, users, tickets }: RevocationState, now: number): void {
    this.everybody = Math.max(this.everybody, everybody);
    for (const [user, end] of users) {
      if (end > this.endOf(user)) this.users.set(user, end);
    }
    if (this.users.size > MOST_USERS) this.endAll(now);
    for (const [nonce, user, expires] of tickets) this.endTicket({ nonce, user, expires }, now);
  }

  private endOf(user: string): number {
    return Math.max(this.everybody, this.users.get(user) ?? 0);
  }

  /** Drops what has expired anyway. */
  private forget(now: number): void {
    for (const [nonce, { expires }] of this.tickets) if (expires <= now) this.tickets.delete(nonce);
  }

  private busiest(): string {
    const counts = new Map<string, number>();
    for (const { user } of this.tickets.values()) counts.set(user, (counts.get(user) ?? 0) + 1);
    return [...counts].reduce((most, each) => (each[1] > most[1] ? each : most))[0];
  }
}
