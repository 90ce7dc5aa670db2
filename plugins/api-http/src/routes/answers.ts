/** `response` entries of routes, for the OpenAPI document and the serialiser. */
import { type TSchema, Type } from '@sinclair/typebox';

/** Headers of an answer, by name. */
export type AnswerHeaders = Readonly<
  Record<string, { readonly type: 'string'; readonly description: string }>
>;

/** An answer that went well. @param description of the answer; the schema may have one of its own */
export function answers(schema: TSchema, description: string, headers?: AnswerHeaders): TSchema {
  return { ...schema, 'x-response-description': description, ...(headers === undefined ? {} : { headers }) };
}

/** 304: the client has the answer that its `If-None-Match` names. */
export const NOT_MODIFIED: TSchema = Type.Null({
  description: '`If-None-Match` has the ETag: nothing is new.',
});
