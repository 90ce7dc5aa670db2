/** What a schema says about one value of the data that it describes. */
import type { ConfigPath } from './issues.ts';
import type { SchemaNode } from './schema.ts';

/** Keywords of JSON Schema that say more about a value, in places that {@link schemaAt} does not look into. */
const ELSEWHERE = [
  ...['$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else'],
  ...['dependencies', 'patternProperties', 'additionalItems', 'contains'],
];

/** The schema of what is at `path`, as far as it says. */
export function schemaAt(schema: SchemaNode, path: ConfigPath): SchemaNode | undefined {
  let node: SchemaNode | undefined = schema;
  for (const part of path) {
    if (node === undefined) return undefined;
    if (typeof part === 'number') node = node.items;
    else {
      const open: SchemaNode | undefined =
        typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
      node =
        node.properties !== undefined && Object.hasOwn(node.properties, part) ? node.properties[part] : open;
    }
  }
  return node;
}

/** Whether the value at `path`, or one that it is part of or consists of, is or may be marked as a secret. */
export function isSecret(schema: SchemaNode, path: ConfigPath): boolean {
  if (!mentions(schema, 'writeOnly')) return false;
  for (let length = 0; length <= path.length; length++) {
    const node = schemaAt(schema, path.slice(0, length));
    if (node !== undefined && (node.writeOnly === true || saysMore(node))) return true;
  }
  const node = schemaAt(schema, path);
  return node !== undefined && containsSecret(node);
}

function containsSecret(node: SchemaNode): boolean {
  if (node.writeOnly === true || saysMore(node)) return true;
  if (node.items !== undefined && containsSecret(node.items)) return true;
  return Object.values(node.properties ?? {}).some(containsSecret);
}

/** Whether a table has names that the schema does not know, and secrets, or what a plugin alone knows, behind them. */
export function isFreeTable({ type, properties, additionalProperties: inner }: SchemaNode): boolean {
  if (type !== 'object' || properties !== undefined) return false;
  return typeof inner !== 'object' || containsSecret(inner) || isFreeTable(inner);
}

/** Whether a schema may mark what it describes as a secret where {@link schemaAt} does not look. */
export function saysMore(schema: SchemaNode): boolean {
  const beyond = Object.entries(schema).filter(
    ([keyword, value]) => ELSEWHERE.includes(keyword) || (keyword === 'items' && Array.isArray(value)),
  );
  return mentions(beyond, 'writeOnly') || mentions(beyond, '$ref');
}

/** Whether a keyword, or a name, stands anywhere in it. */
export function mentions(schema: unknown, keyword: string): boolean {
  return JSON.stringify(schema).includes(`"${keyword}"`);
}
