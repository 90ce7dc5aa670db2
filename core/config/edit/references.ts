/**
 * References in a configuration that is to be changed: they are made, changed and replaced by who edits the file, not by
 * whoever may change the configuration from elsewhere. He could have the daemon read what he may not, or bring a secret
 * into a file that was kept out of it. Nor may he say what programs run.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ConfigDocument } from '../document.ts';
import { type ConfigPath, directiveName } from '../issues.ts';
import { asReference, referenceText } from '../references.ts';
import { asNode, ConfigSchema, type SchemaNode } from '../schema.ts';
import { schemaAt } from '../schema-at.ts';
import { takesReference, typedValue } from '../substitute.ts';
import { type ChangedData, EditError, originsAt } from './changes.ts';
import { matchElements } from './match.ts';
import { isTable, own } from './table.ts';

/** Schemas of what the core's own schema leaves open. */
export interface OpenSchemas {
  /** Of the plugins' options, by the plugin's name in `[plugins]`. */
  readonly options: ReadonlyMap<string, SchemaNode>;
  /** Of the entries of `[[protocols.<name>]]`, by name. */
  readonly protocols: ReadonlyMap<string, SchemaNode>;
  /** Of `[vrouter.auth]`, by `auth_type`. Absent: there is no such table. */
  readonly auth?: ReadonlyMap<string, SchemaNode>;
  /** Of whole `[[track]]` tables, by `type`. Absent: there is none. */
  readonly track?: ReadonlyMap<string, SchemaNode>;
  /** Of whole `[[notify]]` tables, by `type`. Absent: there is none. */
  readonly notify?: ReadonlyMap<string, SchemaNode>;
}

/**
 * Sees to it that references stay as they are, or go with their directives.
 * @param after where a value is set that a reference stands for, and no secret, the reference is put back
 * @throws EditError if a reference would be made, or another value put in its place
 */
export function refuseOtherReferences(
  before: ConfigDocument,
  after: ChangedData,
  schemas?: OpenSchemas,
): void {
  const comparison = new Comparison(before, after, schemas);
  comparison.compare({ old: before.data, oldPath: [] }, after, 'data', [], asNode(ConfigSchema), false);
}

/** A value before the changes, and where it was; undefined: it is new. */
interface Old {
  readonly old: unknown;
  readonly oldPath: ConfigPath | undefined;
}

class Comparison {
  constructor(
    private readonly document: ConfigDocument,
    private readonly changed: ChangedData,
    private readonly schemas: OpenSchemas | undefined,
  ) {}

  /** @param holder has the value after the changes, under `key` */
  compare(
    { old, oldPath }: Old,
    holder: object,
    key: string | number,
    path: ConfigPath,
    node: SchemaNode | undefined,
    secret: boolean,
  ): void {
    const values = holder as Record<string | number, unknown>;
    const after = values[key];
    if (after === undefined || isDeepStrictEqual(old, after)) return;
    const schema = this.openSchema(path, values) ?? node;
    if (schema === undefined) return;
    if (schema.fileOnly === true) refuseFileOnly(path);
    const isSecret = secret || schema.writeOnly === true;
    if (takesReference(schema, isSecret)) {
      if (!isSecret && this.isSame(old, oldPath, after, schema)) values[key] = old;
      else refuse(old, after, path);
    }
    const inner = (before: Old, name: string | number): void =>
      this.compare(before, after as object, name, [...path, name], schemaAt(schema, [name]), isSecret);
    const at = (name: string | number): ConfigPath | undefined => oldPath && [...oldPath, name];
    if (Array.isArray(after)) {
      const elements: readonly unknown[] = Array.isArray(old) ? old : [];
      const origins = originsAt(this.changed, path.map(String)) ?? matchElements(elements, after);
      for (const index of after.keys()) {
        const origin = origins[index];
        const before = origin === undefined ? NEW : { old: elements[origin], oldPath: at(origin) };
        inner(before, index);
      }
    } else if (isTable(after)) {
      const table = isTable(old) ? old : {};
      for (const name of Object.keys(table)) {
        if (Object.hasOwn(after, name)) continue;
        const gone = this.openSchema([...path, name], after) ?? schemaAt(schema, [name]);
        if (gone?.fileOnly === true) refuseFileOnly([...path, name]);
      }
      for (const name of Object.keys(after)) inner({ old: own(table, name), oldPath: at(name) }, name);
    }
  }

  /** Whether the old value is a reference, and the new one what it stands for. */
  private isSame(old: unknown, at: ConfigPath | undefined, after: unknown, schema: SchemaNode): boolean {
    const reference = asReference(old);
    if (at === undefined || reference === undefined) return false;
    const { outside, places } = this.document;
    const value = outside?.get(reference, places.position(at).file);
    return value !== undefined && 'text' in value && isDeepStrictEqual(typedValue(value.text, schema), after);
  }

  /** @param holder what has the value at `path` */
  private openSchema(path: ConfigPath, holder: Readonly<Record<string, unknown>>): SchemaNode | undefined {
    const [first, name, last] = path;
    if (path.length !== 3) return undefined;
    if (first === 'track' || first === 'notify') {
      const type = this.typeOf(holder.type, [first, name!]);
      const schema = this.schemas?.[first]?.get(type);
      return schema && schemaAt(schema, [last!]);
    }
    if (first === 'vrouter' && last === 'auth') return this.schemas?.auth?.get(String(holder.auth_type));
    if (first === 'plugins' && last === 'options') return this.schemas?.options.get(String(name));
    return first === 'protocols' ? this.schemas?.protocols.get(String(name)) : undefined;
  }

  /** The `type` of a table, which may stand elsewhere. */
  private typeOf(type: unknown, path: ConfigPath): string {
    const reference = asReference(type);
    const { outside, places } = this.document;
    const value = reference && outside?.get(reference, places.position(path).file);
    return value !== undefined && 'text' in value ? value.text : String(type);
  }
}

const NEW: Old = { old: undefined, oldPath: undefined };

/** Whoever could say what runs here, and as whom, could do whatever the daemon can. */
function refuseFileOnly(path: ConfigPath): never {
  const why = 'what runs on this host is said by who may edit its files';
  throw new EditError(
    'invalid',
    `${directiveName(path)} can be set in the file alone, as ${why}: edit it, and reload`,
  );
}

function refuse(before: unknown, after: unknown, path: ConfigPath): void {
  const old = asReference(before);
  const directive = directiveName(path);
  if (old !== undefined) {
    const where = `stands elsewhere, in ${referenceText(old, 'toml')}`;
    throw new EditError('invalid', `${directive} ${where}: change it there and reload, or edit the file`);
  }
  if (asReference(after) === undefined) return;
  throw new EditError(
    'invalid',
    `${directive} cannot be made to stand elsewhere but in the file: edit it there`,
  );
}
