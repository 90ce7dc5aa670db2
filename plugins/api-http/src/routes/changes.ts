/** Changes of virtual routers and of general directives. */
import type { ConfigurationChange, RouterName } from 'rvrrpd/plugin';
import type { Routes } from '../deps.ts';
import { ProblemError } from '../problems.ts';
import {
  findVrouters,
  GeneralPatchSchema,
  GeneralSchema,
  generalDirectives,
  NewVrouterSchema,
  nameOf,
  VrouterPatchSchema,
  VrouterSchema,
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
import { pathOf, RouterParams } from './params.ts';
import { noRouter } from './run.ts';

const tags = ['changes'];
const access = 'write';
const common = { tags, querystring: FlagsSchema, headers: ConditionsSchema };
const location: AnswerHeaders = { Location: { type: 'string', description: 'Path of the new entry.' } };
const PATCHES = [MERGE_PATCH_TYPE, JSON_TYPE];

/** Tables that `PATCH /config/global` is not for, and what is. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  vrouter: 'use /config/vrouter',
  protocols: 'use /config/protocols',
  plugins: 'use /config/plugins',
  api: 'edit the configuration file',
};

/** Refuses several virtual routers that a name may stand for. @throws ProblemError 409 */
function theOnly<T>(found: readonly T[], { group, interface: name }: RouterParams): T | undefined {
  if (found.length < 2) return found[0];
  throw new ProblemError(
    409,
    `several virtual routers of group ${group} have ${name} as their vifname: name the interface instead`,
  );
}

/** The virtual router that a path is about. If it is not known here, the daemon has the last word. */
function configuredName(data: Table, params: RouterParams): RouterName {
  const table = theOnly(findVrouters(data, params.group, params.interface), params);
  return (
    (table === undefined ? undefined : nameOf(table)) ?? { interface: params.interface, group: params.group }
  );
}

/** The `[[vrouter]]` of a virtual router after a change. */
function entryOf(data: Table, { group, interface: name }: RouterName): Record<string, unknown> {
  const tables = asTables(data.vrouter);
  return vrouter(tables.find((table) => table.group === group && table.interface === name) ?? {});
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
      refuseHidden({ auth_secret: body.auth_secret }, 'answers show "***" in its place');
      const table = withoutNulls(body) as Table;
      const made = await make(context, request, reply, { changes: [{ op: 'add-router', table }] });
      const name = nameOf(table) ?? { group: 0, interface: '' }; // the daemon takes none without
      if (!made.flags.dry_run) {
        reply.code(201).header('location', pathOf('config', 'vrouter', name.group, name.interface));
      }
      return answer(made, entryOf(made.data, name));
    },
  );

  app.patch<{ Params: RouterParams }>(
    '/config/vrouter/:group/:interface',
    {
      config: { access, body: VrouterPatchSchema },
      onRequest: requireType(...PATCHES),
      schema: {
        ...common,
        operationId: 'changeVrouter',
        summary: 'Change a virtual router',
        description:
          'A JSON Merge Patch (RFC 7396): directives that are absent stay, `null` removes one. A new ' +
          '`group` or `interface` gives it another path, which `Content-Location` tells.',
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
      refuseHidden({ auth_secret: patch.auth_secret }, 'leave it out to keep the one that there is');
      const router = configuredName(context.configuration().data, request.params);
      const made = await make(context, request, reply, {
        changes: [{ op: 'change-router', router, patch }],
      });
      const name = nameOf({ ...router, ...patch }) ?? router;
      reply.header('content-location', pathOf('config', 'vrouter', name.group, name.interface));
      return answer(made, entryOf(made.data, name));
    },
  );

  app.delete<{ Params: RouterParams }>(
    '/config/vrouter/:group/:interface',
    {
      config: { access },
      schema: {
        ...common,
        operationId: 'removeVrouter',
        summary: 'Remove a virtual router',
        description: 'A Master among them gives up at once: it sends priority 0 (RFC 3768 §6.4.3).',
        params: RouterParams,
        response: { 200: gone(), ...refusals(404, 414) },
      },
    },
    async (request, reply) => {
      const router = configuredName(context.configuration().data, request.params);
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

  app.post<{ Params: RouterParams }>(
    '/run/vrrp/:group/:interface/failover',
    {
      config: { access },
      schema: {
        ...common,
        operationId: 'failOver',
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
      const { params } = request;
      const router = theOnly(findRouters(context.routers(), params.group, params.interface), params);
      if (router === undefined) throw noRouter(params);
      const name = { interface: router.interface, group: router.group };
      await make(context, request, reply, { changes: [], failOver: [name] });
      const [now] = findRouters(context.routers(), name.group, name.interface);
      return routerStatus(now ?? router, context.counters());
    },
  );
};
