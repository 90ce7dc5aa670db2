/**
 * Validation against a JSON Schema, ours or one that a plugin ships: every violation becomes an issue with
 * its line, its value and what would be right.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { ConfigDocument } from './document.ts';
import { isTable } from './edit/table.ts';
import { type ConfigIssue, type ConfigPath, directiveName } from './issues.ts';
import { REFERENCE_KINDS } from './outside-values.ts';
import { REFERENCE_FORMS, referenceText } from './references.ts';
import type { SchemaNode } from './schema.ts';
import { isFreeTable, isSecret, schemaAt } from './schema-at.ts';
import { type Substitution, substitute, substitutionIssue, takesReference } from './substitute.ts';
import { nearest } from './suggest.ts';

export { isSecret, schemaAt } from './schema-at.ts';

/** A violation, or a warning, with the path that it is about. */
export interface Violation {
  readonly path: ConfigPath;
  readonly issue: ConfigIssue;
}

/** Third-party schemas may use keywords and formats that Ajv doesn't know: those are annotations then. */
const TOLERANT = { strict: false, validateFormats: false } as const;

/** Knows what a schema is. To make it is most of the work on a small configuration: only who needs it has it. */
let judge: Ajv | undefined;

const compiled = new WeakMap<SchemaNode, ValidateFunction>();

/** An Ajv for each schema: two plugins, or two versions of one, may ship schemas with the same `$id`. */
function compile(schema: SchemaNode): ValidateFunction {
  let check = compiled.get(schema);
  if (check === undefined) {
    const options = { ...TOLERANT, allErrors: true, useDefaults: true, validateSchema: false };
    check = new Ajv(options).compile(schema);
    compiled.set(schema, check);
  }
  return check;
}

/**
 * Checks a schema that somebody else has written. Those of our own need not be checked each time.
 * @throws Error if it is none (JSON Schema draft-07)
 */
export function checkSchema(schema: SchemaNode): void {
  judge ??= new Ajv(TOLERANT);
  judge.validateSchema(schema, true);
  compile(schema); // what its form does not show: references into nowhere, patterns that are none
}

/** Fills in a schema's defaults. */
export function fillDefaults(schema: SchemaNode, data: unknown): void {
  compile(schema)(data);
}

/**
 * Checks `data`, after what its references stand for was put in their place, and fills in the schema's defaults.
 * @param base path of `data` in the document
 * @param elsewhere says where a directive belongs that is unknown here; absent: only the spelling is doubted
 * @returns one violation for each path that has any, and warnings about what references stand for; empty if the data
 * is right
 */
export function validate(
  document: ConfigDocument,
  base: ConfigPath,
  schema: SchemaNode,
  data: unknown,
  elsewhere: (path: ConfigPath) => string | undefined = () => undefined,
): Violation[] {
  const check = compile(schema);
  const violations = new Map<string, Violation>();
  const warnings: Violation[] = [];
  const substitutions = new Map<string, Substitution>();
  for (const substitution of substitute(document, base, schema, data)) {
    const path = [...base, ...substitution.path];
    const key = JSON.stringify(path);
    substitutions.set(key, substitution);
    const issue = substitutionIssue(document, base, substitution, isSecret(schema, substitution.path));
    if (issue?.severity === 'error') violations.set(key, { path, issue });
    else if (issue !== undefined) warnings.push({ path, issue });
  }
  if (check(data)) return [...violations.values(), ...warnings];
  for (const error of check.errors ?? []) {
    // What is wrong about a key follows as one error about its table.
    if (error.propertyName !== undefined) continue;
    const inner = innerPath(error, data);
    const path = [...base, ...inner];
    const key = JSON.stringify(path);
    // The first complaint about a value is its type: further ones only repeat it in other words.
    if (violations.has(key)) continue;
    const issue = toIssue(document, path, inner, schema, error, valueAt(data, inner), elsewhere);
    const reference = substitutions.get(key)?.reference;
    // Of what stands elsewhere the reference is shown, as that is what is written here.
    const value = reference === undefined ? {} : { value: referenceText(reference, document.format) };
    const hint = error.keyword === 'type' && isUnfitTable(schema, inner, data) ? HINT : '';
    violations.set(key, { path, issue: { ...issue, ...value, message: issue.message + hint } });
  }
  return [...violations.values(), ...warnings];
}

const HINT = `, or one of ${REFERENCE_FORMS}`;

/** Whether there is a table where a reference may stand, which was meant to be one. */
function isUnfitTable(schema: SchemaNode, path: ConfigPath, data: unknown): boolean {
  const value = valueAt(data, path);
  if (!isTable(value)) return false;
  const secret = isSecret(schema, path);
  const resembles = Object.keys(value).some((key) => nearest(key, REFERENCE_KINDS) !== undefined);
  return (secret || resembles) && takesReference(schemaAt(schema, path), secret);
}

function valueAt(data: unknown, path: ConfigPath): unknown {
  let value = data;
  for (const part of path) value = (value as Record<string | number, unknown> | null | undefined)?.[part];
  return value;
}

/** @param data what is at `path` */
function toIssue(
  document: ConfigDocument,
  path: ConfigPath,
  inner: ConfigPath,
  schema: SchemaNode,
  error: ErrorObject,
  data: unknown,
  elsewhere: (path: ConfigPath) => string | undefined,
): ConfigIssue {
  const common = {
    severity: 'error',
    position: document.places.position(path),
    directive: directiveName(path),
  } as const;
  if (error.keyword === 'additionalProperties') {
    // No value: who misspells auth_secret does not want to find it in the log.
    return { ...common, message: unknownDirective(inner, schema, elsewhere(path)) };
  }
  if (error.keyword === 'propertyNames') {
    const allowed = schemaAt(schema, inner.slice(0, -1))?.propertyNames?.expected;
    const rule = allowed === undefined ? {} : { expected: allowed };
    const what = allowed === undefined ? 'may not be so' : `must be ${allowed}`;
    // Where values are secrets the name may be one, in the wrong place.
    return isSecret(schema, inner)
      ? { ...common, ...rule, directive: directiveName(path.slice(0, -1)), message: `a name in it ${what}` }
      : { ...common, ...rule, message: `its name ${what}` };
  }
  const node = schemaAt(schema, inner);
  const expected = node?.expected;
  if (error.keyword === 'required') {
    const wanted = expected ?? node?.description;
    return {
      ...common,
      message: wanted === undefined ? 'is missing' : `is missing: must be ${wanted}`,
      ...(expected === undefined ? {} : { expected }),
    };
  }
  // What stands in place of such a table may be one of its secrets.
  const hidden = isSecret(schema, inner) || (node !== undefined && isFreeTable(node) && !isPlain(data));
  const value = hidden ? undefined : document.places.source(path);
  return {
    ...common,
    ...(value === undefined ? {} : { value }),
    message:
      expected === undefined ? ajvMessage(error, node) : `must be ${expected}${kindOf(error, node, data)}`,
    ...(expected === undefined ? {} : { expected }),
  };
}

/** No secret is one of these. */
function isPlain(value: unknown): boolean {
  return (
    typeof value === 'number' || typeof value === 'boolean' || (Array.isArray(value) && value.every(isPlain))
  );
}

/** Where the bounds of a number alone do not tell what is wrong: 1.5 is within 1 to 3, and so seems "2". */
function kindOf({ keyword }: ErrorObject, node: SchemaNode | undefined, value: unknown): string {
  if (keyword !== 'type') return '';
  if (node?.type === 'integer' && typeof value === 'number' && Number.isFinite(value))
    return ', a whole number';
  const isNumber = node?.type === 'integer' || node?.type === 'number';
  return isNumber && typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))
    ? ', without quotes'
    : '';
}

/** Ajv's own words, for schemas without `expected`. */
function ajvMessage(error: ErrorObject, node: SchemaNode | undefined): string {
  const allowed: unknown = error.params.allowedValues;
  const values = Array.isArray(allowed)
    ? `: ${allowed.map((value) => JSON.stringify(value)).join(', ')}`
    : '';
  const about = node?.description === undefined ? '' : ` (${node.description})`;
  return `${error.message ?? 'is wrong'}${values}${about}`;
}

function unknownDirective(inner: ConfigPath, schema: SchemaNode, elsewhere: string | undefined): string {
  if (elsewhere !== undefined) return `unknown directive here: ${elsewhere}`;
  const name = String(inner.at(-1));
  const known = Object.keys(schemaAt(schema, inner.slice(0, -1))?.properties ?? {});
  const meant = nearest(name, known);
  if (meant !== undefined) return `unknown directive, did you mean "${meant}"?`;
  return known.length === 0 ? 'unknown directive' : `unknown directive, there are: ${known.join(', ')}`;
}

/** An error's path within `data`: keys, and numbers for what is an index. */
function innerPath(error: ErrorObject, data: unknown): ConfigPath {
  const path: (string | number)[] = [];
  let here = data;
  for (const escaped of error.instancePath.split('/').slice(1)) {
    const part = escaped.replace(/~1/g, '/').replace(/~0/g, '~');
    if (Array.isArray(here)) {
      path.push(Number(part));
      here = here[Number(part)];
    } else {
      path.push(part);
      here = (here as Record<string, unknown> | null | undefined)?.[part];
    }
  }
  if (error.keyword === 'required') path.push(String(error.params.missingProperty));
  if (error.keyword === 'propertyNames') path.push(String(error.params.propertyName));
  if (error.keyword === 'additionalProperties') path.push(String(error.params.additionalProperty));
  return path;
}
