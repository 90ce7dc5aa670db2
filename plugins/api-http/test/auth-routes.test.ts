import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bearerOf, cookiesOf, makeApp, type TestApp } from './app.ts';
import { ADMIN, API, CAROL } from './context.ts';

let it: TestApp;
beforeEach(async () => {
  it = await makeApp();
});
afterEach(async () => {
  vi.useRealTimers();
  await it.app.close();
});

const FORM = 'application/x-www-form-urlencoded';
const logIn = (payload: string, type: string | undefined = FORM, remoteAddress = '192.0.2.1') =>
  it.app.inject({
    method: 'POST',
    url: '/auth',
    payload,
    remoteAddress,
    headers: type === undefined ? {} : { 'content-type': type },
  });
const who = async (headers: Record<string, string>) =>
  (await it.app.inject({ url: '/auth', headers })).statusCode;

describe('POST /auth', () => {
  test.each([FORM, 'text/plain', 'application/octet-stream', 'nonsense', 'multipart/form-data', ''])(
    'the form of 0.1.3 with Content-Type %j: four cookies, no token',
    async (type) => {
      const answer = await logIn('user=admin passwd=banana', type === '' ? undefined : type);
      expect(answer.statusCode).toBe(200);
      expect(answer.cookies.map(({ name }) => name)).toEqual(['user', 'ts', 'nonce', 'token']);
      for (const cookie of answer.cookies) {
        expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/', maxAge: 3600 });
        expect(cookie).not.toHaveProperty('secure');
      }
      const [user, ts, nonce, token] = answer.cookies.map(({ value }) => value);
      expect(user).toBe('admin');
      expect(Math.abs(Number(ts) - Date.now() / 1000)).toBeLessThan(60);
      expect(nonce).toMatch(/^[0-9a-f]{32}$/);
      expect(token).toMatch(/^[0-9a-f]{76}$/);
      expect(answer.json()).toEqual({
        user: 'admin',
        level: 1,
        expires: expect.stringMatching(/^\d{4}-.*Z$/),
      });
      expect(it.deps.tally.logins).toEqual({ ok: 1, failed: 0 });
    },
  );

  test('JSON: a bearer token, no cookies', async () => {
    const answer = await logIn('{"user":"carol","passwd":"banana"}', 'application/json; charset=utf-8');
    expect(answer.statusCode).toBe(200);
    expect(answer.cookies).toEqual([]);
    const { token, ...rest } = answer.json<{ token: string }>();
    expect(rest).toEqual({ user: 'carol', level: 0, expires: expect.any(String) });
    expect(await who({ authorization: `Bearer ${token}` })).toBe(200);
  });

  test.each([
    ['user=admin passwd=wrong', FORM],
    ['user=admin passwd=', FORM],
    ['user=nobody passwd=banana', FORM],
    ['user=ADMIN passwd=banana', FORM],
    ['user=ad/min passwd=banana', FORM],
    ['user=admin passwd=%62anana', FORM],
    ['{"user":"admin","passwd":"wrong"}', 'application/json'],
  ])('%s is 401, and does not say what was wrong', async (payload, type) => {
    const answer = await logIn(payload, type);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="rvrrpd"');
    expect(answer.json()).toEqual({
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      detail: 'wrong user name or password',
    });
    expect(answer.cookies).toEqual([]);
    expect(it.deps.tally.logins).toEqual({ ok: 0, failed: 1 });
  });

  test.each<[string, string | undefined]>([
    ['', FORM],
    ['', undefined],
    ['user=admin', FORM],
    ['user=admin&passwd=banana', FORM],
    ['user=admin  passwd=banana', FORM],
    ['user=admin passwd=banana', 'application/json'],
    ['{"user":"admin","passwd":"banana"}', FORM],
    ['{"user":"admin","passwd":"banana"', 'application/json'],
    ['{"user":["admin"],"passwd":"banana"}', 'application/json'],
    ['null', 'application/json'],
  ])('%j as %s is 400, and checks no password', async (payload, type) => {
    const answer = await logIn(payload, type);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().detail).toMatch(/^the body must be /);
    expect(answer.body).not.toContain('banana');
    expect(it.deps.tally.logins).toEqual({ ok: 0, failed: 0 });
  });

  test('what is not UTF-8 is 400: it would be another password', async () => {
    const payload = Buffer.from('user=admin passwd=b\xe4nana', 'latin1');
    const answer = await it.app.inject({ method: 'POST', url: '/auth', payload });
    expect(answer.statusCode).toBe(400);
  });

  test('a body of 9 KiB is 413', async () => {
    expect((await logIn(`user=admin passwd=${'x'.repeat(9000)}`)).statusCode).toBe(413);
    expect(it.deps.tally.refused['too-large']).toBe(1);
  });

  test('a user whom a reload takes away while its password is checked is not logged in', async () => {
    await it.app.close();
    it = await makeApp({
      authenticate: async () => {
        it.auth.configure({ users: [CAROL] });
        return 1;
      },
    });
    expect((await logIn('user=admin passwd=banana')).statusCode).toBe(401);
  });

  test('more than 10 failures from an address: 429 before a password is checked; another address may', async () => {
    let checked = 0;
    await it.app.close();
    it = await makeApp({
      authenticate: async (_user, password) => {
        checked++;
        return password === 'banana' ? 1 : undefined;
      },
    });
    for (let i = 0; i < 10; i++) expect((await logIn('user=admin passwd=x')).statusCode).toBe(401);
    const answer = await logIn('user=admin passwd=banana');
    expect(answer.statusCode).toBe(429);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(50);
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(checked).toBe(10);
    expect((await logIn('user=admin passwd=banana', FORM, '192.0.2.2')).statusCode).toBe(200);
    expect(it.deps.tally.refused['rate-limited']).toBe(1);
  });

  test('what a client says of its address does not count', async () => {
    for (let i = 0; i < 11; i++) {
      const answer = await it.app.inject({
        method: 'POST',
        url: '/auth',
        payload: 'user=admin passwd=x',
        remoteAddress: '192.0.2.1',
        headers: { 'x-forwarded-for': `198.51.100.${i}`, forwarded: `for=198.51.100.${i}` },
      });
      expect(answer.statusCode).toBe(i < 10 ? 401 : 429);
    }
  });

  test('30 at once from one address: no more than 11 passwords are checked', async () => {
    let checked = 0;
    await it.app.close();
    it = await makeApp({
      authenticate: async () => {
        checked++;
        await new Promise((resolve) => setTimeout(resolve, 5));
        return undefined;
      },
    });
    const statuses = (await Promise.all(Array.from({ length: 30 }, () => logIn('user=admin passwd=x')))).map(
      ({ statusCode }) => statusCode,
    );
    expect(checked).toBeGreaterThanOrEqual(10);
    expect(checked).toBeLessThanOrEqual(11);
    expect(statuses.filter((status) => status === 401)).toHaveLength(checked);
    expect(statuses.every((status) => [401, 429, 503].includes(status))).toBe(true);
  });

  test('20 at once from as many addresses: 2 are checked, 16 wait, 2 are told to come back', async () => {
    const ends: (() => void)[] = [];
    await it.app.close();
    it = await makeApp({ authenticate: () => new Promise((resolve) => ends.push(() => resolve(1))) });
    const attempts = Array.from({ length: 20 }, async (_, i) =>
      logIn('user=admin passwd=banana', FORM, `192.0.2.${i}`),
    );
    const refused: Awaited<(typeof attempts)[number]>[] = [];
    for (const attempt of attempts) void attempt.then((answer) => refused.push(answer));
    await vi.waitFor(() => expect(refused).toHaveLength(2));
    for (const { statusCode, headers } of refused) {
      expect(statusCode).toBe(503);
      expect(headers['retry-after']).toBe('1');
    }
    for (let i = 0; i < 18; i++) {
      await vi.waitFor(() => expect(ends.length).toBeGreaterThan(i));
      expect(ends.length).toBeLessThanOrEqual(i + 2);
      ends[i]!();
    }
    const statuses = (await Promise.all(attempts)).map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 200)).toHaveLength(18);
    expect(statuses.filter((status) => status === 503)).toHaveLength(2);
  });

  test('a check that breaks is 500, and says so to the log alone', async () => {
    await it.app.close();
    it = await makeApp({ authenticate: () => Promise.reject(new Error('the thread is gone')) });
    const answer = await logIn('user=admin passwd=banana');
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('thread');
    expect(it.log.join('\n')).toMatch(/^error POST \/auth failed: Error: the thread is gone\n/);
  });

  test('failures are logged, at a bounded rate, with names of users only', async () => {
    await logIn('user=carol passwd=x');
    await logIn('user=mypassword passwd=x');
    for (let i = 0; i < 100; i++) await logIn('user=carol passwd=x', FORM, `192.0.2.${i}`);
    expect(it.log.slice(0, 2)).toEqual([
      'warn log-in of carol from 192.0.2.1 failed',
      'warn log-in of an unknown user from 192.0.2.1 failed',
    ]);
    expect(it.log).toHaveLength(10);
  });
});

describe('GET /auth', () => {
  test('tells who one is', async () => {
    const cookie = await cookiesOf(it.app, 'carol');
    const answer = await it.app.inject({ url: '/auth/', headers: { cookie } });
    expect(answer.json()).toEqual({ user: 'carol', level: 0, kind: 'session', expires: expect.any(String) });
    expect((await it.app.inject('/auth')).statusCode).toBe(401);
  });
});

describe('DELETE /auth', () => {
  test('ends this session, clears its cookies, and leaves others alone', async () => {
    const [cookie, other] = [await cookiesOf(it.app), await cookiesOf(it.app)];
    const answer = await it.app.inject({ method: 'DELETE', url: '/auth', headers: { cookie } });
    expect(answer.statusCode).toBe(204);
    expect(answer.body).toBe('');
    expect(answer.cookies.map(({ name, value, maxAge }) => [name, value, maxAge])).toEqual([
      ['user', '', 0],
      ['ts', '', 0],
      ['nonce', '', 0],
      ['token', '', 0],
    ]);
    expect(await who({ cookie })).toBe(401);
    expect(await who({ cookie: other })).toBe(200);
    expect(it.log.filter((line) => !line.startsWith('debug'))).toEqual([
      'info admin has logged out: a session is ended',
    ]);
  });

  test('ends this bearer token', async () => {
    const authorization = await bearerOf(it.app, 'carol');
    const answer = await it.app.inject({ method: 'DELETE', url: '/auth', headers: { authorization } });
    expect(answer.statusCode).toBe(204);
    expect(await who({ authorization })).toBe(401);
  });
});

describe('tokens for automation', () => {
  const make = (payload: object, headers: Record<string, string>) =>
    it.app.inject({ method: 'POST', url: '/auth/tokens', payload, headers });

  test('have their maker’s level, live as long as asked for, and can be ended by their id', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    const cookie = await cookiesOf(it.app, 'carol');
    const answer = await make({ name: 'backup script', lifetime: 86_400 }, { cookie });
    expect(answer.statusCode).toBe(201);
    const { token, id, expires } = answer.json<{ token: string; id: string; expires: string }>();
    expect(Date.parse(expires)).toBe(1_800_086_400_000);
    const authorization = `Bearer ${token}`;
    vi.setSystemTime(1_800_086_399_000); // long after the session
    expect((await it.app.inject({ url: '/auth', headers: { authorization } })).json()).toEqual({
      user: 'carol',
      level: 0,
      kind: 'token',
      expires,
    });
    expect(await who({ cookie })).toBe(401);
    const again = await cookiesOf(it.app, 'carol');
    const url = `/auth/tokens/${id}`;
    for (const _ of [1, 2]) {
      expect((await it.app.inject({ method: 'DELETE', url, headers: { cookie: again } })).statusCode).toBe(
        204,
      );
      expect(await who({ authorization })).toBe(401);
    }
    expect(it.log.join('\n')).toContain(
      'info carol has made the token "backup script", until 2027-01-16T08:00:00.000Z',
    );
    expect(it.log.join('\n')).not.toContain(token.slice(-20));
  });

  test('expire', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    const { token } = (await make({ lifetime: 60 }, { cookie: await cookiesOf(it.app) })).json<{
      token: string;
    }>();
    const authorization = `Bearer ${token}`;
    vi.setSystemTime(1_800_000_059_999);
    expect(await who({ authorization })).toBe(200);
    vi.setSystemTime(1_800_000_060_000);
    expect(await who({ authorization })).toBe(401);
  });

  test('do not make other tokens: one that leaks could not be got rid of', async () => {
    const { token } = (await make({ lifetime: 60 }, { cookie: await cookiesOf(it.app) })).json<{
      token: string;
    }>();
    const answer = await make({ lifetime: 60 }, { authorization: `Bearer ${token}` });
    expect(answer.statusCode).toBe(403);
  });

  test('somebody else’s id ends nothing', async () => {
    const { token, id } = (await make({ lifetime: 60 }, { cookie: await cookiesOf(it.app) })).json<{
      token: string;
      id: string;
    }>();
    const cookie = await cookiesOf(it.app, 'carol');
    expect(
      (await it.app.inject({ method: 'DELETE', url: `/auth/tokens/${id}`, headers: { cookie } })).statusCode,
    ).toBe(204);
    expect(await who({ authorization: `Bearer ${token}` })).toBe(200);
    const nonsense = await it.app.inject({ method: 'DELETE', url: '/auth/tokens/x', headers: { cookie } });
    expect(nonsense.statusCode).toBe(404);
  });

  test.each<[unknown, number]>([
    [{ lifetime: 31_536_001 }, 422],
    [{}, 400],
    [{ lifetime: 0 }, 400],
    [{ lifetime: 1.5 }, 400],
    [{ lifetime: '60' }, 400],
    [{ lifetime: null }, 400],
    [{ lifetime: 60, name: '' }, 400],
    [{ lifetime: 60, name: 'a\nb' }, 400],
    [{ lifetime: 60, name: 'x'.repeat(65) }, 400],
    [{ lifetime: 60, level: 9 }, 400],
    [[], 400],
  ])('%j is refused', async (payload, status) => {
    const answer = await make(payload as object, { cookie: await cookiesOf(it.app) });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });
});

describe('DELETE /auth/sessions/:user', () => {
  const end = (user: string, cookie: string) =>
    it.app.inject({ method: 'DELETE', url: `/auth/sessions/${user}`, headers: { cookie } });

  test('one’s own, all of them', async () => {
    const cookies = [await cookiesOf(it.app, 'carol'), await cookiesOf(it.app, 'carol')];
    const admin = await cookiesOf(it.app);
    expect((await end('carol', cookies[0]!)).statusCode).toBe(204);
    for (const cookie of cookies) expect(await who({ cookie })).toBe(401);
    expect(await who({ cookie: admin })).toBe(200);
    expect(await who({ cookie: await cookiesOf(it.app, 'carol') })).toBe(200);
  });

  test('anybody’s with level 1, nobody else’s with level 0', async () => {
    const carol = await cookiesOf(it.app, 'carol');
    const admin = await cookiesOf(it.app);
    expect((await end('admin', carol)).statusCode).toBe(403);
    expect(await who({ cookie: admin })).toBe(200);
    expect((await end('carol', admin)).statusCode).toBe(204);
    expect(await who({ cookie: carol })).toBe(401);
    expect((await end('nobody', admin)).statusCode).toBe(404);
  });
});

test('with a secret, what a log-out ends is written down', async () => {
  const other = await makeApp({ api: { ...API, secret: 's'.repeat(32), users: [ADMIN] } });
  // The fake's state file cannot be written: each attempt is logged.
  expect(other.log.filter((line) => line.startsWith('error'))).toHaveLength(1);
  const cookie = await cookiesOf(other.app);
  await other.app.inject({ method: 'DELETE', url: '/auth', headers: { cookie } });
  expect(other.log.filter((line) => line.startsWith('error'))).toHaveLength(2);
  await other.app.close();
});
