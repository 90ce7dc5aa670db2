/** An app with nothing but groups of routes, for their tests: everybody who asks is `caller`. */
import Fastify, { type FastifyInstance } from 'fastify';
import type { ServiceContext, ServiceEvent } from 'rvrrpd/plugin';
import type { Caller, Deps, Routes } from '../src/deps.ts';
import { EventHistory } from '../src/events/history.ts';
import { ProblemError, ProblemSchema, problem } from '../src/problems.ts';
import { Tally } from '../src/tally.ts';
import { fakeContext, OPTIONS } from './context.ts';

/** A context whose events a test makes. */
export function eventfulContext(overrides: Partial<ServiceContext> = {}) {
  const listeners: Parameters<ServiceContext['subscribe']>[0][] = [];
  return {
    context: fakeContext({ subscribe: (listener) => listeners.push(listener), ...overrides }),
    emit: (events: readonly ServiceEvent[], lost = 0): void => {
      for (const listener of listeners) listener(events, lost);
    },
  };
}

/** A caller whose session holds until it is ended. */
export class TestCaller implements Caller {
  readonly user = 'carol';
  readonly level = 0;
  expires = Number.POSITIVE_INFINITY;
  valid = true;
  stillValid(): boolean {
    return this.valid;
  }
}

/** An app and what it was made with. */
export interface TelemetryApp {
  readonly app: FastifyInstance;
  readonly deps: Deps;
  readonly caller: TestCaller;
}

/** Makes an app. The test closes it. */
export function telemetryApp(routes: Routes, context: ServiceContext = fakeContext()): TelemetryApp {
  const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } });
  const caller = new TestCaller();
  const deps: Deps = {
    context,
    options: () => OPTIONS,
    tally: new Tally(),
    history: new EventHistory(context),
  };
  app.addSchema(ProblemSchema);
  app.addHook('onRequest', async (request) => {
    request.caller = caller;
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    const headers = error instanceof ProblemError ? error.headers : {};
    return reply.code(status).headers(headers).send(problem(status, error.message));
  });
  routes(app, deps);
  return { app, deps, caller };
}
