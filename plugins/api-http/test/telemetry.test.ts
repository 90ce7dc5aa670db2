/** `/events`, `/metrics` and `/healthz` in the application as a whole: access, counting, the end of a session. */
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { bearerOf, makeApp, type TestApp } from './app.ts';

let made: TestApp;

afterEach(async () => {
  await made.app.close();
});

test('who may see what', async () => {
  made = await makeApp();
  const status = async (url: string, headers: Record<string, string> = {}) =>
    (await made.app.inject({ url, headers })).statusCode;
  expect(await status('/healthz')).toBe(200);
  expect(await status('/metrics')).toBe(401);
  expect(await status('/events')).toBe(401);
  const authorization = await bearerOf(made.app, 'carol');
  expect(await status('/metrics', { authorization })).toBe(200);
  made.options.public_metrics = true;
  expect(await status('/metrics')).toBe(200);
});

test('refused requests are counted, too', async () => {
  made = await makeApp();
  const authorization = await bearerOf(made.app);
  await made.app.inject({ url: '/events' });
  await made.app.inject({ method: 'POST', url: '/events', headers: { authorization } });
  await made.app.inject({ url: '/no/where', headers: { authorization } });
  const { body } = await made.app.inject({ url: '/metrics', headers: { authorization } });
  expect(body.split('\n')).toEqual(
    expect.arrayContaining([
      'rvrrpd_api_requests_total{method="POST",route="/auth",status="200"} 1',
      'rvrrpd_api_requests_total{method="GET",route="/events",status="401"} 1',
      'rvrrpd_api_requests_total{method="POST",route="none",status="405"} 1',
      'rvrrpd_api_requests_total{method="GET",route="none",status="404"} 1',
      'rvrrpd_api_refused_total{reason="unauthorized"} 1',
      'rvrrpd_api_logins_total{outcome="ok"} 1',
    ]),
  );
});

test('a stream has no head', async () => {
  made = await makeApp();
  const authorization = await bearerOf(made.app);
  const answer = await made.app.inject({ method: 'HEAD', url: '/events', headers: { authorization } });
  expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'GET']);
});

describe('a stream of events', () => {
  test.each([
    ['logs out', { method: 'DELETE', url: '/auth' }],
    ['ends all of its sessions', { method: 'DELETE', url: '/auth/sessions/carol' }],
  ] as const)('ends when its user %s', async (_, logOut) => {
    made = await makeApp();
    await made.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = made.app.server.address() as AddressInfo;
    const authorization = await bearerOf(made.app, 'carol');
    const sent = request({ port, path: '/events', headers: { authorization }, agent: false }).end();
    const answer = await new Promise<IncomingMessage>((resolve) => sent.once('response', resolve));
    answer.resume();
    expect([answer.statusCode, answer.headers['x-content-type-options']]).toEqual([200, 'nosniff']);
    expect(made.deps.tally.subscribers).toBe(1);
    expect((await made.app.inject({ ...logOut, headers: { authorization } })).statusCode).toBe(204);
    await vi.waitFor(() => expect(answer.complete).toBe(true), 5000);
    await vi.waitFor(() => expect(made.deps.tally.subscribers).toBe(0));
  });
});
