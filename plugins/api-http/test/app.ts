/** The application of a fake daemon, without sockets. */
import type { FastifyInstance } from 'fastify';
import type { ServiceContext } from 'rvrrpd/plugin';
import { buildApp } from '../src/app.ts';
import { Authentication } from '../src/auth/authentication.ts';
import type { Deps, Routes } from '../src/deps.ts';
import { EventHistory } from '../src/events/history.ts';
import type { ApiOptions } from '../src/options.ts';
import { Tally } from '../src/tally.ts';
import { fakeContext, OPTIONS } from './context.ts';

/** Everything that a test of it may want to look at. */
export interface TestApp {
  readonly app: FastifyInstance;
  readonly auth: Authentication;
  readonly deps: Deps;
  readonly options: { -readonly [name in keyof ApiOptions]: ApiOptions[name] };
  /** Every line, `level message`. */
  readonly log: string[];
}

/** @param routes beside the API's own */
export async function makeApp(
  overrides: Partial<ServiceContext> = {},
  ...routes: readonly Routes[]
): Promise<TestApp> {
  const log: string[] = [];
  const context = fakeContext({ log: (level, message) => log.push(`${level} ${message}`), ...overrides });
  const options = { ...OPTIONS };
  const deps: Deps = {
    context,
    options: () => options,
    tally: new Tally(),
    history: new EventHistory(context),
  };
  const auth = new Authentication(context, context.api, () => options, deps.tally, 'boot 1');
  auth.open();
  return { app: await buildApp(deps, auth, routes), auth, deps, options, log };
}

/** Logs in with 0.1.3's form. @returns the `Cookie` header of its session */
export async function cookiesOf(app: FastifyInstance, user = 'admin'): Promise<string> {
  const { cookies } = await app.inject({
    method: 'POST',
    url: '/auth',
    payload: `user=${user} passwd=banana`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}

/** Logs in with JSON. @returns the `Authorization` header of its session */
export async function bearerOf(app: FastifyInstance, user = 'admin'): Promise<string> {
  const answer = await app.inject({ method: 'POST', url: '/auth', payload: { user, passwd: 'banana' } });
  return `Bearer ${answer.json<{ token: string }>().token}`;
}
