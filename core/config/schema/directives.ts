/** What directives of the schema are made of. */
import { Type } from '@sinclair/typebox';

/**
 * What a directive's schema says beyond JSON Schema. `expected` ends the sentence "must be …".
 * `writeOnly` (JSON Schema) marks a secret: its value is never printed.
 */
export interface Annotations {
  readonly description: string;
  readonly expected: string;
  readonly writeOnly?: boolean;
}

/** A whole number within bounds, both included. */
export const integer = (minimum: number, maximum: number, annotations: Annotations & { default?: number }) =>
  Type.Integer({ minimum, maximum, ...annotations });

/** A string that is not empty. */
export const text = (annotations: Annotations & { default?: string }) =>
  Type.String({ minLength: 1, ...annotations });

/** A path: what the kernel takes ends at the first NUL. */
export const path = (annotations: Annotations & { default?: string }) =>
  Type.String({ minLength: 1, pattern: '^[^\\u0000]*$', ...annotations });

/** A truth value. */
export const flag = (annotations: Omit<Annotations, 'expected'> & { default?: boolean }) =>
  Type.Boolean({ expected: 'true or false', ...annotations });

/** One of some strings. */
export const choice = <const T extends string>(
  values: readonly T[],
  annotations: Annotations & { default?: T },
) => Type.Unsafe<T>({ type: 'string', enum: [...values], ...annotations });

/** Of a table: it knows no other directives. */
export const closed = { additionalProperties: false } as const;

/** Seconds that may be left out, with fractions, from 0 on. */
export const seconds = (maximum: number, description: string) =>
  Type.Optional(
    Type.Number({ minimum: 0, maximum, description, expected: `seconds, 0 (off) to ${maximum}` }),
  );

/** A table whose content another schema checks. */
export type RawEntry = Record<string, unknown>;
