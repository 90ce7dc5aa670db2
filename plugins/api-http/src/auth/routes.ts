/** `/auth`: logging in and out, and tokens for automation. */
import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps, Routes } from '../deps.ts';
import { ProblemError, problemResponses } from '../problems.ts';
import type { Authentication } from './authentication.ts';
import { type Credentials, CredentialsSchema, parseForm, parseJson } from './credentials.ts';
import type { Session } from './sessions.ts';
import { COOKIE_NAMES, type SignedTicket, type Ticket, toBearer, toCookies } from './ticket.ts';

const tags = ['authentication'];

/** Octets; a name and a password fit in. */
const LONGEST_LOG_IN = 8192;

const Expires = Type.String({ format: 'date-time', description: 'When it ends, ISO 8601.' });

const SessionSchema = Type.Object(
  {
    user: Type.String(),
    level: Type.Integer({ minimum: 0, maximum: 9, description: '0 reads, 1 to 9 read and write.' }),
    expires: Expires,
    token: Type.Optional(
      Type.String({ description: 'For `Authorization: Bearer`; only after a log-in with a JSON body.' }),
    ),
  },
  { title: 'Session' },
);

const IdentitySchema = Type.Object(
  {
    user: Type.String(),
    level: Type.Integer({ minimum: 0, maximum: 9 }),
    kind: Type.Union([Type.Literal('session'), Type.Literal('token')]),
    expires: Expires,
  },
  { title: 'Identity' },
);

const TokenRequest = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        pattern: '^[ -~]*$',
        description: 'What it is for; the log tells it.',
      }),
    ),
    lifetime: Type.Integer({
      minimum: 1,
      description: 'In seconds; no more than the option `token_lifetime` allows.',
    }),
  },
  { additionalProperties: false, title: 'TokenRequest' },
);

const TokenSchema = Type.Object(
  {
    token: Type.String({ description: 'For `Authorization: Bearer`. It is not shown again.' }),
    id: Type.String({ description: 'To end it by: `DELETE /auth/tokens/{id}`.' }),
    expires: Expires,
  },
  { title: 'Token' },
);

const Nothing = Type.Null({ description: 'Done.' });

/** @param auth that the access hook asks, too */
export function authRoutes(auth: Authentication): Routes {
  return (app, deps) => {
    // A context of its own: any media type will do here, and here alone.
    app.register(async (scope) => addLogIn(scope, auth));
    addIdentity(app, auth, deps);
    addTokens(app, auth, deps);
    addUserEnd(app, auth, deps);
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
            'application/x-www-form-urlencoded': {
              schema: Type.String({ pattern: '^user=\\S+ passwd=', examples: ['user=admin passwd=banana'] }),
            },
          },
        },
        response: { 200: SessionSchema, ...problemResponses(400, 401, 403, 405, 413, 429, 500, 503) },
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
        response: { 200: IdentitySchema, ...problemResponses(401, 405, 500) },
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
        response: { 204: Nothing, ...problemResponses(401, 403, 405, 500) },
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

function addTokens(app: FastifyInstance, auth: Authentication, { context, options }: Deps): void {
  app.post<{ Body: typeof TokenRequest.static }>(
    '/auth/tokens',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'makeToken',
        tags,
        summary: 'Make a token for automation',
        description:
          'It has the level of the user who makes it, and ends with any change of that user’s line in `[api]` ' +
          '`users`, and with the boot of the machine. A token cannot make another one.',
        body: TokenRequest,
        response: { 201: TokenSchema, ...problemResponses(400, 401, 403, 405, 413, 415, 422, 500) },
      },
    },
    async (request, reply) => {
      const { user, ticket } = sessionOf(request);
      // Or a token that leaks could prolong itself for ever.
      if (ticket.kind !== 'session')
        throw new ProblemError(403, 'a token cannot make another one: log in first');
      const { lifetime, name } = request.body;
      const most = options().token_lifetime;
      if (lifetime > most) {
        throw new ProblemError(422, `lifetime is ${lifetime}: it must be ${most} s at most (token_lifetime)`);
      }
      const issued = auth.sessions.issue('token', user.name, lifetime);
      if (issued === undefined) throw new ProblemError(401, 'log in first: POST /auth');
      const token = issued.ticket;
      const purpose = name === undefined ? '' : ` "${name}"`;
      context.log('info', `${user.name} has made the token${purpose}, until ${iso(token.expires)}`);
      return reply.code(201).send({ token: toBearer(token), id: idOf(token), expires: iso(token.expires) });
    },
  );
  app.delete<{ Params: { id: string } }>(
    '/auth/tokens/:id',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'endToken',
        tags,
        summary: 'End a token of one’s own',
        params: Type.Object({ id: Type.String({ description: 'As it was given when the token was made.' }) }),
        response: { 204: Nothing, ...problemResponses(401, 403, 404, 405, 500) },
      },
    },
    async (request, reply) => {
      const { user } = sessionOf(request);
      const [, nonce, expires] = /^([0-9a-f]{32})([0-9a-f]{8})$/.exec(request.params.id) ?? [];
      if (nonce === undefined || expires === undefined)
        throw new ProblemError(404, 'this is no id of a token');
      auth.sessions.end({ user: user.name, nonce, expires: Number.parseInt(expires, 16) * 1000 });
      context.log('info', `${user.name} has ended a token`);
      return reply.code(204).send();
    },
  );
}

function addUserEnd(app: FastifyInstance, auth: Authentication, { context }: Deps): void {
  app.delete<{ Params: { user: string } }>(
    '/auth/sessions/:user',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'endSessions',
        tags,
        summary: 'End all sessions and tokens of a user',
        description: 'One’s own, or anybody’s with level 1.',
        params: Type.Object({ user: Type.String() }),
        response: { 204: Nothing, ...problemResponses(401, 403, 404, 405, 500) },
      },
    },
    async (request, reply) => {
      const { user } = sessionOf(request);
      const { user: name } = request.params;
      if (name !== user.name && user.level < 1) {
        throw new ProblemError(403, `${user.name} has level 0, which may end its own sessions only`);
      }
      if (!auth.sessions.hasUser(name)) throw new ProblemError(404, 'there is no such user');
      auth.sessions.endUser(name);
      context.log('info', `${user.name} has ended all sessions and tokens of ${name}`);
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

function sessionOf(request: FastifyRequest): Session {
  if (request.session === undefined) throw new Error('a route that needs a session is public');
  return request.session;
}

function idOf({ nonce, expires }: Ticket): string {
  return `${nonce}${(expires / 1000).toString(16).padStart(8, '0')}`;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
