/** `/auth/tokens` and `/auth/sessions`: tokens for automation, and ending what a user has. */
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Deps, Routes } from '../deps.ts';
import { ProblemError, problemResponses } from '../problems.ts';
import type { Authentication } from './authentication.ts';
import { Expires, iso, Nothing, sessionOf, tags } from './route-parts.ts';
import { type Ticket, toBearer } from './ticket.ts';

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

/** @param auth that the access hook asks, too */
export function tokenRoutes(auth: Authentication): Routes {
  return (app, deps) => {
    addMaking(app, auth, deps);
    addEnding(app, auth, deps);
    addUserEnd(app, auth, deps);
  };
}

function addMaking(app: FastifyInstance, auth: Authentication, { context, options }: Deps): void {
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
        response: { 201: TokenSchema, ...problemResponses(400, 401, 403, 413, 415, 422, 500, 503) },
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
}

function addEnding(app: FastifyInstance, auth: Authentication, { context }: Deps): void {
  app.delete<{ Params: { id: string } }>(
    '/auth/tokens/:id',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'endToken',
        tags,
        summary: 'End a token of one’s own',
        params: Type.Object({ id: Type.String({ description: 'As it was given when the token was made.' }) }),
        response: { 204: Nothing, ...problemResponses(400, 401, 403, 404, 413, 414, 415, 500, 503) },
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
        response: { 204: Nothing, ...problemResponses(400, 401, 403, 404, 413, 414, 415, 500, 503) },
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

function idOf({ nonce, expires }: Ticket): string {
  return `${nonce}${(expires / 1000).toString(16).padStart(8, '0')}`;
}
