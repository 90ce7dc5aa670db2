/** A schema as the core looks into it, whoever has written it. */
import type { TSchema } from '@sinclair/typebox';

/** A JSON Schema as far as the core looks into it: ours, or one that a plugin ships. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  /** What its keys must be like. */
  readonly propertyNames?: SchemaNode;
  readonly items?: SchemaNode;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly minLength?: number;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly description?: string;
  readonly expected?: string;
  readonly default?: unknown;
  readonly writeOnly?: boolean;
  /** Set in the file alone: changes from elsewhere, such as the client API's, leave it as it is. */
  readonly fileOnly?: boolean;
}

/** TypeBox's schemas are JSON Schemas; this is only the compiler's view of one. */
export function asNode(schema: TSchema): SchemaNode {
  return schema as SchemaNode;
}
