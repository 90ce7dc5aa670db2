/**
 * `/run`: what is going on. The paths and answers of rVRRPd 0.1.3, and `/run/status` with all there is to
 * know.
 */
import { createHash } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import type { RouterStatus } from 'rvrrpd/plugin';
import type { Routes } from '../deps.ts';
import { ProblemError, problemResponses } from '../problems.ts';
import { RunningGlobalSchema, runningGlobal } from '../views/global.ts';
import { EntriesSchema, RunningProtocolsSchema, runningProtocols } from '../views/protocols.ts';
import { StatusSchema, status } from '../views/status.ts';
import { own } from '../views/tables.ts';
import {
  findRouters,
  RouterDetailSchema,
  RouterEntrySchema,
  routerDetail,
  routerEntry,
} from '../views/virtual-routers.ts';
import { answers, NOT_MODIFIED } from './answers.ts';
import { isKnown } from './conditional.ts';
import {
  GroupParams,
  isAskedFor,
  type NameParams,
  ProtocolParams,
  RouterParams,
  RouterQuery,
} from './params.ts';

/** A list of virtual routers, ready to be sent. */
interface ReadyList {
  readonly body: Buffer;
  readonly tag: string;
}

function readyList(routers: readonly RouterStatus[]): ReadyList {
  const body = Buffer.from(JSON.stringify(routers.map(routerEntry)));
  return { body, tag: createHash('sha256').update(body).digest('base64url') };
}

const tags = ['run'];
const config = { access: 'read' } as const;
const problems = problemResponses(401, 500, 503);
const missing = problemResponses(400, 404, 414);

export const runRoutes: Routes = (app, { context }) => {
  // Monitoring asks for this all the time: it is made once for as long as nothing changes.
  const lists = new WeakMap<readonly RouterStatus[], ReadyList>();

  app.get(
    '/run/vrrp',
    {
      config,
      schema: {
        operationId: 'listRouters',
        tags,
        summary: 'All virtual routers',
        response: {
          200: answers(
            Type.Array(RouterEntrySchema),
            'All virtual routers, in the order of the configuration.',
            { ETag: { type: 'string', description: 'Changes when the answer does.' } },
          ),
          304: NOT_MODIFIED,
          ...problems,
        },
      },
    },
    (request, reply) => {
      const routers = context.routers();
      let list = lists.get(routers);
      if (list === undefined) {
        list = readyList(routers);
        lists.set(routers, list);
      }
      if (isKnown(request, reply, list.tag)) return reply.send();
      return reply.header('content-type', 'application/json; charset=utf-8').send(list.body);
    },
  );

  app.get<{ Params: GroupParams }>(
    '/run/vrrp/:group',
    {
      config,
      schema: {
        operationId: 'listRoutersOfGroup',
        tags,
        summary: 'The virtual routers of a group',
        params: GroupParams,
        response: {
          200: answers(Type.Array(RouterEntrySchema), 'One for each interface.'),
          ...problems,
          ...missing,
        },
      },
    },
    async ({ params }) => {
      const members = context.routers().filter(({ group }) => group === params.group);
      if (members.length === 0) {
        throw new ProblemError(404, `there is no virtual router of group ${params.group}`);
      }
      return members.map(routerEntry);
    },
  );

  app.get<{ Params: RouterParams; Querystring: RouterQuery }>(
    '/run/vrrp/:group/:interface',
    {
      config,
      schema: {
        operationId: 'getRouter',
        tags,
        summary: 'A virtual router',
        description:
          'Of several with this group and interface the first one in the order of the configuration.',
        params: RouterParams,
        querystring: RouterQuery,
        response: { 200: answers(RouterDetailSchema, 'The virtual router.'), ...problems, ...missing },
      },
    },
    async ({ params, query }) => {
      const found = findRouters(context.routers(), params.group, params.interface);
      const router = found.find((each) => isAskedFor(each, query));
      if (router === undefined) throw noRouter(params);
      return routerDetail(router);
    },
  );

  app.get(
    '/run/global',
    {
      config,
      schema: {
        operationId: 'getRunningGlobal',
        tags,
        summary: 'General settings in use',
        response: { 200: answers(RunningGlobalSchema, 'Defaults filled in.'), ...problems },
      },
    },
    async () => runningGlobal(context.configuration().effective, Date.now()),
  );

  app.get(
    '/run/protocols',
    {
      config,
      schema: {
        operationId: 'listRunningProtocols',
        tags,
        summary: 'What Masters install, by protocol',
        response: { 200: answers(RunningProtocolsSchema, 'By protocol.'), ...problems },
      },
    },
    async () => runningProtocols(context.configuration().effective),
  );

  app.get<{ Params: NameParams }>(
    '/run/protocols/:name',
    {
      config,
      schema: {
        operationId: 'getRunningProtocol',
        tags,
        summary: 'What Masters install for one protocol',
        description:
          'Of `static`: `destination`, `mask`, `next_hop`, `metric` and `mtu`. Entries of other protocols ' +
          'are shown as they are configured.',
        params: ProtocolParams,
        response: { 200: answers(EntriesSchema, 'The entries.'), ...problems, ...missing },
      },
    },
    async ({ params: { name } }) => {
      const entries = own(runningProtocols(context.configuration().effective), name);
      if (entries === undefined) throw new ProblemError(404, `nothing is configured for protocol ${name}`);
      return entries;
    },
  );

  app.get(
    '/run/status',
    {
      config,
      schema: {
        operationId: 'getStatus',
        tags,
        summary: 'Everything: the daemon, all virtual routers, their counters',
        response: { 200: answers(StatusSchema, 'Everything.'), ...problems },
      },
    },
    async () =>
      status(
        context.daemon(),
        context.configuration(),
        context.routers(),
        context.counters(),
        context.trackers(),
        context.hooks(),
      ),
  );
};

/** There is no such virtual router. */
export function noRouter({ group, interface: name }: RouterParams): ProblemError {
  return new ProblemError(404, `there is no virtual router of group ${group} on ${name}`);
}
