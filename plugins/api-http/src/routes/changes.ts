/** Changes of virtual routers and of general directives. */
import { Type } from '@sinclair/typebox';
import type { ConfigurationChange, RouterName, RouterStatus, ServiceContext } from 'rvrrpd/plugin';
import type { Routes } from '../deps.ts';
import { ProblemError } from '../problems.ts';
import {
  familiesOf,
  findVrouters,
  GeneralPatchSchema,
  GeneralSchema,
  generalDirectives,
  NewVrouterSchema,
  nameOf,
  VrouterPatchSchema,
  VrouterSchema,
  versionOf,
  vrouter,
} from '../views/configuration.ts';
import { RouterStatusSchema, routerStatus } from '../views/status.ts';
import { asTables, type Table, withoutNulls } from '../views/tables.ts';
import { findRouters } from '../views/virtual-routers.ts';
import { type AnswerHeaders, answers } from './answers.ts';
import {
  answer,
  ConditionsSchema,
  changed,
  ETAG_HEADER,
  FlagsSchema,
  gone,
  make,
  refusals,
} from './change.ts';
import {
  JSON_TYPE,
  MERGE_PATCH_TYPE,
  refuseHidden,
  refuseUnknownNulls,
  requireType,
  tableBody,
} from './json-body.ts';
import { isAskedFor, isEntryOf, pathOf, RouterParams, RouterQuery } from './params.ts';
import { noRouter } from './run.ts';

const tags = ['changes'];
const access = 'write';
const common = { tags, querystring: FlagsSchema, headers: ConditionsSchema };
const location: AnswerHeaders = { Location: { type: 'string', description: 'Path of the new entry.' } };
const PATCHES = [MERGE_PATCH_TYPE, JSON_TYPE];

/** Tables that `PATCH /config/global` is not for, and what is. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  vrouter: 'use /config/vrouter',
  track: 'use /config/track',
  sync: 'use /config/sync',
  protocols: 'use /config/protocols',
  plugins: 'use /config/plugins',
  api: 'edit the configuration file',
};

/** Flags, and which one of several virtual routers a path is about. */
const RouterFlagsSchema = Type.Object(
  { ...FlagsSchema.properties, ...RouterQuery.properties },
  { additionalProperties: false },
);

/** The virtual router that a path of `/run` is about. @throws ProblemError if there is none, or are several */
export function runningRouter(
  context: ServiceContext,
  params: RouterParams,
  query: RouterQuery,
): RouterStatus {
  const found = findRouters(context.routers(), params.group, params.interface);
  const router = theOnly(
    found.filter((each) => isAskedFor(each, query)),
    params,
  );
  if (router === undefined) throw noRouter(params);
  return router;
}

function runningName({ interface: on, group, family, version }: RouterStatus): RouterName {
  return { interface: on, group, family, ...(version === undefined ? {} : { version }) };
}

/** What has become of a virtual router, as it is shown; if it is gone meanwhile, what it was. */
export function statusNow(context: ServiceContext, router: RouterStatus): ReturnType<typeof routerStatus> {
  const name = runningName(router);
  const there = findRouters(context.routers(), router.group, router.interface);
  const now = there.find((each) => isAskedFor(each, name));
  return routerStatus(now ?? router, context.counters());
}

/** Refuses several virtual routers that a name may stand for. @throws ProblemError 409 */
function theOnly<T extends { readonly interface?: unknown }>(
  found: readonly T[],
  { group, interface: name }: RouterParams,
): T | undefined {
  if (found.length < 2) return found[0];
  const there = `several virtual routers of group ${group}`;
  throw new ProblemError(
    409,
    found.some((each) => each.interface !== name)
      ? `${there} have ${name} as their vifname: name the interface instead`
      : `there are ${there} on ${name}: say which one by ?family= or ?version=`,
  );
}

/** The virtual router that a path is about. If it is not known here, the daemon has the last word. */
function configured(
  data: Table,
  params: RouterParams,
  query: RouterQuery,
): { readonly router: RouterName; readonly table?: Table } {
  const found = findVrouters(data, params.group, params.interface);
  const asked = found.filter((table) => isEntryOf(table, query));
  const table = theOnly(asked, params);
  const { interface: on, group } = (table && nameOf(table)) ?? params;
  const { family, version } = query;
  const router = {
    ...{ interface: on, group },
    ...(family === undefined ? {} : { family }),
    ...(version === undefined ? {} : { version }),
  };
  return { router, ...(table && { table }) };
}

/** The `[[vrouter]]` of a virtual router after a change, and its path: with a query where others have the same one. */
function entryOf(
  data: Table,
  { group, interface: on }: RouterName,
  query: RouterQuery,
): { readonly entry: Record<string, unknown>; readonly path: string } {
  const tables = asTables(data.vrouter).filter((table) => table.group === group && table.interface === on);
  const table = tables.find((each) => isEntryOf(each, query)) ?? tables[0] ?? {};
  const [family] = familiesOf(table);
  const version = versionOf(table);
  const hasOther = (more: RouterQuery): boolean =>
    tables.some((each) => each !== table && isEntryOf(each, more));
  const parts = [
    ...(hasOther({}) && !tables.every((each) => isEntryOf(each, { version })) ? [`version=${version}`] : []),
    ...(hasOther({ version }) ? [`family=${family}`] : []),
  ];
  const path = pathOf('config', 'vrouter', group, on);
  return { entry: vrouter(table), path: parts.length > 0 ? `${path}?${parts.join('&')}` : path };
}

/** Which entry it is after a change that makes it `table`; what that does not say is as it was asked for. */
function asked({ family, version }: RouterQuery, table: Table): RouterQuery {
  const [itsFamily] = table.vip === undefined ? [family] : familiesOf(table);
  const itsVersion = table.group === undefined && table.version === undefined ? version : versionOf(table);
  return {
    ...(itsFamily === undefined ? {} : { family: itsFamily }),
    ...(itsVersion === undefined ? {} : { version: itsVersion }),
  };
}

/** A merge patch of general directives, each as a change of its own. @throws ProblemError 422 */
function generalChanges(patch: Table): ConfigurationChange[] {
  return Object.entries(patch).map(([name, value]) => {
    const instead = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined;
    if (instead !== undefined) {
      const message = `is no general directive: ${instead}`;
      throw new ProblemError(422, `${name} ${message}`, {
        errors: [{ severity: 'error', directive: name, message }],
      });
    }
    return value === null ? { op: 'set', path: [name] } : { op: 'set', path: [name], value };
  });
}

export const changeRoutes: Routes = (app, { context }) => {
  app.post(
    '/config/vrouter',
    {
      config: { access, body: NewVrouterSchema },
      onRequest: requireType(JSON_TYPE),
      schema: {
        ...common,
        operationId: 'addVrouter',
        summary: 'Add a virtual router',
        response: {
          200: changed('ChangedVrouter', VrouterSchema, 'Dry run: the entry that would be added.'),
          201: changed('ChangedVrouter', VrouterSchema, 'The new entry.', location),
          ...refusals(),
        },
      },
    },
    async (request, reply) => {
      const body = tableBody(request.body);
      refuseUnknownNulls(body, NewVrouterSchema);
      refuseHidden({ auth_secret: body.auth_secret, auth: body.auth }, 'answers show "***" in its place');
      const table = withoutNulls(body) as Table;
      const made = await make(context, request, reply, { changes: [{ op: 'add-router', table }] });
      const name = nameOf(table) ?? { group: 0, interface: '' }; // the daemon takes none without
      const [family = 4] = familiesOf(table);
      const { entry, path } = entryOf(made.data, name, { family, version: versionOf(table) });
      if (!made.flags.dry_run) reply.code(201).header('location', path);
      return answer(made, entry);
    },
  );

  app.patch<{ Params: RouterParams; Querystring: RouterQuery }>(
    '/config/vrouter/:group/:interface',
    {
      config: { access, body: VrouterPatchSchema },
      onRequest: requireType(...PATCHES),
      schema: {
        ...common,
        operationId: 'changeVrouter',
        querystring: RouterFlagsSchema,
        summary: 'Change a virtual router',
        description:
          'A JSON Merge Patch (RFC 7396): directives that are absent stay, `null` removes one. A new ' +
          '`group` or `interface` gives it another path, which `Content-Location` tells. An entry whose `vip` has ' +
          'addresses of both families is one entry for both.',
        consumes: PATCHES,
        params: RouterParams,
        response: {
          200: changed('ChangedVrouter', VrouterSchema, 'The entry after the change.', {
            'Content-Location': { type: 'string', description: 'Path of the entry.' },
          }),
          ...refusals(404, 414),
        },
      },
    },
    async (request, reply) => {
      const patch = tableBody(request.body);
      refuseUnknownNulls(patch, VrouterPatchSchema);
      refuseHidden(
        { auth_secret: patch.auth_secret, auth: patch.auth },
        'leave it out to keep the one that there is',
      );
      const { router, table } = configured(context.configuration().data, request.params, request.query);
      const made = await make(context, request, reply, {
        changes: [{ op: 'change-router', router, patch }],
      });
      const name = nameOf({ ...router, ...patch }) ?? router;
      const { entry, path } = entryOf(made.data, name, asked(request.query, { ...table, ...patch }));
      reply.header('content-location', path);
      return answer(made, entry);
    },
  );

  app.delete<{ Params: RouterParams; Querystring: RouterQuery }>(
    '/config/vrouter/:group/:interface',
    {
      config: { access },
      schema: {
        ...common,
        operationId: 'removeVrouter',
        querystring: RouterFlagsSchema,
        summary: 'Remove a virtual router',
        description: 'A Master among them gives up at once: it sends priority 0 (RFC 3768 §6.4.3).',
        params: RouterParams,
        response: { 200: gone(), ...refusals(404, 414) },
      },
    },
    async (request, reply) => {
      const { router } = configured(context.configuration().data, request.params, request.query);
      return answer(
        await make(context, request, reply, { changes: [{ op: 'remove-router', router }] }),
        null,
      );
    },
  );

  app.patch(
    '/config/global',
    {
      config: { access, body: GeneralPatchSchema },
      onRequest: requireType(...PATCHES),
      schema: {
        ...common,
        operationId: 'changeGlobal',
        summary: 'Change general directives',
        description: 'A JSON Merge Patch (RFC 7396): directives that are absent stay, `null` removes one.',
        consumes: PATCHES,
        response: { 200: changed('ChangedGeneral', GeneralSchema, 'All general directives.'), ...refusals() },
      },
    },
    async (request, reply) => {
      const patch = tableBody(request.body);
      const changes = generalChanges(patch);
      refuseUnknownNulls(patch, GeneralPatchSchema);
      const made = await make(context, request, reply, { changes });
      return answer(made, generalDirectives(made.data));
    },
  );

  app.post<{ Params: RouterParams; Querystring: RouterQuery }>(
    '/run/vrrp/:group/:interface/failover',
    {
      config: { access },
      schema: {
        ...common,
        operationId: 'failOver',
        querystring: RouterFlagsSchema,
        summary: 'Have a Master give up',
        description:
          'It sends priority 0, and a Backup takes over within its skew time. It stands by then, and ' +
          'becomes Master again only if nobody else is. The configuration stays as it is. 409 if it is not ' +
          'Master, or is the address owner.',
        params: RouterParams,
        response: {
          200: answers(RouterStatusSchema, 'The virtual router.', ETAG_HEADER),
          ...refusals(404, 414),
        },
      },
    },
    async (request, reply) => {
      const router = runningRouter(context, request.params, request.query);
      await make(context, request, reply, { changes: [], failOver: [runningName(router)] });
      return statusNow(context, router);
    },
  );
};
