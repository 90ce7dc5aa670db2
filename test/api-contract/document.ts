/** The OpenAPI document of a running API, as far as its contract test looks into it. */

/** A JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>;

/** A parameter of an operation. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

/** Schemas by media type. */
export type Content = Readonly<Record<string, { readonly schema: Schema }>>;

/** A documented answer. */
export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly schema: Schema }>>;
  /** Absent: it has no body. */
  readonly content?: Content;
}

/** An operation. */
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  /** Empty: public. With an empty requirement among others: public if the options say so. */
  readonly security: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
  /** In upper case. */
  readonly method: string;
  /** `/run/vrrp/{group}` */
  readonly path: string;
}

/** The document. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, 'method' | 'path'>>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** All operations of a document. */
export function operationsOf({ paths }: ApiDocument): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  );
}

/** What a schema refers to with `$ref`, else itself. @throws Error if there is no such component */
export function resolved(schema: Schema, { components }: ApiDocument): Schema {
  if (typeof schema.$ref !== 'string') return schema;
  const target = components.schemas[schema.$ref.replace('#/components/schemas/', '')];
  if (target === undefined) throw new Error(`the document has no ${schema.$ref}`);
  return target;
}

/** Whether only users of level 1 and above may do it. */
export function needsWriter({ tags }: Operation): boolean {
  return tags.includes('changes');
}

/** Whether everybody may do it. */
export function isPublic({ security }: Operation): boolean {
  return security.length === 0;
}
