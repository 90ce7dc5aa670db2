/** Everything about log-ins that lives as long as the service: sessions, limits, and what is remembered of them. */
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { ServiceContext } from 'rvrrpd/plugin';
import { plainAddress } from '../address.ts';
import { BoundedLog } from '../bounded-log.ts';
import { ProblemError } from '../problems.ts';
import { messageOf } from '../reasons.ts';
import type { Tally } from '../tally.ts';
import { AttemptLimit } from './attempt-limit.ts';
import type { Credentials } from './credentials.ts';
import { PasswordGate } from './password-gate.ts';
import { type Issued, type Lifetimes, type SessionSettings, SessionState, Sessions } from './sessions.ts';
import { readRevocations, writeRevocations } from './state-file.ts';
import { USER_NAME } from './users.ts';

/** What every 401 answer has (RFC 9110 §11.6.1). */
export const CHALLENGE = { 'www-authenticate': 'Bearer realm="rvrrpd"' };

/** What {@link Authentication} needs of the daemon. */
export type AuthenticationContext = Pick<ServiceContext, 'authenticate' | 'log' | 'stateFile'>;

const AuthenticationState = Type.Object({ sessions: SessionState, limit: Type.Unknown() });

/** What the next version of this plugin needs. */
export type AuthenticationState = Static<typeof AuthenticationState>;

export class Authentication {
  readonly sessions: Sessions;
  private readonly limit = new AttemptLimit();
  private readonly gate = new PasswordGate();
  private readonly failures: BoundedLog;
  /** What was revoked before is known: from the file, or from the version before. */
  private informed = false;

  /**
   * @param lifetimes in force
   * @param era see {@link Sessions}
   */
  constructor(
    private readonly context: AuthenticationContext,
    settings: SessionSettings,
    lifetimes: () => Lifetimes,
    private readonly tally: Tally,
    era: string,
  ) {
    this.failures = new BoundedLog(context.log);
    this.sessions = new Sessions(settings, lifetimes, era);
    this.sessions.onRevocation = () => this.save();
  }

  /** Recalls what was revoked, now that no predecessor revokes anything any more. */
  open(): void {
    if (this.sessions.durable) this.recall();
  }

  /** Takes another configuration. */
  configure(settings: SessionSettings): void {
    const wasDurable = this.sessions.durable;
    this.sessions.configure(settings);
    if (this.sessions.durable && !wasDurable) {
      this.informed = false;
      this.recall();
    }
  }

  /**
   * Checks a password.
   * @param address the client's
   * @returns a fresh session
   * @throws ProblemError 401, 429 or 503
   */
  async logIn(address: string, credentials: Credentials): Promise<Issued> {
    const { user } = credentials;
    await this.refuseTooMany(address, user);
    const checked = this.gate.run(() => this.check(address, credentials));
    if (checked === undefined) {
      this.tally.refuse('rate-limited');
      throw new ProblemError(503, 'too many log-ins at a time: try again in a second', {
        headers: { 'retry-after': '1' },
      });
    }
    const issued = await checked;
    if (issued === undefined) {
      this.tally.logins.failed++;
      // A name that nobody has may be a password in the wrong place.
      const who = this.sessions.hasUser(user) ? user : 'an unknown user';
      this.failures.warn(`log-in of ${who} from ${plainAddress(address)} failed`);
      throw new ProblemError(401, 'wrong user name or password', { headers: CHALLENGE });
    }
    this.tally.logins.ok++;
    this.context.log('debug', `${user} has logged in from ${plainAddress(address)}`);
    return issued;
  }

  exportState(): AuthenticationState {
    return { sessions: this.sessions.exportState(), limit: this.limit.exportState() };
  }

  /** @throws Error if this is no such state */
  importState(state: unknown): void {
    if (!Value.Check(AuthenticationState, state)) throw new Error('the state of log-ins is damaged');
    this.sessions.importState(state.sessions);
    this.informed = state.sessions.randomKey === undefined;
    this.limit.importState(state.limit);
  }

  /** The fresh session of one whose password is right. */
  private async check(address: string, { user, passwd }: Credentials): Promise<Issued | undefined> {
    await this.refuseTooMany(address, user); // those before it in the queue may have failed meanwhile
    const attempt = await this.limit.begin(address, user);
    if (!USER_NAME.test(user) || (await this.context.authenticate(user, passwd)) === undefined)
      return undefined;
    await attempt.forgive();
    return this.sessions.issue('session', user);
  }

  /** @throws ProblemError 429 */
  private async refuseTooMany(address: string, user: string): Promise<void> {
    const wait = await this.limit.wait(address, user);
    if (wait === 0) return;
    this.tally.refuse('rate-limited');
    this.failures.warn(
      `log-ins from ${plainAddress(address)} are refused for ${wait} s: too many have failed`,
    );
    throw new ProblemError(429, 'too many log-ins have failed: try again later', {
      headers: { 'retry-after': String(wait) },
    });
  }

  /**
   * Adds what the file remembers. If there is none, or it is damaged, nobody knows what was revoked: whatever was
   * issued before is refused.
   */
  private recall(): void {
    const { stateFile, log } = this.context;
    try {
      const revocations = readRevocations(stateFile);
      if (revocations !== undefined) this.sessions.mergeRevocations(revocations);
      else if (!this.informed) this.sessions.endAll();
    } catch (error) {
      log(
        'error',
        `${stateFile} cannot be used: ${messageOf(error)}. All sessions and tokens from before are ended`,
      );
      this.sessions.endAll();
    }
    this.informed = true;
    this.save();
  }

  private save(): void {
    if (!this.sessions.durable) return;
    const { stateFile, log } = this.context;
    try {
      writeRevocations(stateFile, this.sessions.exportRevocations());
    } catch (error) {
      log(
        'error',
        `${stateFile} cannot be written: ${messageOf(error)}. A restart will forget who was logged out`,
      );
    }
  }
}
