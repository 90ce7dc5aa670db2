/** `/auth`: logging in and out. */
import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps, Routes } from '../deps.ts';
import { ProblemError, problemResponses } from '../problems.ts';
import type { Authentication } from './authentication.ts';
import { type Credentials, CredentialsSchema, parseForm, parseJson } from './credentials.ts';
import { Expires, iso, Nothing, sessionOf, tags } from './route-parts.ts';
import { COOKIE_NAMES, type SignedTicket, toBearer, toCookies } from './ticket.ts';
import { tokenRoutes } from './token-routes.ts';

/** Octets; a name and a password fit in. */
const LONGEST_LOG_IN = 8192;

const SessionSchema = Type.Object(
  {
    user: Type.String(),
    level: Type.Integer({ minimum: 0, maximum: 9, description: '0 reads, 1 to 9 read and write.' }),
    expires: Expires,
    token: Type.Optional(
      Type.String({ description: 'For `Authorization: Bearer`; only after a log-in with a JSON body.' }),
    ),
  },
  { title: 'LoggedIn' }, // `session` is the name of a security scheme
);

const IdentitySchema = Type.Object(
  {
    user: Type.String(),
    level: Type.Integer({ minimum: 0, maximum: 9 }),
    kind: Type.Unsafe<'session' | 'token'>({ type: 'string', enum: ['session', 'token'] }),
    expires: Expires,
  },
  { title: 'Identity' },
);

/** @param auth that the access hook asks, too */
export function authRoutes(auth: Authentication): Routes {
  return (app, deps) => {
    // A context of its own: any media type will do here, and here alone.
    app.register(async (scope) => addLogIn(scope, auth));
    addIdentity(app, auth, deps);
    tokenRoutes(auth)(app, deps);
  };
}

function addLogIn(app: FastifyInstance, auth: Authentication): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: LONGEST_LOG_IN }, (_request, body, done) =>
    done(null, body),
  );
  app.post(
    '/auth',
    {
      config: { access: 'public' },
      bodyLimit: LONGEST_LOG_IN,
      // A media type that is none will do as well; Fastify would refuse it.
      onRequest: async ({ headers }) => {
        if (!isJson(headers)) headers['content-type'] = 'text/plain';
      },
      // The schema documents two forms, of which one is no JSON: credentials.ts parses both.
      validatorCompiler: () => () => true,
      schema: {
        operationId: 'logIn',
        tags,
        summary: 'Log in',
        description:
          'With `user=NAME passwd=PASSWORD` (one space between, nothing is percent-decoded, any media type) the ' +
          'answer sets the cookies `user`, `ts`, `nonce` and `token`, which are valid together. With a JSON body ' +
          'the answer holds a bearer token instead.',
        body: {
          required: true,
          content: {
            'application/json': { schema: CredentialsSchema },
            'text/plain': {
              schema: Type.String({
                pattern: '^user=[^\\s&]{1,256} passwd=[\\s\\S]{0,4096}$',
                examples: ['user=admin passwd=banana'],
              }),
            },
          },
        },
        response: { 200: SessionSchema, ...problemResponses(400, 401, 403, 413, 429, 500, 503) },
      },
    },
    async (request, reply) => {
      const json = isJson(request.headers);
      const { user, ticket } = await auth.logIn(request.ip, credentialsOf(request.body, json));
      if (!json) setCookies(request, reply, ticket);
      return {
        user: user.name,
        level: user.level,
        expires: iso(ticket.expires),
        ...(json && { token: toBearer(ticket) }),
      };
    },
  );
}

function addIdentity(app: FastifyInstance, auth: Authentication, { context }: Deps): void {
  app.get(
    '/auth',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'whoAmI',
        tags,
        summary: 'Who one is',
        response: { 200: IdentitySchema, ...problemResponses(401, 500, 503) },
      },
    },
    async (request) => {
      const { user, ticket } = sessionOf(request);
      const expires = iso(auth.sessions.endOf(ticket));
      return { user: user.name, level: user.level, kind: ticket.kind, expires };
    },
  );
  app.delete(
    '/auth',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'logOut',
        tags,
        summary: 'Log out',
        description: 'Ends the session, or the token, that the request was made with.',
        response: { 204: Nothing, ...problemResponses(400, 401, 403, 413, 415, 500, 503) },
      },
    },
    async (request, reply) => {
      const { ticket } = sessionOf(request);
      auth.sessions.end(ticket);
      context.log('info', `${ticket.user} has logged out: a ${ticket.kind} is ended`);
      for (const name of COOKIE_NAMES) reply.clearCookie(name, cookieAttributes(request));
      return reply.code(204).send();
    },
  );
}

function isJson(headers: FastifyRequest['headers']): boolean {
  return /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '');
}

/** @throws ProblemError if the body is no log-in */
function credentialsOf(body: unknown, json: boolean): Credentials {
  const wanted = json ? '{"user": "NAME", "passwd": "PASSWORD"}' : 'user=NAME passwd=PASSWORD';
  const text = Buffer.isBuffer(body) ? textOf(body) : undefined;
  const credentials = text === undefined ? undefined : (json ? parseJson : parseForm)(text);
  if (credentials === undefined) throw new ProblemError(400, `the body must be ${wanted}`);
  return credentials;
}

/** UTF-8; undefined if it is none: another password would be checked than was sent. */
function textOf(octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return undefined;
  }
}

function setCookies(request: FastifyRequest, reply: FastifyReply, ticket: SignedTicket): void {
  const cookies = toCookies(ticket);
  const maxAge = Math.ceil((ticket.expires - Date.now()) / 1000);
  for (const name of COOKIE_NAMES) {
    reply.setCookie(name, cookies[name], { ...cookieAttributes(request), maxAge });
  }
}

function cookieAttributes(request: FastifyRequest) {
  return { path: '/', httpOnly: true, sameSite: 'strict', secure: request.protocol === 'https' } as const;
}
