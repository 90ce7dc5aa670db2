/** Who may use which route: asked first of all, before a body is read. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access, Caller, Deps } from '../deps.ts';
import type { PathTable } from '../path-table.ts';
import { ProblemError } from '../problems.ts';
import { type Authentication, CHALLENGE } from './authentication.ts';
import type { Session, Sessions } from './sessions.ts';
import { fromBearer, fromCookies, type SignedTicket } from './ticket.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What {@link FastifyRequest.caller} has logged in with; absent where that is. */
    session?: Session;
  }
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Adds the hook that lets requests pass or refuses them.
 * @param paths knows a path that has other methods than the one that is asked for
 */
export function guardAccess(app: FastifyInstance, auth: Authentication, deps: Deps, paths: PathTable): void {
  app.addHook('onRequest', async (request) => {
    refuseOtherSites(request, deps);
    const access = accessOf(request, paths);
    if (access === 'public' || (access === 'metrics' && deps.options().public_metrics)) return;
    const session = sessionOf(request, auth.sessions);
    if (session === undefined) {
      deps.tally.refuse('unauthorized');
      throw new ProblemError(401, 'log in first: POST /auth', { headers: CHALLENGE });
    }
    request.session = session;
    request.caller = callerOf(session, auth.sessions);
    if (access === 'write' && session.user.level < 1) {
      deps.tally.refuse('forbidden');
      throw new ProblemError(403, `${session.user.name} has level 0, which may not change anything`);
    }
  });
}

/**
 * Browsers send cookies along with what another site asks them to send, and name that site in `Origin`. SameSite
 * cookies keep most of it away; this is for browsers that do not know them, and for log-ins.
 */
function refuseOtherSites({ method, headers }: FastifyRequest, { tally }: Deps): void {
  const { origin, host = '' } = headers;
  if (origin === undefined || SAFE_METHODS.has(method)) return;
  if (URL.canParse(origin) && new URL(origin).host === host.toLowerCase()) return;
  tally.refuse('forbidden');
  throw new ProblemError(403, 'a page of another site must not change anything here: Origin is not Host');
}

function accessOf(request: FastifyRequest, paths: PathTable): Access {
  if (!request.is404) return request.routeOptions.config.access ?? 'write';
  // A public path is no secret. All others are, those that do not exist too.
  return [...paths.methods(request.url).values()].includes('public') ? 'public' : 'read';
}

function sessionOf(request: FastifyRequest, sessions: Sessions): Session | undefined {
  const ticket = ticketOf(request);
  return ticket && sessions.check(ticket);
}

function ticketOf({ headers, cookies }: FastifyRequest): SignedTicket | undefined {
  const { authorization } = headers;
  if (authorization === undefined) return fromCookies(cookies);
  const [, token] = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization) ?? [];
  return token === undefined ? undefined : fromBearer(token);
}

function callerOf(session: Session, sessions: Sessions): Caller {
  return {
    user: session.user.name,
    level: session.user.level,
    expires: sessions.endOf(session.ticket),
    stillValid: () => sessions.stillHolds(session),
  };
}
