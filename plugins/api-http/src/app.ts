/** The HTTP application: what every request passes through, and all routes. It knows no sockets. */
import cookie from '@fastify/cookie';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { guardAccess } from './auth/access.ts';
import type { Authentication } from './auth/authentication.ts';
import { authRoutes } from './auth/routes.ts';
import { acceptJson, LARGEST_BODY } from './body.ts';
import { coerceParameters } from './coerce.ts';
import type { Deps, Routes } from './deps.ts';
import { registerProblems, sendError } from './errors.ts';
import { registerDocs } from './routes/docs.ts';
import { allRoutes } from './routes/index.ts';
import { welcomeRoutes } from './welcome.ts';

/** Characters of a path parameter. Names of plugins are the longest. */
const LONGEST_PARAMETER = 512;

/**
 * Headers of every answer. Nothing here is to be kept by a cache, shown in a frame or taken for a script; the page
 * of the documentation replaces the policy by its own.
 */
const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * Builds the application, ready to serve by its `routing`. To be closed with `close`, which also ends the event
 * streams.
 * @param more routes beside the API's own
 */
export async function buildApp(
  deps: Deps,
  auth: Authentication,
  more: readonly Routes[] = [],
): Promise<FastifyInstance> {
  const settings = { log: deps.context.log, tally: deps.tally };
  const app = fastify({
    bodyLimit: LARGEST_BODY,
    requestIdHeader: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: LONGEST_PARAMETER },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    // Faults that are found before there is a route, such as `%` without digits in the path.
    frameworkErrors: (error, request, reply) => {
      secure(reply);
      deps.tally.refuse('malformed');
      sendError(error, request, reply, settings);
    },
  });
  const paths = registerProblems(app, settings);
  app.addHook('onRequest', async (_request, reply) => secure(reply));
  await app.register(cookie);
  guardAccess(app, auth, deps, paths);
  acceptJson(app);
  coerceParameters(app);
  await registerDocs(app);
  for (const routes of [welcomeRoutes, authRoutes(auth), ...allRoutes, ...more]) routes(app, deps);
  await app.ready();
  return app;
}

function secure(reply: FastifyReply): void {
  reply.headers(SECURITY_HEADERS);
}
