/** Puts what references stand for into the place of them, wherever a schema lets one stand. Pure. */
import type { ConfigDocument, RawTable } from './document.ts';
import { isTable, put } from './edit/table.ts';
import { type ConfigIssue, type ConfigPath, directiveName } from './issues.ts';
import type { OutsideValue, Reference } from './outside-values.ts';
import { asReference, referenceText } from './references.ts';
import type { SchemaNode } from './schema.ts';
import { schemaAt } from './schema-at.ts';

/** A reference that a value was put in place of, or that has none to put there. */
export interface Substitution {
  /** Within the data. */
  readonly path: ConfigPath;
  readonly reference: Reference;
  readonly value: OutsideValue;
}

const SCALARS = ['string', 'integer', 'number', 'boolean'];

/**
 * Whether a reference may stand where the schema has this node: it is a single value, and no table.
 * @param secret it is one, or part of one: then its schema need not say what it is
 */
export function takesReference(node: SchemaNode | undefined, secret: boolean): boolean {
  if (node === undefined) return false;
  const types = typesOf(node);
  if (types.length > 0) return !types.includes('object') && types.some((type) => SCALARS.includes(type));
  if (node.enum !== undefined) return true;
  return (secret || node.writeOnly === true) && node.properties === undefined && node.items === undefined;
}

function typesOf({ type }: SchemaNode): readonly string[] {
  return type === undefined ? [] : typeof type === 'string' ? [type] : type;
}

/** A text as the value that the schema wants; the text itself if it is none: then the schema complains. */
export function typedValue(text: string, node: SchemaNode): unknown {
  const types = typesOf(node);
  if (types.includes('string') || types.length === 0) return text;
  const bare = text.trim();
  if (types.includes('boolean') && (bare === 'true' || bare === 'false')) return bare === 'true';
  const isNumeric = types.includes('number') || types.includes('integer');
  return isNumeric && /^[+-]?\d+(\.\d+)?$/.test(bare) ? Number(bare) : text;
}

/**
 * The references in data, where the schema lets one stand.
 * @param visit called for each; what it returns is put in its place, `undefined` leaves it there
 */
export function replaceReferences(
  data: unknown,
  schema: SchemaNode,
  visit: (reference: Reference, path: ConfigPath, node: SchemaNode) => unknown,
): void {
  const walk = (holder: RawTable | unknown[], node: SchemaNode, path: ConfigPath, secret: boolean): void => {
    for (const [name, value] of Object.entries(holder)) {
      const key = Array.isArray(holder) ? Number(name) : name;
      const inner = schemaAt(node, [key]);
      if (inner === undefined || typeof value !== 'object' || value === null) continue;
      const isSecret = secret || inner.writeOnly === true;
      const reference = takesReference(inner, isSecret) ? asReference(value) : undefined;
      if (reference === undefined) {
        if (Array.isArray(value) || isTable(value)) walk(value, inner, [...path, key], isSecret);
        continue;
      }
      const instead = visit(reference, [...path, key], inner);
      if (instead === undefined) continue;
      if (Array.isArray(holder)) holder[Number(key)] = instead;
      else put(holder, name, instead);
    }
  };
  if (Array.isArray(data) || isTable(data)) walk(data, schema, [], schema.writeOnly === true);
}

/**
 * Puts the values into `data`; a reference without one stays.
 * @param base path of the data in the document
 * @returns what was found, in the order of the data
 */
export function substitute(
  { outside, places }: ConfigDocument,
  base: ConfigPath,
  schema: SchemaNode,
  data: unknown,
): readonly Substitution[] {
  if (outside === undefined || outside.isEmpty) return [];
  const found: Substitution[] = [];
  replaceReferences(data, schema, (reference, path, node) => {
    const { file } = places.position([...base, ...path]);
    const value = outside.get(reference, file);
    found.push({ path, reference, value });
    return 'text' in value ? typedValue(value.text, node) : undefined;
  });
  return found;
}

/** The data with the values in it; itself if there is no reference. */
export function substituted<T>(document: ConfigDocument, base: ConfigPath, schema: SchemaNode, data: T): T {
  if (document.outside === undefined || document.outside.isEmpty) return data;
  const copy = structuredClone(data);
  return substitute(document, base, schema, copy).length > 0 ? copy : data;
}

/**
 * What there is to complain about in a substitution.
 * @param base path of the data in the document
 * @param secret whether the value is one
 */
export function substitutionIssue(
  document: ConfigDocument,
  base: ConfigPath,
  { path, reference, value }: Substitution,
  secret: boolean,
): ConfigIssue | undefined {
  const at = [...base, ...path];
  const common = {
    position: document.places.position(at),
    directive: directiveName(at),
    value: referenceText(reference, document.format),
  };
  if ('fault' in value) return { severity: 'error', ...common, message: value.fault };
  if (value.open === undefined || !secret) return undefined;
  const message = `every user of this machine can read ${value.open}: chmod 600 it`;
  return { severity: 'warning', ...common, message };
}
