/** Trackers and groups, `[[track]]` and `[[sync]]`: reading, adding, changing and removing them. */
import { type Static, Type } from '@sinclair/typebox';
import type { Routes } from '../deps.ts';
import { ProblemError } from '../problems.ts';
import { type EntryKind, entries, entry, entryNamed, SYNC_GROUPS, TRACKERS } from '../views/entries.ts';
import { type Table, withoutNulls } from '../views/tables.ts';
import { answer, ConditionsSchema, changed, FlagsSchema, gone, make, refusals } from './change.ts';
import { configurationResponses, sendConfiguration } from './config.ts';
import {
  JSON_TYPE,
  MERGE_PATCH_TYPE,
  refuseHidden,
  refuseUnknownNulls,
  requireType,
  tableBody,
} from './json-body.ts';
import { pathOf } from './params.ts';

const EntryParams = Type.Object({
  name: Type.String({ description: 'Its name, percent-encoded.', examples: ['uplink'] }),
});
type EntryParams = Static<typeof EntryParams>;

const reading = { access: 'read' } as const;
const access = 'write';
const common = { tags: ['changes'], querystring: FlagsSchema, headers: ConditionsSchema };
const PATCHES = [MERGE_PATCH_TYPE, JSON_TYPE];

/** The routes of one kind. */
function routesOf(kind: EntryKind): Routes {
  const { list, word, title, plural } = kind;
  const path = `/config/${list}`;
  const missing = (name: string): ProblemError =>
    new ProblemError(404, `there is no ${word} ${JSON.stringify(name)}`, { code: 'entry-missing' });
  return (app, { context }) => {
    app.get(
      path,
      {
        config: reading,
        schema: {
          operationId: `list${plural}`,
          tags: ['configuration'],
          summary: `All \`[[${list}]]\``,
          response: configurationResponses(Type.Array(kind.shown), 'As read, secrets `***`.'),
        },
      },
      (request, reply) => sendConfiguration(context, request, reply, (data) => entries(kind, data)),
    );

    app.get<{ Params: EntryParams }>(
      `${path}/:name`,
      {
        config: reading,
        schema: {
          operationId: `get${title}`,
          tags: ['configuration'],
          summary: `One \`[[${list}]]\``,
          params: EntryParams,
          response: configurationResponses(kind.shown, 'As read, secrets `***`.', 400, 404, 414),
        },
      },
      (request, reply) =>
        sendConfiguration(context, request, reply, (data) => {
          const found = entryNamed(kind, data, request.params.name);
          if (found === undefined) throw missing(request.params.name);
          return found;
        }),
    );

    app.post(
      path,
      {
        config: { access, body: kind.given },
        onRequest: requireType(JSON_TYPE),
        schema: {
          ...common,
          operationId: `add${title}`,
          summary: `Add a ${word}`,
          response: {
            200: changed(`Changed${title}`, kind.shown, 'Dry run: the entry that would be added.'),
            201: changed(`Changed${title}`, kind.shown, 'The new entry.', {
              Location: { type: 'string', description: 'Path of the new entry.' },
            }),
            ...refusals(),
          },
        },
      },
      async (request, reply) => {
        const body = tableBody(request.body);
        refuseUnknownNulls(body, kind.given);
        refuseHidden(body, 'answers show "***" in its place');
        const table = withoutNulls(body) as Table;
        const made = await make(context, request, reply, { changes: [{ op: 'add-entry', list, table }] });
        const name = String(table.name);
        if (!made.flags.dry_run) reply.code(201).header('location', pathOf('config', list, name));
        return answer(made, entryNamed(kind, made.data, name) ?? entry(kind, table));
      },
    );

    app.patch<{ Params: EntryParams }>(
      `${path}/:name`,
      {
        config: { access, body: kind.patch },
        onRequest: requireType(...PATCHES),
        schema: {
          ...common,
          operationId: `change${title}`,
          summary: `Change a ${word}`,
          description:
            'A JSON Merge Patch (RFC 7396): directives that are absent stay, `null` removes one. Another `name` gives it ' +
            'another path, which `Content-Location` tells.',
          consumes: PATCHES,
          params: EntryParams,
          response: {
            200: changed(`Changed${title}`, kind.shown, 'The entry after the change.', {
              'Content-Location': { type: 'string', description: 'Path of the entry.' },
            }),
            ...refusals(404, 414),
          },
        },
      },
      async (request, reply) => {
        const patch = tableBody(request.body);
        refuseUnknownNulls(patch, kind.patch);
        refuseHidden(patch, 'leave it out to keep the one that there is');
        const { name } = request.params;
        const made = await make(context, request, reply, {
          changes: [{ op: 'change-entry', list, name, patch }],
        });
        const now = typeof patch.name === 'string' ? patch.name : name;
        reply.header('content-location', pathOf('config', list, now));
        return answer(made, entryNamed(kind, made.data, now) ?? entry(kind, {}));
      },
    );

    app.delete<{ Params: EntryParams }>(
      `${path}/:name`,
      {
        config: { access },
        schema: {
          ...common,
          operationId: `remove${title}`,
          summary: `Remove a ${word}`,
          params: EntryParams,
          response: { 200: gone(), ...refusals(404, 414) },
        },
      },
      async (request, reply) => {
        const { name } = request.params;
        const changes = [{ op: 'remove-entry', list, name }] as const;
        return answer(await make(context, request, reply, { changes }), null);
      },
    );
  };
}

export const trackerRoutes: Routes = routesOf(TRACKERS);
export const syncRoutes: Routes = routesOf(SYNC_GROUPS);
