import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Routes } from '../src/deps.ts';
import { bearerOf, cookiesOf, makeApp, type TestApp } from './app.ts';
import { ADMIN, API, CAROL } from './context.ts';

const probes: Routes = (app) => {
  for (const access of ['public', 'read', 'write', 'metrics'] as const) {
    for (const method of ['GET', 'POST'] as const) {
      app.route({ method, url: `/probe/${access}`, config: { access }, handler: async () => ({ access }) });
    }
  }
  app.get('/probe/unsaid', async () => ({}));
};

let test1: TestApp;
beforeEach(async () => {
  test1 = await makeApp({}, probes);
});
afterEach(async () => {
  vi.useRealTimers();
  await test1.app.close();
});

const get = (url: string, headers: Record<string, string> = {}) => test1.app.inject({ url, headers });
const post = (url: string, headers: Record<string, string> = {}) =>
  test1.app.inject({ method: 'POST', url, headers });

describe('who may what', () => {
  test.each([
    ['nobody', { public: 200, read: 401, write: 401, metrics: 401, unsaid: 401 }],
    ['carol', { public: 200, read: 200, write: 403, metrics: 200, unsaid: 403 }],
    ['admin', { public: 200, read: 200, write: 200, metrics: 200, unsaid: 200 }],
  ])('%s', async (user, expected) => {
    const ways =
      user === 'nobody'
        ? [{}]
        : [{ cookie: await cookiesOf(test1.app, user) }, { authorization: await bearerOf(test1.app, user) }];
    for (const headers of ways) {
      const statuses: Record<string, number> = {};
      for (const access of Object.keys(expected)) {
        statuses[access] = (await get(`/probe/${access}`, headers)).statusCode;
      }
      expect(statuses).toEqual(expected);
    }
  });

  test('metrics for everybody, if the option says so when they are asked for', async () => {
    test1.options.public_metrics = true;
    expect((await get('/probe/metrics')).statusCode).toBe(200);
    test1.options.public_metrics = false;
    expect((await get('/probe/metrics')).statusCode).toBe(401);
  });

  test('all levels from 1 to 9 may write', async () => {
    for (const level of [1, 5, 9]) {
      const other = await makeApp({ api: { ...API, users: [ADMIN.replace(':1:', `:${level}:`)] } }, probes);
      const cookie = await cookiesOf(other.app);
      expect((await other.app.inject({ url: '/probe/write', headers: { cookie } })).statusCode).toBe(200);
      await other.app.close();
    }
  });

  test('a stranger does not learn which paths there are', async () => {
    for (const url of [
      '/run/vrrp',
      '/run/nothing',
      '/nothing',
      '///x',
      '/../etc',
      '/run/vrrp/1/eth0',
      '/config/%2f..',
    ]) {
      for (const method of ['GET', 'POST', 'DELETE'] as const) {
        const answer = await test1.app.inject({ method, url });
        expect(answer.statusCode, `${method} ${url}`).toBe(401);
        expect(answer.headers['www-authenticate']).toBe('Bearer realm="rvrrpd"');
        expect(answer.json()).toMatchObject({ type: 'about:blank', status: 401 });
      }
    }
  });

  test.each(['/', '/healthz', '/healthz/', '/openapi.json', '/docs', '/docs/'])(
    '%s is for everybody',
    async (url) => {
      const { statusCode } = await get(url);
      expect(statusCode === 200 || statusCode === 302, String(statusCode)).toBe(true);
    },
  );

  test('refusals are counted', async () => {
    await get('/probe/read');
    await post('/probe/write', { cookie: await cookiesOf(test1.app, 'carol') });
    expect(test1.deps.tally.refused).toMatchObject({ unauthorized: 1, forbidden: 1 });
  });
});

describe('other sites', () => {
  test('must not have a browser change anything; reading gives them nothing', async () => {
    const cookie = await cookiesOf(test1.app);
    const status = async (origin: string) =>
      (await post('/probe/write', { cookie, host: 'router.example:7080', origin })).statusCode;
    expect(await status('https://router.example:7080')).toBe(200);
    expect(await status('http://ROUTER.example:7080')).toBe(200);
    for (const origin of [
      'https://evil.example',
      'https://router.example',
      'null',
      '',
      'https://router.example:7080.evil.example',
    ]) {
      expect(await status(origin), origin).toBe(403);
    }
    expect((await get('/probe/read', { cookie, origin: 'https://evil.example' })).statusCode).toBe(200);
  });

  test('must not log a browser in either', async () => {
    const answer = await test1.app.inject({
      method: 'POST',
      url: '/auth',
      payload: 'user=admin passwd=banana',
      headers: { 'content-type': 'text/plain', origin: 'https://evil.example' },
    });
    expect(answer.statusCode).toBe(403);
    expect(answer.cookies).toEqual([]);
  });
});

describe('a session', () => {
  test('ends on the server, whatever the client keeps', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const cookie = await cookiesOf(test1.app);
    const authorization = await bearerOf(test1.app);
    vi.setSystemTime(Date.now() + 3_598_000);
    expect((await get('/probe/read', { cookie })).statusCode).toBe(200);
    vi.setSystemTime(Date.now() + 2_000);
    expect((await get('/probe/read', { cookie })).statusCode).toBe(401);
    expect((await get('/probe/read', { authorization })).statusCode).toBe(401);
  });

  test('is told to routes, with its end', async () => {
    let valid: (() => boolean) | undefined;
    const { app, auth } = await makeApp({}, (into) => {
      into.get('/me', { config: { access: 'read' } }, async ({ caller }) => {
        valid = caller?.stillValid;
        return {
          user: caller?.user,
          level: caller?.level,
          left: Math.round((caller!.expires - Date.now()) / 10_000),
        };
      });
    });
    const answer = await app.inject({ url: '/me', headers: { cookie: await cookiesOf(app, 'carol') } });
    expect(answer.json()).toEqual({ user: 'carol', level: 0, left: 360 });
    expect(valid!()).toBe(true);
    auth.sessions.endUser('carol');
    expect(valid!()).toBe(false);
    await app.close();
  });

  test('cookies hold together: those of two sessions do not mix', async () => {
    const one = new Map(
      (await cookiesOf(test1.app, 'admin')).split('; ').map((pair) => pair.split('=') as [string, string]),
    );
    const two = new Map(
      (await cookiesOf(test1.app, 'carol')).split('; ').map((pair) => pair.split('=') as [string, string]),
    );
    const text = (cookies: Map<string, string>) =>
      [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    for (const name of ['user', 'nonce', 'token']) {
      const mixed = text(new Map([...two, [name, one.get(name)!]]));
      expect((await get('/probe/read', { cookie: mixed })).statusCode, name).toBe(401);
      const missing = new Map(two);
      missing.delete(name);
      expect((await get('/probe/read', { cookie: text(missing) })).statusCode, `no ${name}`).toBe(401);
    }
    const later = text(new Map([...two, ['ts', String(Number(two.get('ts')) + 1000)]]));
    expect((await get('/probe/read', { cookie: later })).statusCode).toBe(401);
    expect((await get('/probe/read', { cookie: text(two) })).statusCode).toBe(200);
  });

  test('the token of a bearer is no cookie, nor the other way round', async () => {
    const { token } = (
      await test1.app.inject({
        method: 'POST',
        url: '/auth/tokens',
        payload: { lifetime: 60 },
        headers: { cookie: await cookiesOf(test1.app) },
      })
    ).json<{ token: string }>();
    const [, user, ts, nonce, rest] = token.split('.');
    expect((await get('/probe/read', { authorization: `Bearer ${token}` })).statusCode).toBe(200);
    const cookie = `user=${user}; ts=${ts}; nonce=${nonce}; token=${rest}`;
    expect((await get('/probe/read', { cookie })).statusCode).toBe(401);
  });

  test('an Authorization header that is no good is not made up for by cookies', async () => {
    const cookie = await cookiesOf(test1.app);
    for (const authorization of [
      'Bearer x',
      'Bearer',
      'Basic YWRtaW46YmFuYW5h',
      '',
      'Bearer rvrrpd_session....',
    ]) {
      expect((await get('/probe/read', { cookie, authorization })).statusCode, authorization).toBe(401);
    }
  });

  test('of another daemon is not accepted', async () => {
    const other = await makeApp();
    expect((await get('/probe/read', { cookie: await cookiesOf(other.app) })).statusCode).toBe(401);
    await other.app.close();
  });
});

describe('whatever a client sends as its session', () => {
  const header = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  });
  const name = fc.constantFrom('user', 'ts', 'nonce', 'token', '__proto__', 'constructor', '');
  const value = fc.oneof(
    header,
    fc.constantFrom(
      'admin',
      'carol',
      '1700000000',
      '0'.repeat(32),
      '0'.repeat(76),
      'f'.repeat(76),
      '%00',
      '%',
      '"x"',
    ),
  );
  const cookies = fc
    .array(fc.tuple(name, value))
    .map((pairs) => pairs.map(([n, v]) => `${n}=${v}`).join('; '));

  test('it is refused, and nothing breaks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(cookies, header), async (cookie) => {
        expect((await get('/probe/read', { cookie })).statusCode).toBe(401);
      }),
      { numRuns: 300 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          header,
          header.map((text) => `Bearer ${text}`),
        ),
        async (authorization) => {
          expect((await get('/probe/read', { authorization })).statusCode).toBe(401);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('so is a good session with any octet of it changed', async () => {
    const cookie = await cookiesOf(test1.app, 'carol');
    const values = [...cookie.matchAll(/=([^;]+)/g)];
    const places = values.flatMap(({ index, 1: text }) => Array.from(text!, (_, i) => index + 1 + i));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...places),
        fc.constantFrom(...'0123456789abcdefXYZ_%'),
        async (place, octet) => {
          fc.pre(cookie[place] !== octet);
          const changed = cookie.slice(0, place) + octet + cookie.slice(place + 1);
          expect((await get('/probe/read', { cookie: changed })).statusCode).toBe(401);
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('the fake’s users are what the tests take them for', () => {
  expect(CAROL).toMatch(/carol:0:/);
  expect(ADMIN).toMatch(/admin:1:/);
});
