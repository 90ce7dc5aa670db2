/** What all changes of the configuration have in common: their parameters, their answers, their refusals. */
import { type TSchema, Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ChangeOutcome, ChangeRefusal, ChangeRequest, ServiceContext } from 'rvrrpd/plugin';
import { ProblemError, problemResponses } from '../problems.ts';
import type { Table } from '../views/tables.ts';
import { type AnswerHeaders, answers } from './answers.ts';
import { requiredTag } from './conditional.ts';

/** Query parameters of every change, and no others: who misspells `dry_run` does not want it made. */
export const FlagsSchema = Type.Object(
  {
    temporary: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Not written to the file: the next reload or start forgets it.',
      }),
    ),
    dry_run: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Only says what would come of it, with status 200; nothing is changed.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Headers of every change. */
export const ConditionsSchema = Type.Object({
  'If-Match': Type.Optional(
    Type.String({
      description:
        'Only if the configuration in force has this ETag, or one of several: 412 if it has not. Without ' +
        'it, the change is made to what is there by then.',
    }),
  ),
  'If-None-Match': Type.Optional(
    Type.String({ description: '`*`: only if there is no such thing yet, 412 if there is.' }),
  ),
});

/** `headers` of a `response` entry. */
export const ETAG_HEADER: AnswerHeaders = {
  ETag: {
    type: 'string',
    description: 'Of the configuration in force now; `/config` and `If-Match` use it.',
  },
};

const WarningSchema = Type.Object(
  {
    directive: Type.String({ description: '`vrouter[2].priority`; empty if it is about the whole.' }),
    message: Type.String(),
    value: Type.Optional(Type.String()),
  },
  { title: 'Warning' },
);

/**
 * `response` entry of a change that went well.
 * @param title of its schema, for the OpenAPI document
 * @param extra more headers
 */
export function changed(
  title: string,
  configuration: TSchema,
  description: string,
  extra: AnswerHeaders = {},
): TSchema {
  const schema = Type.Object(
    {
      configuration,
      warnings: Type.Array(WarningSchema),
      temporary: Type.Boolean({ description: 'It is not in the file: the next reload or start forgets it.' }),
      dry_run: Type.Boolean({ description: 'Nothing has been changed.' }),
    },
    { title },
  );
  return answers(schema, description, { ...ETAG_HEADER, ...extra });
}

/** The same of a removal. Of the type `null` alone, most generators of clients cannot make anything. */
export function gone(): TSchema {
  const nothing = Type.Unsafe<null>({ type: ['object', 'null'], description: '`null`: it is gone.' });
  return changed('Removed', nothing, 'It is gone.');
}

/** `response` entries of a change that is refused. */
export function refusals(...more: readonly number[]): Record<number, TSchema> {
  return problemResponses(400, 401, 403, 409, 412, 413, 415, 422, 500, 503, ...more);
}

/** Which status each refusal is. */
const STATUS: Readonly<Record<ChangeRefusal, number>> = {
  stale: 412,
  missing: 404,
  exists: 409,
  conflict: 409,
  invalid: 422,
  // A plugin or the kernel refuses what the client asks for: neither a fault of the API nor one that passes.
  failed: 422,
};

/** A change that is refused, as an error to throw. */
export function refusalOf(outcome: Extract<ChangeOutcome, { ok: false }>): ProblemError {
  const errors = outcome.issues.filter(({ severity }) => severity === 'error');
  return new ProblemError(STATUS[outcome.reason], outcome.message, {
    ...(outcome.code !== undefined && { code: outcome.code }),
    ...(errors.length > 0 && { errors }),
  });
}

/** `temporary` and `dry_run`. */
export interface Flags {
  readonly temporary: boolean;
  readonly dry_run: boolean;
}

/** A change that was made, or would be. */
export type Made = Extract<ChangeOutcome, { ok: true }> & { readonly flags: Flags };

/**
 * Has a change made, if the preconditions of the request hold, and gives the answer its ETag.
 * @param exists whether there is what the request is about
 * @throws ProblemError if it is refused
 */
export async function make(
  context: ServiceContext,
  request: FastifyRequest,
  reply: FastifyReply,
  change: Pick<ChangeRequest, 'changes' | 'failOver' | 'onlyIf' | 'standby' | 'resume'>,
  exists = true,
): Promise<Made> {
  const { temporary = false, dry_run = false } = request.query as Partial<Flags>;
  const onlyIf = requiredTag(request, context.configuration().tag, exists) ?? change.onlyIf;
  const outcome = await context.change({
    ...change,
    ...(onlyIf === undefined ? {} : { onlyIf }),
    temporary,
    dryRun: dry_run,
    ...(request.caller && { by: request.caller.user }),
  });
  if (!outcome.ok) throw refusalOf(outcome);
  reply.header('etag', `"${outcome.tag}"`);
  return { ...outcome, flags: { temporary, dry_run } };
}

/** Body of the answer: what the change was about, as it is configured now, `null` if it is gone. */
export function answer({ issues, flags }: Made, configuration: unknown): Table {
  return {
    configuration,
    warnings: issues.map(({ directive, message, value }) => ({ directive, message, value })),
    ...flags,
  };
}
