/** `/config`, reading: the configuration as it is in the file, or would be but for temporary changes. */
import { type TSchema, Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServiceContext } from 'rvrrpd/plugin';
import type { Routes } from '../deps.ts';
import { ProblemError, problemResponses } from '../problems.ts';
import {
  findVrouters,
  GlobalSchema,
  VrouterSchema,
  vrouter,
  vrouters,
  wholeConfiguration,
} from '../views/configuration.ts';
import {
  ConfiguredProtocolsSchema,
  configuredProtocol,
  configuredProtocols,
  EntriesSchema,
} from '../views/protocols.ts';
import type { Table } from '../views/tables.ts';
import { type AnswerHeaders, answers, NOT_MODIFIED } from './answers.ts';
import { isKnown } from './conditional.ts';
import { isEntryOf, type NameParams, ProtocolParams, RouterParams, RouterQuery } from './params.ts';
import { noRouter } from './run.ts';

const tags = ['configuration'];
const config = { access: 'read' } as const;

/** `response` of a route that reads a part of the configuration. @param more statuses of problems */
export function configurationResponses(
  part: TSchema,
  description: string,
  ...more: readonly number[]
): Record<number, TSchema> {
  const headers: AnswerHeaders = {
    ETag: { type: 'string', description: 'Changes whenever the configuration does.' },
  };
  return {
    200: answers(part, description, headers),
    304: NOT_MODIFIED,
    ...problemResponses(401, 500, 503, ...more),
  };
}

/** Answers with a part of the configuration and its ETag, or 304. */
export function sendConfiguration(
  context: ServiceContext,
  request: FastifyRequest,
  reply: FastifyReply,
  view: (data: Table) => unknown,
): FastifyReply {
  const { data, tag } = context.configuration();
  const part = view(data);
  return isKnown(request, reply, tag) ? reply.send() : reply.send(part);
}

export const configRoutes: Routes = (app, { context }) => {
  app.get(
    '/config/global',
    {
      config,
      schema: {
        operationId: 'getGlobal',
        tags,
        summary: 'The configuration',
        response: configurationResponses(GlobalSchema, 'As read, absent directives `null`, secrets `***`.'),
      },
    },
    (request, reply) => sendConfiguration(context, request, reply, wholeConfiguration),
  );

  app.get(
    '/config/vrouter',
    {
      config,
      schema: {
        operationId: 'listVrouters',
        tags,
        summary: 'All `[[vrouter]]`',
        response: configurationResponses(Type.Array(VrouterSchema), 'As read, secrets `***`.'),
      },
    },
    (request, reply) => sendConfiguration(context, request, reply, vrouters),
  );

  app.get<{ Params: RouterParams; Querystring: RouterQuery }>(
    '/config/vrouter/:group/:interface',
    {
      config,
      schema: {
        operationId: 'getVrouter',
        tags,
        summary: 'One `[[vrouter]]`',
        params: RouterParams,
        querystring: RouterQuery,
        response: configurationResponses(VrouterSchema, 'As read, secrets `***`.', 400, 404, 414),
      },
    },
    (request, reply) =>
      sendConfiguration(context, request, reply, (data) => {
        const found = findVrouters(data, request.params.group, request.params.interface);
        const table = found.find((each) => isEntryOf(each, request.query));
        if (table === undefined) throw noRouter(request.params);
        return vrouter(table);
      }),
  );

  app.get(
    '/config/protocols',
    {
      config,
      schema: {
        operationId: 'listProtocols',
        tags,
        summary: 'What Masters install, as configured',
        response: configurationResponses(
          ConfiguredProtocolsSchema,
          'Entries by protocol; `static` is `null` without any.',
        ),
      },
    },
    (request, reply) => sendConfiguration(context, request, reply, configuredProtocols),
  );

  app.get<{ Params: NameParams }>(
    '/config/protocols/:name',
    {
      config,
      schema: {
        operationId: 'getProtocol',
        tags,
        summary: 'What Masters install for one protocol, as configured',
        params: ProtocolParams,
        response: configurationResponses(EntriesSchema, 'The entries.', 400, 404, 414),
      },
    },
    (request, reply) =>
      sendConfiguration(context, request, reply, (data) => {
        const entries = configuredProtocol(data, request.params.name);
        if (entries === undefined) throw noProtocol(request.params.name);
        return entries;
      }),
  );
};

/** There is no such protocol. */
export function noProtocol(name: string): ProblemError {
  return new ProblemError(404, `there is no [[protocols.${name}]]`);
}
