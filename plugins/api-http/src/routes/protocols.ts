/** Changes of `[protocols]`. */
import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServiceContext } from 'rvrrpd/plugin';
import type { Routes } from '../deps.ts';
import { ProblemError } from '../problems.ts';
import { configuredProtocol, EntriesSchema, GivenEntrySchema, rawProtocol } from '../views/protocols.ts';
import { type Table, withoutNulls } from '../views/tables.ts';
import { answer, ConditionsSchema, changed, FlagsSchema, gone, type Made, make, refusals } from './change.ts';
import { requiredTag } from './conditional.ts';
import { noProtocol } from './config.ts';
import { hasHidden, JSON_TYPE, refuseHidden, requireType, tableBody, tablesBody } from './json-body.ts';
import { type NameParams, ProtocolParams, pathOf } from './params.ts';

const common = {
  tags: ['changes'],
  querystring: FlagsSchema,
  headers: ConditionsSchema,
  params: ProtocolParams,
};
const access = 'write';
const EntrySchema = Type.Record(Type.String(), Type.Unknown(), { title: 'ProtocolEntry' });

/**
 * How often an entry is added to what others change at the same time, and how long after one another, in ms.
 */
const TRIES = 3;
const BETWEEN_TRIES = 100;

export const protocolRoutes: Routes = (app, { context }) => {
  app.put<{ Params: NameParams }>(
    '/config/protocols/:name',
    {
      config: { access, body: Type.Array(GivenEntrySchema) },
      onRequest: requireType(JSON_TYPE),
      schema: {
        ...common,
        operationId: 'setProtocol',
        summary: 'Replace what Masters install for a protocol',
        response: {
          200: changed('ChangedEntries', EntriesSchema, 'The entries.'),
          201: changed(
            'ChangedEntries',
            EntriesSchema,
            'The entries; there were none of this protocol before.',
          ),
          ...refusals(414),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const entries = tablesBody(request.body);
      refuseHidden(entries, 'answers show "***" in its place');
      const exists = configuredProtocol(context.configuration().data, name) !== undefined;
      const value = withoutNulls(entries);
      const changes = [{ op: 'set', path: ['protocols', name], value }] as const;
      const made = await make(context, request, reply, { changes }, exists);
      if (!exists && !made.flags.dry_run) reply.code(201);
      return answer(made, configuredProtocol(made.data, name) ?? []);
    },
  );

  app.post<{ Params: NameParams }>(
    '/config/protocols/:name',
    {
      config: { access, body: GivenEntrySchema },
      onRequest: requireType(JSON_TYPE),
      schema: {
        ...common,
        operationId: 'addProtocolEntry',
        summary: 'Add an entry to what Masters install for a protocol',
        response: {
          200: changed('ChangedEntry', EntrySchema, 'Dry run: the entry that would be added.'),
          201: changed('ChangedEntry', EntrySchema, 'The new entry, behind the others.', {
            Location: { type: 'string', description: 'Path of the entries of this protocol.' },
          }),
          ...refusals(414),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const body = tableBody(request.body);
      refuseHidden(body, 'answers show "***" in its place');
      const made = await addEntry(context, request, reply, name, withoutNulls(body) as Table);
      if (!made.flags.dry_run) reply.code(201).header('location', pathOf('config', 'protocols', name));
      return answer(made, configuredProtocol(made.data, name)?.at(-1) ?? {});
    },
  );

  app.delete<{ Params: NameParams }>(
    '/config/protocols/:name',
    {
      config: { access },
      schema: {
        ...common,
        operationId: 'removeProtocol',
        summary: 'Have Masters install nothing for a protocol',
        response: { 200: gone(), ...refusals(404, 414) },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      if (configuredProtocol(context.configuration().data, name) === undefined) throw noProtocol(name);
      const changes = [{ op: 'set', path: ['protocols', name] }] as const;
      return answer(await make(context, request, reply, { changes }), null);
    },
  );
};

/** Adds an entry behind those that there are, all of which the change has to name. */
async function addEntry(
  context: ServiceContext,
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  entry: Table,
): Promise<Made> {
  for (let tries = 1; ; tries++) {
    const { data, tag } = context.configuration();
    const required = requiredTag(request, tag, true);
    if (required !== undefined && required !== tag) throw new ProblemError(412, 'If-Match does not hold');
    const before = rawProtocol(data, name) ?? [];
    if (hasHidden(before)) {
      throw new ProblemError(409, 'the entries that there are have secrets: replace them all (PUT)');
    }
    const changes = [{ op: 'set', path: ['protocols', name], value: [...before, entry] }] as const;
    try {
      // `before` is of the configuration with this tag.
      return await make(context, request, reply, { changes, onlyIf: tag });
    } catch (error) {
      const raced = error instanceof ProblemError && error.statusCode === 412 && required === undefined;
      if (!raced) throw error;
      if (tries === TRIES) throw new ProblemError(409, 'others change the configuration: try again');
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_TRIES));
  }
}
