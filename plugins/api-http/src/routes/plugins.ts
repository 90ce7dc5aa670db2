/** `/run/plugins` and `/config/plugins`: the plugins in use, and `[plugins]`. */
import { Type } from '@sinclair/typebox';
import type { Routes } from '../deps.ts';
import { ProblemError, problemResponses } from '../problems.ts';
import { PluginEntrySchema, PluginsSchema, pluginEntries, pluginEntry } from '../views/configuration.ts';
import { PluginSchema, pluginListing } from '../views/status.ts';
import { withoutNulls } from '../views/tables.ts';
import { answers } from './answers.ts';
import { answer, ConditionsSchema, changed, FlagsSchema, gone, make, refusals } from './change.ts';
import { configurationResponses, sendConfiguration } from './config.ts';
import { JSON_TYPE, refuseHidden, refuseUnknownNulls, requireType, tableOrStringBody } from './json-body.ts';
import { type NameParams, PluginParams } from './params.ts';

const common = {
  tags: ['changes'],
  querystring: FlagsSchema,
  headers: ConditionsSchema,
  params: PluginParams,
};

const GivenPluginSchema = Type.Union(
  [
    Type.String({ description: 'Semver range of versions that will do.', examples: ['^1.2'] }),
    Type.Object(
      {
        version: Type.Optional(Type.Unsafe<unknown>({ type: ['string', 'null'] })),
        options: Type.Optional(
          Type.Unsafe<unknown>({ type: ['object', 'null'], additionalProperties: true }),
        ),
      },
      { title: 'GivenPluginEntry', additionalProperties: false },
    ),
  ],
  { title: 'GivenPlugin', description: 'An entry of `[plugins]`.' },
);

export const pluginRoutes: Routes = (app, { context }) => {
  app.get(
    '/run/plugins',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listPlugins',
        tags: ['run'],
        summary: 'Plugins that are loaded or could be',
        response: {
          200: answers(Type.Array(PluginSchema), 'The plugins.'),
          ...problemResponses(401, 500, 503),
        },
      },
    },
    async () => context.daemon().plugins.map(pluginListing),
  );

  app.get(
    '/config/plugins',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listPluginEntries',
        tags: ['configuration'],
        summary: '`[plugins]`',
        response: configurationResponses(PluginsSchema, 'By name or path; secrets `***`.'),
      },
    },
    (request, reply) => sendConfiguration(context, request, reply, pluginEntries),
  );

  app.get<{ Params: NameParams }>(
    '/config/plugins/:name',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getPluginEntry',
        tags: ['configuration'],
        summary: 'One entry of `[plugins]`',
        params: PluginParams,
        response: configurationResponses(PluginEntrySchema, 'The entry; secrets `***`.', 400, 404, 414),
      },
    },
    (request, reply) =>
      sendConfiguration(context, request, reply, (data) => {
        const entry = pluginEntry(data, request.params.name);
        if (entry === undefined) throw noEntry(request.params.name);
        return entry;
      }),
  );

  app.put<{ Params: NameParams }>(
    '/config/plugins/:name',
    {
      config: { access: 'write', body: GivenPluginSchema },
      onRequest: requireType(JSON_TYPE),
      schema: {
        ...common,
        operationId: 'setPluginEntry',
        summary: 'Load a plugin, another version of it, or give it other options',
        description:
          'The entry is replaced as a whole. Options that the plugin refuses, and a package that does not ' +
          'load, are 422.',
        response: {
          200: changed('ChangedPlugin', PluginEntrySchema, 'The entry.'),
          201: changed('ChangedPlugin', PluginEntrySchema, 'The new entry.'),
          ...refusals(414),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const body = tableOrStringBody(request.body);
      refuseUnknownNulls(body, GivenPluginSchema);
      refuseHidden(body, 'answers show "***" in its place');
      const exists = pluginEntry(context.configuration().data, name) !== undefined;
      const changes = [{ op: 'set', path: ['plugins', name], value: withoutNulls(body) }] as const;
      const made = await make(context, request, reply, { changes }, exists);
      if (!exists && !made.flags.dry_run) reply.code(201);
      return answer(made, pluginEntry(made.data, name) ?? { version: null, options: null });
    },
  );

  app.delete<{ Params: NameParams }>(
    '/config/plugins/:name',
    {
      config: { access: 'write' },
      schema: {
        ...common,
        operationId: 'removePluginEntry',
        summary: 'Remove an entry of `[plugins]`',
        description: 'A built-in plugin stays, without options.',
        response: { 200: gone(), ...refusals(404, 414) },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      if (pluginEntry(context.configuration().data, name) === undefined) throw noEntry(name);
      const changes = [{ op: 'set', path: ['plugins', name] }] as const;
      return answer(await make(context, request, reply, { changes }), null);
    },
  );
};

function noEntry(name: string): ProblemError {
  return new ProblemError(404, `there is no "${name}" in [plugins]`);
}
