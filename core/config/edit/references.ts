/**
 * References in a configuration that is to be changed: they are made, changed and replaced by who edits the file, not by
 * whoever may change the configuration from elsewhere. He could have the daemon read what he may not, or bring a secret
 * into a file that was kept out of it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { RawTable } from '../document.ts';
import { type ConfigPath, directiveName } from '../issues.ts';
import { asReference, referenceText } from '../references.ts';
import { asNode, ConfigSchema, type SchemaNode } from '../schema.ts';
import { schemaAt } from '../schema-at.ts';
import { takesReference } from '../substitute.ts';
import { type ChangedData, EditError } from './changes.ts';
import { matchElements } from './match.ts';
import { isTable, own } from './table.ts';

/** Schemas of what the core's own schema leaves open. */
export interface OpenSchemas {
  /** Of the plugins' options, by the plugin's name in `[plugins]`. */
  readonly options: ReadonlyMap<string, SchemaNode>;
  /** Of the entries of `[[protocols.<name>]]`, by name. */
  readonly protocols: ReadonlyMap<string, SchemaNode>;
}

/** @throws EditError if a reference would be made, or another value put in its place. Its directive may be removed. */
export function refuseOtherReferences(before: RawTable, after: ChangedData, schemas?: OpenSchemas): void {
  new Comparison(after.origins, schemas).compare(before, after.data, [], asNode(ConfigSchema), false);
}

class Comparison {
  constructor(
    private readonly routerOrigins: ChangedData['origins'],
    private readonly schemas: OpenSchemas | undefined,
  ) {}

  compare(
    before: unknown,
    after: unknown,
    path: ConfigPath,
    node: SchemaNode | undefined,
    secret: boolean,
  ): void {
    if (after === undefined || isDeepStrictEqual(before, after)) return;
    const schema = this.openSchema(path) ?? node;
    if (schema === undefined) return;
    const isSecret = secret || schema.writeOnly === true;
    if (takesReference(schema, isSecret)) refuse(before, after, path);
    const inner = (old: unknown, value: unknown, key: string | number): void =>
      this.compare(old, value, [...path, key], schemaAt(schema, [key]), isSecret);
    if (Array.isArray(after)) {
      const elements: readonly unknown[] = Array.isArray(before) ? before : [];
      const isRouters = path.length === 1 && path[0] === 'vrouter';
      const origins = isRouters ? this.routerOrigins : matchElements(elements, after);
      for (const [index, value] of after.entries()) {
        const origin = origins[index];
        inner(origin === undefined ? undefined : elements[origin], value, index);
      }
    } else if (isTable(after)) {
      const table = isTable(before) ? before : {};
      for (const key of Object.keys(after)) inner(own(table, key), own(after, key), key);
    }
  }

  private openSchema(path: ConfigPath): SchemaNode | undefined {
    const [first, name, last] = path;
    if (path.length !== 3) return undefined;
    if (first === 'plugins' && last === 'options') return this.schemas?.options.get(String(name));
    return first === 'protocols' ? this.schemas?.protocols.get(String(name)) : undefined;
  }
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
