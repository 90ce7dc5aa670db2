/**
 * Bodies of changes: JSON of the right shape, no deeper than body.ts allows. What the directives in it must
 * be is for the daemon to say, in one place for the file and the API; `config.body` describes them for the
 * OpenAPI document.
 */
import type { TSchema } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import type { ChangeIssue } from 'rvrrpd/plugin';
import { ProblemError } from '../problems.ts';
import { isTable, type Table } from '../views/tables.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the OpenAPI document says of the body; the handler checks its shape. */
    body?: TSchema;
  }
}

/** RFC 8259 §11. */
export const JSON_TYPE = 'application/json';
/** JSON Merge Patch (RFC 7396 §4). */
export const MERGE_PATCH_TYPE = 'application/merge-patch+json';

/** What answers show in place of a secret. */
const HIDDEN = '***';

/**
 * An `onRequest` hook for routes with a body: refuses any other media type.
 * @throws ProblemError 415
 */
export function requireType(...types: readonly string[]): (request: FastifyRequest) => Promise<void> {
  return async ({ method, headers }) => {
    const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
    if (type !== undefined && types.includes(type)) return;
    // RFC 5789 §3.1 for PATCH, RFC 9110 §12.5.1 for the others
    const header = method === 'PATCH' ? 'accept-patch' : 'accept';
    throw new ProblemError(415, `Content-Type must be ${types.join(' or ')}`, {
      headers: { [header]: types.join(', ') },
    });
  };
}

/** A body that is an object. @throws ProblemError 400 */
export function tableBody(body: unknown): Table {
  if (!isTable(body)) throw new ProblemError(400, 'the body must be a JSON object');
  checkText(body);
  return body;
}

/** A body that is an array of objects. @throws ProblemError 400 */
export function tablesBody(body: unknown): readonly Table[] {
  if (!Array.isArray(body) || !body.every(isTable)) {
    throw new ProblemError(400, 'the body must be a JSON array of objects');
  }
  checkText(body);
  return body;
}

/** A body that is an object or a string. @throws ProblemError 400 */
export function tableOrStringBody(body: unknown): Table | string {
  if (typeof body !== 'string') return tableBody(body);
  checkText(body);
  return body;
}

/** Refuses unpaired surrogates, which neither TOML nor UTF-8 can hold. */
function checkText(value: unknown): void {
  if (typeof value === 'string') {
    if (/\p{Surrogate}/u.test(value)) throw new ProblemError(400, 'the body has an unpaired surrogate');
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      checkText(name);
      checkText(member);
    }
  }
}

/**
 * Refuses what answers show in place of a secret, wherever it is in a body: written back, it would be the
 * secret.
 * @param advice what to send instead
 * @throws ProblemError 422
 */
export function refuseHidden(body: unknown, advice: string): void {
  const errors = hiddenPlaces(body, '').map(
    (directive): ChangeIssue => ({
      severity: 'error',
      directive,
      value: HIDDEN,
      message: `must be the secret itself: ${advice}`,
    }),
  );
  if (errors.length > 0)
    throw new ProblemError(422, `"${HIDDEN}" stands for a secret in answers`, { errors });
}

/** `options.key[2]` of every {@link HIDDEN}. */
function hiddenPlaces(value: unknown, place: string): readonly string[] {
  if (value === HIDDEN) return [place];
  if (Array.isArray(value)) return value.flatMap((member, i) => hiddenPlaces(member, `${place}[${i}]`));
  if (!isTable(value)) return [];
  const prefix = place === '' ? '' : `${place}.`;
  return Object.entries(value).flatMap(([name, member]) => hiddenPlaces(member, `${prefix}${name}`));
}

/**
 * Refuses `null` for directives that there are not. The daemon refuses unknown ones that have a value; `null`
 * means absent, and never gets to it.
 * @param schema what the OpenAPI document says of the body
 * @throws ProblemError 422
 */
export function refuseUnknownNulls(body: unknown, schema: TSchema): void {
  const errors = unknownNulls(body, schema, '').map(
    (directive): ChangeIssue => ({ severity: 'error', directive, message: 'unknown directive' }),
  );
  if (errors.length > 0)
    throw new ProblemError(422, `${errors[0]!.directive}: unknown directive`, { errors });
}

/** `timers.adverts` of every `null` where a schema allows no such member. */
function unknownNulls(value: unknown, schema: TSchema, prefix: string): readonly string[] {
  if (!isTable(value)) return [];
  if (Array.isArray(schema.anyOf)) {
    // A table in a union is held against its tables; no union of the document has two of these.
    const table = (schema.anyOf as readonly TSchema[]).find(({ properties }) => properties !== undefined);
    return table === undefined ? [] : unknownNulls(value, table, prefix);
  }
  const { additionalProperties, properties = {} } = schema;
  return Object.entries(value).flatMap(([name, member]) => {
    if (Object.hasOwn(properties, name)) return unknownNulls(member, properties[name], `${prefix}${name}.`);
    return member === null && additionalProperties === false ? [`${prefix}${name}`] : [];
  });
}

/** Whether there is a hidden secret in configuration data. */
export function hasHidden(value: unknown): boolean {
  return hiddenPlaces(value, '').length > 0;
}
