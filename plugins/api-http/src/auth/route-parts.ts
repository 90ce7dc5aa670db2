/** What all routes below `/auth` have in common. */
import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import type { Session } from './sessions.ts';

/** Tag of the OpenAPI document. */
export const tags = ['authentication'];

export const Expires = Type.String({ format: 'date-time', description: 'When it ends, ISO 8601.' });

/** Body of a 204. */
export const Nothing = Type.Null({ description: 'Done.' });

/** What the request was made with. @throws Error on a public route, which has none */
export function sessionOf(request: FastifyRequest): Session {
  if (request.session === undefined) throw new Error('a route that needs a session is public');
  return request.session;
}

/** ISO 8601. @param time ms since the epoch */
export function iso(time: number): string {
  return new Date(time).toISOString();
}
