import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Revocations } from '../src/auth/revocations.ts';
import { Sessions } from '../src/auth/sessions.ts';
import { ADMIN, CAROL, DAVE } from './context.ts';

const USERS = [ADMIN, CAROL, DAVE];
const NOW = 1_800_000_000_500;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

const make = (secret: string | undefined = 'a secret', users = USERS, era = 'boot 1') => {
  const lifetimes = { session_lifetime: 3600, token_lifetime: 86_400 };
  const settings = { users, ...(secret !== '' && { secret }) };
  return { sessions: new Sessions(settings, () => lifetimes, era), lifetimes };
};
const forward = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe('a session', () => {
  test('ends when its lifetime is over, and not before', () => {
    const { sessions } = make();
    const { ticket } = sessions.issue('session', 'carol')!;
    expect(ticket.expires).toBe(1_800_003_600_000);
    vi.setSystemTime(1_800_003_599_999);
    const session = sessions.check(ticket)!;
    expect(session.user).toMatchObject({ name: 'carol', level: 0 });
    expect(sessions.stillHolds(session)).toBe(true);
    forward(1);
    expect(sessions.check(ticket)).toBeUndefined();
    expect(sessions.stillHolds(session)).toBe(false);
  });

  test('ends earlier when the configuration shortens lifetimes, but not later when it prolongs them', () => {
    const { sessions, lifetimes } = make();
    const { ticket } = sessions.issue('session', 'carol')!;
    const { ticket: token } = sessions.issue('token', 'carol', 7200)!;
    lifetimes.session_lifetime = 60;
    lifetimes.token_lifetime = 120;
    expect(sessions.endOf(ticket)).toBe(NOW + 60_000);
    forward(60_000);
    expect(sessions.check(ticket)).toBeUndefined();
    expect(sessions.check(token)).toBeDefined();
    forward(60_000);
    expect(sessions.check(token)).toBeUndefined();
    lifetimes.session_lifetime = lifetimes.token_lifetime = 1e9;
    vi.setSystemTime(ticket.expires);
    expect(sessions.check(ticket)).toBeUndefined();
    expect(sessions.check(token)).toBeDefined();
    vi.setSystemTime(token.expires);
    expect(sessions.check(token)).toBeUndefined();
  });

  test('a token lives as long as it is asked for, within the limit', () => {
    const { sessions } = make();
    expect(sessions.issue('token', 'carol', 60)!.ticket.expires).toBe(1_800_000_060_000);
    expect(sessions.issue('token', 'carol', 1e9)!.ticket.expires).toBe(1_800_086_400_000);
  });

  test.each([
    ['another password', [ADMIN, CAROL.replace('dc66', 'dc67'), DAVE]],
    ['another level', [ADMIN, CAROL.replace('carol:0', 'carol:1'), DAVE]],
    ['no such user any more', [ADMIN, DAVE]],
  ])('ends with the user’s line: %s; others go on', (_what, users) => {
    const { sessions } = make();
    const carol = sessions.check(sessions.issue('session', 'carol')!.ticket)!;
    const { ticket } = sessions.issue('session', 'admin')!;
    sessions.configure({ users, secret: 'a secret' });
    expect(sessions.stillHolds(carol)).toBe(false);
    expect(sessions.check(sessions.issue('session', 'admin')!.ticket)).toBeDefined();
    expect(sessions.check(ticket)).toBeDefined();
  });

  test.each([
    ['another secret', 'another secret'],
    ['none any more', undefined],
  ])('ends with the secret: %s', (_what, secret) => {
    const { sessions } = make();
    const { ticket } = sessions.issue('session', 'carol')!;
    const session = sessions.check(ticket)!;
    sessions.configure({ users: USERS, ...(secret !== undefined && { secret }) });
    expect(sessions.check(ticket)).toBeUndefined();
    expect(sessions.stillHolds(session)).toBe(false);
    sessions.configure({ users: USERS, secret: 'a secret' });
    expect(sessions.check(ticket)).toBeDefined();
  });

  test('without a secret a reload leaves it alone, but another process does not know it', () => {
    const { sessions } = make('');
    const { ticket } = sessions.issue('session', 'carol')!;
    sessions.configure({ users: USERS });
    expect(sessions.check(ticket)).toBeDefined();
    expect(make('').sessions.check(ticket)).toBeUndefined();
  });

  test('with a secret another process knows it, until the next boot', () => {
    const { ticket } = make().sessions.issue('session', 'carol')!;
    expect(make().sessions.check(ticket)).toBeDefined();
    expect(make('a secret', USERS, 'boot 2').sessions.check(ticket)).toBeUndefined();
  });

  test('nobody logs in who is no user', () => {
    expect(make().sessions.issue('session', 'eve')).toBeUndefined();
  });

  test('one from a future that a wrong clock has made up is refused', () => {
    const { sessions } = make();
    vi.setSystemTime(NOW + 400_000);
    const { ticket } = sessions.issue('session', 'carol')!;
    vi.setSystemTime(NOW);
    expect(sessions.check(ticket)).toBeUndefined();
    vi.setSystemTime(NOW + 100_000);
    expect(sessions.check(ticket)).toBeDefined();
  });
});

describe('what is ended', () => {
  test('one ticket: that one alone', () => {
    const { sessions } = make();
    const [first, second] = [1, 2].map(() => sessions.issue('session', 'carol')!.ticket);
    const session = sessions.check(first!)!;
    sessions.end(first!);
    expect(sessions.check(first!)).toBeUndefined();
    expect(sessions.stillHolds(session)).toBe(false);
    expect(sessions.check(second!)).toBeDefined();
  });

  test('the nonce of one user’s ticket does not end another user’s', () => {
    const { sessions } = make();
    const { ticket } = sessions.issue('token', 'admin')!;
    sessions.end({ ...ticket, user: 'carol' });
    expect(sessions.check(ticket)).toBeDefined();
  });

  test('all of a user, however the clock was set since they were issued, and in another process too', () => {
    const { sessions } = make();
    const { ticket } = sessions.issue('session', 'carol')!;
    const session = sessions.check(ticket)!;
    const { ticket: other } = sessions.issue('session', 'admin')!;
    forward(-250_000);
    expect(sessions.check(ticket)).toBeDefined();
    sessions.endUser('carol');
    expect(sessions.check(ticket)).toBeUndefined();
    expect(sessions.stillHolds(session)).toBe(false);
    expect(sessions.check(other)).toBeDefined();
    const { ticket: fresh } = sessions.issue('session', 'carol')!;
    expect(sessions.check(fresh)).toBeDefined();

    const { sessions: next } = make();
    next.mergeRevocations(sessions.exportRevocations());
    expect(next.check(ticket)).toBeUndefined();
    for (const kept of [fresh, other]) expect(next.check(kept)).toBeDefined();
    forward(-1000);
    next.endUser('carol');
    expect(next.check(fresh)).toBeUndefined();
    expect(next.check(next.issue('session', 'carol')!.ticket)).toBeDefined();
  });

  test('all of a user: those of others go on, and a new log-in in the same ms holds', () => {
    const { sessions } = make();
    const { ticket } = sessions.issue('session', 'carol')!;
    const { ticket: token } = sessions.issue('token', 'carol')!;
    const { ticket: other } = sessions.issue('session', 'admin')!;
    sessions.endUser('carol');
    expect(sessions.check(ticket)).toBeUndefined();
    expect(sessions.check(token)).toBeUndefined();
    expect(sessions.check(other)).toBeDefined();
    const { ticket: fresh } = sessions.issue('session', 'carol')!;
    expect(sessions.check(fresh)).toBeDefined();
    sessions.endUser('carol');
    expect(sessions.check(fresh)).toBeUndefined();
    expect(sessions.check(sessions.issue('session', 'carol')!.ticket)).toBeDefined();
  });

  test('all of everybody', () => {
    const { sessions } = make();
    const tickets = ['carol', 'admin'].map((name) => sessions.issue('session', name)!.ticket);
    sessions.endUser('carol');
    const fresh = sessions.issue('session', 'carol')!.ticket;
    sessions.endAll();
    for (const ticket of [...tickets, fresh]) expect(sessions.check(ticket)).toBeUndefined();
    expect(sessions.check(sessions.issue('session', 'carol')!.ticket)).toBeDefined();
  });

  test('each is told, so that it can be written down', () => {
    const { sessions } = make();
    sessions.onRevocation = vi.fn();
    sessions.end(sessions.issue('session', 'carol')!.ticket);
    expect(sessions.onRevocation).toHaveBeenCalledTimes(1);
    sessions.endUser('carol');
    expect(sessions.onRevocation).toHaveBeenCalledTimes(2);
  });
});

describe('the next version of the plugin', () => {
  test.each(['', 'a secret'])('goes on with key and revocations, secret %j', (secret) => {
    const { sessions } = make(secret);
    const [kept, ended] = [1, 2].map(() => sessions.issue('session', 'carol')!.ticket);
    const { ticket: admin } = sessions.issue('session', 'admin')!;
    sessions.end(ended!);
    sessions.endUser('admin');
    const { sessions: next } = make(secret);
    next.importState(structuredClone(sessions.exportState()));
    expect(next.check(kept!)).toBeDefined();
    expect(next.check(ended!)).toBeUndefined();
    expect(next.check(admin)).toBeUndefined();
  });

  test('a secret that the configuration has now counts, not the random key of before', () => {
    const { sessions } = make('');
    const { ticket } = sessions.issue('session', 'carol')!;
    const { sessions: next } = make('a secret');
    next.importState(sessions.exportState());
    expect(next.check(ticket)).toBeUndefined();
  });

  test('the key of a secret is not handed out', () => {
    expect(make().sessions.exportState()).not.toHaveProperty('randomKey');
  });

  test.each([
    undefined,
    null,
    {},
    { revocations: {} },
    { randomKey: 'x', revocations: new Revocations().export() },
  ])('refuses %j', (state) => {
    expect(() => make().sessions.importState(state)).toThrow('damaged');
  });
});

describe('the memory of revocations is bounded', () => {
  const nonce = (i: number) => i.toString(16).padStart(32, '0');
  const ticket = (user: string, i: number, expires = NOW + 1e6) => ({
    kind: 'session' as const,
    user,
    issued: NOW,
    expires,
    nonce: nonce(i),
  });

  test('what has expired makes room', () => {
    const revocations = new Revocations();
    for (let i = 0; i < 4095; i++) revocations.endTicket(ticket('carol', i, NOW + 1), NOW);
    revocations.endTicket(ticket('carol', 4095), NOW);
    revocations.endTicket(ticket('carol', 4096), NOW + 1);
    expect(revocations.export().tickets.map(([each]) => each)).toEqual([nonce(4095), nonce(4096)]);
    expect(revocations.export().users).toEqual([]);
  });

  test('if nothing has, the user who has ended most loses everything; nothing is ever undone', () => {
    const revocations = new Revocations();
    revocations.endTicket(ticket('admin', 1), NOW);
    for (let i = 2; i < 4098; i++) revocations.endTicket(ticket('carol', i), NOW);
    expect(revocations.export().tickets.length).toBeLessThan(100);
    expect(revocations.includes(ticket('admin', 1))).toBe(true);
    expect(revocations.includes(ticket('admin', 99_999))).toBe(false);
    for (let i = 2; i < 4098; i++) expect(revocations.includes(ticket('carol', i))).toBe(true);
    expect(revocations.includes(ticket('carol', 99_999))).toBe(true);
  });

  test('so is the number of users', () => {
    const revocations = new Revocations();
    for (let i = 0; i < 5000; i++) revocations.endUser(`user${i}`, NOW);
    expect(revocations.export().users.length).toBeLessThanOrEqual(4096);
    for (const i of [0, 4095, 4096, 4999]) expect(revocations.includes(ticket(`user${i}`, i))).toBe(true);
  });

  test('rounds: the later one counts, whichever way they are merged', () => {
    const one = new Revocations();
    const two = new Revocations();
    one.endUser('carol', NOW);
    one.endUser('carol', NOW);
    two.endUser('carol', NOW);
    two.endUser('admin', NOW);
    const [first, second] = [one.export(), two.export()];
    for (const [into, state] of [[one, second] as const, [two, first] as const]) {
      into.merge(state, NOW);
      expect(['carol', 'admin', 'dave'].map((name) => into.roundOf(name))).toEqual(['0.2', '0.1', '']);
    }
    two.endAll(NOW);
    one.merge(two.export(), NOW);
    expect(['carol', 'admin', 'dave'].map((name) => one.roundOf(name))).toEqual(['1.0', '1.0', '1.0']);
    one.merge(first, NOW); // of before
    expect(one.roundOf('carol')).toBe('1.0');
  });

  test('what is merged stays within the bounds, too, and forgets nothing', () => {
    const one = new Revocations();
    const two = new Revocations();
    for (let i = 0; i < 4000; i++) {
      one.endUser(`one${i}`, NOW);
      two.endUser(`two${i}`, NOW);
      one.endTicket(ticket('carol', i), NOW);
      two.endTicket(ticket('admin', 10_000 + i), NOW);
    }
    one.merge(two.export(), NOW);
    const state = one.export();
    expect(state.users.length).toBeLessThanOrEqual(4096);
    expect(state.tickets.length).toBeLessThanOrEqual(4096);
    for (const gone of [ticket('one1', 1), ticket('two1', 1), ticket('carol', 1), ticket('admin', 10_001)]) {
      expect(one.includes(gone)).toBe(true);
    }
  });

  test('the same one twice needs no more room', () => {
    const revocations = new Revocations();
    for (let i = 0; i < 5000; i++) revocations.endTicket(ticket('carol', 1), NOW);
    expect(revocations.export()).toEqual({
      everybody: 0,
      users: [],
      tickets: [[nonce(1), 'carol', NOW + 1e6]],
    });
  });
});
