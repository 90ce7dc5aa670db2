import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ServiceContext } from 'rvrrpd/plugin';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import plugin from '../src/index.ts';
import { ApiService } from '../src/service.ts';
import { type Certificate, Certificates } from './certificates.ts';
import { ADMIN, API, CAROL, fakeContext, OPTIONS } from './context.ts';
import { RawClient } from './raw-client.ts';

let certificates: Certificates;
let one: Certificate;
let folder: string;
beforeAll(() => {
  certificates = new Certificates();
  one = certificates.make('one');
  folder = mkdtempSync(path.join(tmpdir(), 'rvrrpd-service-'));
});
afterAll(() => {
  certificates.remove();
  rmSync(folder, { recursive: true });
});

let log: string[];
const services: ApiService[] = [];
const squatters: Server[] = [];
beforeEach(() => {
  log = [];
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(services.splice(0).map((service) => service.stop()));
  await Promise.all(squatters.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

function make(
  api: Partial<typeof API & { secret: string }> = {},
  more: Partial<ServiceContext> = {},
): ApiService {
  const service = new ApiService(
    fakeContext({
      api: { ...API, ...api },
      log: (level, message) => log.push(`${level} ${message}`),
      stateFile: path.join(folder, 'state.json'),
      ...more,
    }),
  );
  services.push(service);
  return service;
}

async function started(
  api: Parameters<typeof make>[0] = {},
  more: Partial<ServiceContext> = {},
): Promise<ApiService> {
  const service = make(api, more);
  await service.start();
  return service;
}

/** Somebody else who has a port. */
async function squat(host = '127.0.0.1', port = 0): Promise<{ port: number; server: Server }> {
  const server = createServer();
  squatters.push(server);
  server.listen(port, host);
  await once(server, 'listening');
  return { port: (server.address() as { port: number }).port, server };
}

/** A port that is free now, and that the kernel gives to nobody who asks for any (ip_local_port_range, ip-sysctl). */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    const server = createServer();
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening');
    } catch {
      continue;
    }
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

const url = (service: ApiService, to: string) => `http://127.0.0.1:${service.port}${to}`;
const settings = (api: Partial<typeof API & { secret: string }> = {}, options: object = {}) => ({
  api: { ...API, ...api },
  options: { ...OPTIONS, ...options },
});

async function logIn(service: ApiService, user = 'admin'): Promise<string> {
  const answer = await fetch(url(service, '/auth'), {
    method: 'POST',
    body: JSON.stringify({ user, passwd: 'banana' }),
    headers: { 'content-type': 'application/json' },
  });
  return `Bearer ${((await answer.json()) as { token: string }).token}`;
}

const statusFor = async (service: ApiService, authorization: string) =>
  (await fetch(url(service, '/auth'), { headers: { authorization, connection: 'close' } })).status;

/** GET over HTTPS, trusting one certificate alone. */
function getTls(
  port: number | undefined,
  ca: string,
  agent?: undefined,
): Promise<{ status: number; cookies: string[] }> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        port,
        host: '127.0.0.1',
        path: '/auth',
        method: 'POST',
        ca,
        servername: 'localhost',
        agent: agent ?? false,
      },
      (answer) => {
        answer
          .resume()
          .once('end', () =>
            resolve({ status: answer.statusCode!, cookies: answer.headers['set-cookie'] ?? [] }),
          );
      },
    );
    request.once('error', reject);
    request.end('user=admin passwd=banana');
  });
}

describe('the plugin', () => {
  test('is of kind api, and makes services', () => {
    expect(plugin.kind).toBe('api');
    expect(plugin.create(fakeContext())).toBeInstanceOf(ApiService);
  });

  test.each<[string, Partial<typeof API>, object, RegExp]>([
    ['host', { host: '7080' }, OPTIONS, /api\.host is "7080"/],
    ['key', { tls: true, tlsKey: '/nonexistent/key' }, OPTIONS, /\/nonexistent\/key cannot be read/],
    ['options', {}, { ...OPTIONS, session_lifetime: 'x' }, /session_lifetime must be a number/],
  ])('refuses what it cannot work with: %s', (_what, api, options, message) => {
    expect(() =>
      plugin.create(fakeContext({ api: { ...API, ...api }, options: options as ServiceContext['options'] })),
    ).toThrow(message);
  });
});

describe('the secret', () => {
  test('is warned of if it is short, once', async () => {
    const service = await started({ secret: 'too short' });
    const warnings = () => log.filter((line) => line.startsWith('warn'));
    expect(warnings()).toEqual([
      expect.stringMatching(/^warn api\.secret has less than 16 characters.*openssl rand/),
    ]);
    expect(warnings()[0]).not.toContain('too short');
    await (await service.reconfigure(settings({ secret: 'too short' }))).commit();
    expect(warnings()).toHaveLength(1);
    await (await service.reconfigure(settings({ secret: 'as short' }))).commit();
    expect(warnings()).toHaveLength(2);
    await (await service.reconfigure(settings({ secret: 's'.repeat(16) }))).commit();
    expect(warnings()).toHaveLength(2);
  });

  test('that is empty is none: nobody can sign with it', async () => {
    const [one, other] = [await started({ secret: '' }), await started({ secret: '' })];
    const authorization = await logIn(one);
    expect(await statusFor(one, authorization)).toBe(200);
    expect(await statusFor(other, authorization)).toBe(401);
  });
});

describe('start', () => {
  test('tells where it listens', async () => {
    const service = await started();
    expect(log).toEqual([
      `info client API at http://127.0.0.1:${service.port}, without TLS: passwords can be read on the way`,
    ]);
    expect((await fetch(url(service, '/healthz'))).status).toBe(200);
  });

  test('waits for a port that its predecessor is about to give back', async () => {
    const { port, server } = await squat();
    const service = make({ host: `127.0.0.1:${port}` });
    const start = service.start();
    setTimeout(() => server.close(), 300);
    await start;
    expect(service.port).toBe(port);
  });

  test('that fails says why, and can be tried again', async () => {
    const { port, server } = await squat();
    const service = make({ host: `127.0.0.1:${port}` });
    await expect(service.start()).rejects.toThrow(
      `the API cannot listen at 127.0.0.1:${port} (api.host): another process has this port. "ss -ltnp" shows which`,
    );
    expect(service.port).toBeUndefined();
    await new Promise((resolve) => server.close(resolve));
    await service.start();
    expect((await fetch(url(service, '/healthz'))).status).toBe(200);
  });

  test('at an address that is not ours', async () => {
    await expect(make({ host: '192.0.2.77:7080' }).start()).rejects.toThrow(
      /192\.0\.2\.77:7080 .*no such address/,
    );
  });

  test('on IPv6', async () => {
    const service = await started({ host: '[::1]:0' });
    expect((await fetch(`http://[::1]:${service.port}/healthz`)).status).toBe(200);
    expect(log[0]).toContain(`http://[::1]:${service.port}`);
  });

  test('with an expired certificate: the router must come up, the operator must know', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 40 * 86_400_000 });
    const service = await started({ tls: true, ...one });
    expect(log[0]).toMatch(/^error api\.tls_cert .* has expired on /);
    expect(log[1]).toMatch(/^info client API at https:/);
    vi.useRealTimers();
    expect((await getTls(service.port, one.pem)).status).toBe(200);
  });
});

describe('stop', () => {
  test('ends event streams and idle connections, and is over in time', async () => {
    const service = await started();
    const authorization = await logIn(service);
    const stream = await fetch(url(service, '/events'), { headers: { authorization } });
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    const ended = stream.text();
    const idle = new RawClient(service.port!);
    const silent = new RawClient(service.port!);
    idle.send('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    await idle.answer();
    await silent.opened;
    const { port } = service;
    const began = performance.now();
    await service.stop();
    expect(performance.now() - began).toBeLessThan(3000);
    await Promise.all([ended.catch(() => {}), idle.closed, silent.closed]);
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });

  test('lets requests under way be answered, unless they take too long', async () => {
    let asked: (answer: (level: number) => void) => void;
    const question = new Promise<(level: number) => void>((resolve) => {
      asked = resolve;
    });
    const service = await started(
      {},
      { authenticate: () => new Promise<number>((resolve) => asked(resolve)) },
    );
    const attempt = fetch(url(service, '/auth'), { method: 'POST', body: 'user=admin passwd=banana' });
    const answer = await question;
    const stopped = service.stop();
    setTimeout(() => answer(1), 100);
    expect((await attempt).status).toBe(200);
    await stopped;

    const other = await started({}, { authenticate: () => new Promise(() => {}) });
    const hopeless = fetch(url(other, '/auth'), { method: 'POST', body: 'user=admin passwd=banana' });
    hopeless.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    const began = performance.now();
    await other.stop();
    expect(performance.now() - began).toBeLessThan(3000);
    await expect(hopeless).rejects.toThrow();
  });

  test('can come twice, or without a start', async () => {
    const service = await started();
    await Promise.all([service.stop(), service.stop()]);
    await service.stop();
    await make().stop();
  });

  test('gives up a start that waits for its port', async () => {
    const { port } = await squat();
    const service = make({ host: `127.0.0.1:${port}` });
    const start = service.start();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await service.stop();
    await start;
    expect(service.port).toBeUndefined();
  });
});

describe('reconfigure', () => {
  test('takes nothing into use before commit, and nothing at all after abandon', async () => {
    const service = await started();
    const authorization = await logIn(service, 'carol');
    const prepared = await service.reconfigure(settings({ users: [ADMIN] }, { public_metrics: true }));
    expect(await statusFor(service, authorization)).toBe(200);
    expect((await fetch(url(service, '/metrics'))).status).toBe(401);
    await prepared.abandon?.();
    expect(await statusFor(service, authorization)).toBe(200);
    await (await service.reconfigure(settings({ users: [ADMIN] }, { public_metrics: true }))).commit();
    expect(await statusFor(service, authorization)).toBe(401);
    expect((await fetch(url(service, '/metrics'))).status).toBe(200);
  });

  test('leaves sessions of users alone that stay as they are', async () => {
    const service = await started({ secret: 's'.repeat(32) });
    const admin = await logIn(service, 'admin');
    const carol = await logIn(service, 'carol');
    const users = [ADMIN, CAROL.replace('carol:0', 'carol:1')];
    await (await service.reconfigure(settings({ secret: 's'.repeat(32), users }))).commit();
    expect(await statusFor(service, admin)).toBe(200);
    expect(await statusFor(service, carol)).toBe(401);
    await (await service.reconfigure(settings({ secret: 't'.repeat(32), users }))).commit();
    expect(await statusFor(service, admin)).toBe(401);
  });

  test('a shorter lifetime ends sessions that are older', async () => {
    const service = await started();
    const authorization = await logIn(service);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    expect(await statusFor(service, authorization)).toBe(200);
    await (await service.reconfigure(settings({}, { session_lifetime: 60 }))).commit();
    expect(await statusFor(service, authorization)).toBe(401);
  });

  test('another port: bound at once, served from commit on; the old one ends', async () => {
    const service = await started();
    const before = service.port!;
    const port = await freePort();
    const prepared = await service.reconfigure(settings({ host: `127.0.0.1:${port}` }));
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(503);
    expect((await fetch(url(service, '/healthz'))).status).toBe(200);
    const idle = new RawClient(before);
    await idle.opened;
    await prepared.commit();
    expect(service.port).toBe(port);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    await expect(fetch(`http://127.0.0.1:${before}/healthz`)).rejects.toThrow();
    idle.end();
    expect(log.at(-1)).toContain(`client API at http://127.0.0.1:${port}`);
  });

  test('another port that is called off is given back', async () => {
    const service = await started();
    const port = await freePort();
    await (await service.reconfigure(settings({ host: `127.0.0.1:${port}` }))).abandon?.();
    await squat('127.0.0.1', port);
    const prepared = await service.reconfigure(settings({ host: `127.0.0.1:${await freePort()}` }));
    await service.reconfigure(settings());
    await prepared.abandon?.();
    expect((await fetch(url(service, '/healthz'))).status).toBe(200);
  });

  test('a port that somebody has calls the reload off', async () => {
    const service = await started();
    const { port } = await squat();
    await expect(service.reconfigure(settings({ host: `127.0.0.1:${port}` }))).rejects.toThrow(
      /another process has this port/,
    );
    expect((await fetch(url(service, '/healthz'))).status).toBe(200);
  });

  test('from one address to all of them and back, on one port', async () => {
    const port = await freePort();
    const service = await started({ host: `127.0.0.1:${port}` });
    for (const host of ['0.0.0.0', '127.0.0.2', '127.0.0.1']) {
      const prepared = await service.reconfigure(settings({ host: `${host}:${port}` }));
      expect((await fetch(url(service, '/healthz'))).status).toBe(host === '127.0.0.1' ? 503 : 200);
      await prepared.commit();
      const at = host === '0.0.0.0' ? '127.0.0.1' : host;
      expect((await fetch(`http://${at}:${port}/healthz`)).status, host).toBe(200);
    }
  });

  test('to all addresses, one of which somebody else has: refused, the old one goes on', async () => {
    const port = await freePort();
    const service = await started({ host: `127.0.0.1:${port}` });
    await squat('127.0.0.3', port);
    await expect(service.reconfigure(settings({ host: `0.0.0.0:${port}` }))).rejects.toThrow(
      /another process/,
    );
    expect((await fetch(url(service, '/healthz'))).status).toBe(200);
  });

  test('a port that somebody takes between trial and commit: the old address goes on, and it is said', async () => {
    const port = await freePort();
    const service = await started({ host: `127.0.0.1:${port}` });
    const prepared = await service.reconfigure(settings({ host: `0.0.0.0:${port}` }));
    await squat('127.0.0.3', port);
    await prepared.commit();
    expect(log.at(-1)).toMatch(/^error the API cannot listen at 0\.0\.0\.0:/);
    expect((await fetch(url(service, '/healthz'))).status).toBe(200);
  });

  test('TLS on and off again, on one port', async () => {
    const port = await freePort();
    const host = `127.0.0.1:${port}`;
    const service = await started({ host });
    await (await service.reconfigure(settings({ host, tls: true, ...one }))).commit();
    const { status, cookies } = await getTls(port, one.pem);
    expect(status).toBe(200);
    expect(cookies).toHaveLength(4);
    for (const cookie of cookies) expect(cookie).toMatch(/; HttpOnly; Secure; SameSite=Strict$/);
    await (await service.reconfigure(settings({ host }))).commit();
    expect((await fetch(url(service, '/healthz'))).status).toBe(200);
  });

  test('another certificate, the same port', async () => {
    const service = await started({ tls: true, ...one });
    const two = certificates.make('two');
    const { port } = service;
    const prepared = await service.reconfigure(settings({ tls: true, ...two }));
    expect((await getTls(port, one.pem)).status).toBe(200);
    await prepared.commit();
    await expect(getTls(port, one.pem)).rejects.toThrow();
    expect((await getTls(port, two.pem)).status).toBe(200);
    expect(service.port).toBe(port);
  });

  test('a certificate that cannot be used calls the reload off', async () => {
    const service = await started({ tls: true, ...one });
    const two = certificates.make('mismatch');
    for (const [tlsFiles, message] of [
      [{ tlsKey: one.tlsKey, tlsCert: two.tlsCert }, /does not belong to the certificate/],
      [{ ...one, tlsCert: '/nonexistent' }, /cannot be read/],
    ] as const) {
      await expect(service.reconfigure(settings({ tls: true, ...tlsFiles }))).rejects.toThrow(message);
    }
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 40 * 86_400_000 });
    await expect(service.reconfigure(settings({ tls: true, ...two }))).rejects.toThrow(/has expired/);
    log.length = 0;
    await (await service.reconfigure(settings({ tls: true, ...one }))).commit();
    expect(log[0], 'the one in use is no reason to refuse other changes').toMatch(/^error .* has expired/);
    vi.useRealTimers();
    expect((await getTls(service.port, one.pem)).status).toBe(200);
  });

  test('before the start, and while it has failed to start', async () => {
    const service = make();
    await (await service.reconfigure(settings({ users: [ADMIN] }))).commit();
    const { port } = await squat();
    await (await service.reconfigure(settings({ host: `127.0.0.1:${port}`, users: [ADMIN] }))).commit();
    await expect(service.start()).rejects.toThrow('another process');
    await (await service.reconfigure(settings({ users: [ADMIN] }))).commit();
    await service.start();
    expect((await fetch(url(service, '/healthz'))).status).toBe(200);
  });

  test('fewer connections', async () => {
    const service = await started();
    await (await service.reconfigure(settings({}, { max_connections: 8 }))).commit();
    const clients = Array.from({ length: 12 }, () => new RawClient(service.port!));
    await Promise.all(clients.map((client) => Promise.race([client.opened, client.closed])));
    await expect
      .poll(() => clients.filter(({ socket }) => socket.destroyed).length, { timeout: 10_000 })
      .toBeGreaterThanOrEqual(4);
    for (const client of clients) client.end();
  });
});

describe('the next version', () => {
  test.each([undefined, 's'.repeat(32)])(
    'takes sessions, revocations and limits over; secret %s',
    async (secret) => {
      const api = secret === undefined ? {} : { secret };
      const service = await started(api);
      const kept = await logIn(service);
      const ended = await logIn(service);
      await fetch(url(service, '/auth'), { method: 'DELETE', headers: { authorization: ended } });
      for (let i = 0; i < 10; i++) {
        await fetch(url(service, '/auth'), { method: 'POST', body: 'user=admin passwd=wrong' });
      }
      const state: unknown = structuredClone(service.exportState());
      await service.stop();
      const next = make(api);
      next.importState(state);
      await next.start();
      expect(await statusFor(next, kept)).toBe(200);
      expect(await statusFor(next, ended)).toBe(401);
      const answer = await fetch(url(next, '/auth'), { method: 'POST', body: 'user=admin passwd=banana' });
      expect(answer.status).toBe(429);
    },
  );

  test('does not stumble over a state that it does not understand', async () => {
    const service = make();
    for (const state of [undefined, null, 7, {}, { auth: {} }, { auth: { sessions: 1 } }, { history: 'x' }]) {
      service.importState(state);
    }
    await service.start();
    expect((await fetch(url(service, '/healthz'))).status).toBe(200);
    expect(log.filter((line) => line.startsWith('warn'))).toHaveLength(2);
  });
});

test('a restart with a secret: sessions go on', async () => {
  const secret = 'u'.repeat(32);
  const stateFile = path.join(folder, 'restart.json');
  const service = await started({ secret }, { stateFile });
  const authorization = await logIn(service);
  await service.stop();
  const next = await started({ secret }, { stateFile });
  expect(await statusFor(next, authorization)).toBe(200);
  await next.stop();
  writeFileSync(stateFile, 'damaged');
  expect(await statusFor(await started({ secret }, { stateFile }), authorization)).toBe(401);
});

test('nothing that is secret gets into the log', async () => {
  const secret = 'the-secret-of-the-api-itself-0123456789';
  const service = await started({ secret });
  const authorization = await logIn(service);
  await fetch(url(service, '/auth'), { method: 'POST', body: 'user=hunter2 passwd=correct-horse' });
  await fetch(url(service, '/auth'), { method: 'DELETE', headers: { authorization } });
  await service.stop();
  const text = log.join('\n');
  expect(log.length).toBeGreaterThan(2);
  for (const word of [secret, 'banana', 'hunter2', 'correct-horse', ...authorization.split('.').slice(3)]) {
    expect(text).not.toContain(word);
  }
});
