/** Stand-by of virtual routers, and its end: of one, or of any number. */
import { Type } from '@sinclair/typebox';
import type { RouterStatus, StandbyOrder, StandbyResult } from 'rvrrpd/plugin';
import type { Routes } from '../deps.ts';
import { ProblemError } from '../problems.ts';
import { RouterStatusSchema } from '../views/status.ts';
import type { Table } from '../views/tables.ts';
import { answers } from './answers.ts';
import { ConditionsSchema, ETAG_HEADER, FlagsSchema, type Made, make, refusals } from './change.ts';
import { runningRouter, statusNow } from './changes.ts';
import { JSON_TYPE, requireType, tableBody } from './json-body.ts';
import { RouterParams, RouterQuery } from './params.ts';

const tags = ['changes'];
const config = { access: 'write' } as const;
const common = { tags, headers: ConditionsSchema };

const DryRun = { dry_run: FlagsSchema.properties.dry_run };
const For = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: 31_536_000,
    description: 'Over after so many seconds. Absent: when it is resumed.',
  }),
);
const Force = Type.Optional(
  Type.Boolean({
    default: false,
    description: 'Although no other router has been heard of, and whether one takes over or not.',
  }),
);
const Names = Type.Optional(
  Type.Array(Type.String(), {
    description:
      'Interfaces (`eth0`) and virtual routers (`eth0/7`, `eth0/7/ipv6`, `eth0/7/v3`). Absent or empty: all.',
  }),
);
const Rate = Type.Optional(
  Type.Number({
    minimum: 0.1,
    maximum: 1000,
    default: 10,
    description: 'So many Masters give up in a second.',
  }),
);

/** Query parameters of one virtual router’s stand-by, and no others. */
const StandbyQuery = Type.Object(
  { ...DryRun, ...RouterQuery.properties, for: For, force: Force },
  { additionalProperties: false },
);
const ResumeQuery = Type.Object({ ...DryRun, ...RouterQuery.properties }, { additionalProperties: false });
const DryRunQuery = Type.Object(DryRun, { additionalProperties: false });

const StandbyBody = Type.Object(
  { names: Names, for: For, force: Force, rate: Rate },
  { title: 'StandbyOrder' },
);
const ResumeBody = Type.Object({ names: Names }, { title: 'ResumeOrder' });

const List = (description: string) => Type.Array(Type.String(), { description });
const ResultSchema = Type.Object(
  {
    routers: List('They stand by, or do so no longer; as `eth0/7`.'),
    moved: List('Of them, those that were Master.'),
    stuck: List('Nobody has taken over from them so far; only with `force`.'),
    left: List('Resumed or removed meanwhile.'),
    warnings: List('What else is to be known.'),
    dry_run: Type.Boolean({ description: 'Nothing has been changed.' }),
  },
  { title: 'StandbyResult' },
);

/** How a virtual router is named in an order: no other one is. */
function nameOf({ interface: on, group, family, version = 2 }: RouterStatus): string {
  return `${on}/${group}/ipv${family}/v${version}`;
}

/** The answer to an order about any number. */
function result({ standby, issues, flags }: Made): StandbyResult & Table {
  const { routers = [], moved = [], stuck = [], left = [] } = standby ?? {};
  return {
    routers,
    moved,
    stuck,
    left,
    warnings: issues.map(({ message }) => message),
    dry_run: flags.dry_run,
  };
}

/** What of a body an order has; its values are for the daemon to judge. @throws ProblemError 422 */
function orderOf(body: Table, schema: typeof StandbyBody | typeof ResumeBody): StandbyOrder {
  const strange = Object.keys(body).find((key) => !Object.hasOwn(schema.properties, key));
  if (strange !== undefined) {
    const known = Object.keys(schema.properties).join(', ');
    throw new ProblemError(422, `${strange} is not known here: it must be one of ${known}`);
  }
  return { names: [], ...body } as StandbyOrder;
}

const { 409: _, ...neverInConflict } = refusals();

export const standbyRoutes: Routes = (app, { context }) => {
  app.post<{ Params: RouterParams; Querystring: RouterQuery & { for?: number; force?: boolean } }>(
    '/run/vrrp/:group/:interface/standby',
    {
      config,
      schema: {
        ...common,
        operationId: 'standBy',
        querystring: StandbyQuery,
        summary: 'Have a virtual router stand by',
        description:
          'A Master sends priority 0, and a Backup takes over within its skew time; until it is resumed, or the time is ' +
          'over, it does not become Master, whoever goes away, over reloads and restarts. 409 if no other router of the ' +
          'group has been heard of; if nobody takes over: then it is Master again; and for the address owner.',
        params: RouterParams,
        response: {
          200: answers(RouterStatusSchema, 'The virtual router.', ETAG_HEADER),
          ...refusals(404, 414),
        },
      },
    },
    async (request, reply) => {
      const router = runningRouter(context, request.params, request.query);
      const { for: lasts, force } = request.query;
      const more = { ...(lasts !== undefined && { for: lasts }), ...(force !== undefined && { force }) };
      await make(context, request, reply, { changes: [], standby: { names: [nameOf(router)], ...more } });
      return statusNow(context, router);
    },
  );

  app.post<{ Params: RouterParams; Querystring: RouterQuery }>(
    '/run/vrrp/:group/:interface/resume',
    {
      config,
      schema: {
        ...common,
        operationId: 'resume',
        querystring: ResumeQuery,
        summary: 'End its stand-by',
        description: 'It preempts as configured again. Nothing happens to one that does not stand by.',
        params: RouterParams,
        response: {
          200: answers(RouterStatusSchema, 'The virtual router.', ETAG_HEADER),
          ...refusals(404, 414),
        },
      },
    },
    async (request, reply) => {
      const router = runningRouter(context, request.params, request.query);
      await make(context, request, reply, { changes: [], resume: { names: [nameOf(router)] } });
      return statusNow(context, router);
    },
  );

  app.post(
    '/run/standby',
    {
      config: { ...config, body: StandbyBody },
      onRequest: requireType(JSON_TYPE),
      schema: {
        ...common,
        operationId: 'standByAll',
        querystring: DryRunQuery,
        summary: 'Have virtual routers stand by',
        description:
          'Masters give up one after the other, at a rate; the answer comes when all have. 409 if it is refused, and then ' +
          'nothing has been done; or if nobody takes over from one: then that one is Master again, and the rest is left.',
        response: { 200: answers(ResultSchema, 'They stand by.', ETAG_HEADER), ...refusals() },
      },
    },
    async (request, reply) => {
      const standby = orderOf(tableBody(request.body), StandbyBody);
      return result(await make(context, request, reply, { changes: [], standby }));
    },
  );

  app.post(
    '/run/resume',
    {
      config: { ...config, body: ResumeBody },
      onRequest: requireType(JSON_TYPE),
      schema: {
        ...common,
        operationId: 'resumeAll',
        querystring: DryRunQuery,
        summary: 'End the stand-by of virtual routers',
        response: { 200: answers(ResultSchema, 'They stand by no longer.', ETAG_HEADER), ...neverInConflict },
      },
    },
    async (request, reply) => {
      const resume = orderOf(tableBody(request.body), ResumeBody);
      return result(await make(context, request, reply, { changes: [], resume }));
    },
  );
};
