/** A configuration as it may be shown: without secrets, with or without its defaults. Pure. */
import type { RawTable } from './document.ts';
import { isTable, own, put } from './edit/table.ts';
import { asNode, ConfigSchema, type SchemaNode } from './schema.ts';
import { mentions, saysMore, schemaAt } from './schema-at.ts';
import { fillDefaults } from './validate.ts';

/** Stands for a secret. */
export const HIDDEN = '***';

/**
 * A deep copy in which {@link HIDDEN} stands for every value that the schema marks `writeOnly`; and for what has
 * a name that the schema does not list among others, as that may be a misspelt secret. If the schema has secrets,
 * and may say that a value is one in a way that the core does not follow, the value is hidden as well.
 */
export function redact(data: unknown, schema: SchemaNode): unknown {
  return redactValue(data, schema, mentions(schema, 'writeOnly'));
}

/**
 * A deep copy of a configuration without its secrets.
 * @param optionSchemas of the plugins' options, by the plugin's name in `[plugins]`; of options without, the names are shown alone
 * @param protocolSchemas of the entries of `[[protocols.<name>]]`, by name; entries without are shown
 * @param authSchemas of `[vrouter.auth]`, by `auth_type`; of tables without, likewise
 * @param trackSchemas of `[[track]]` tables, by `type`; of those without, what is not the core's is hidden
 * @param notifySchemas of `[[notify]]` tables, likewise
 */
export function redactConfiguration(
  data: RawTable,
  optionSchemas: ReadonlyMap<string, SchemaNode>,
  protocolSchemas: ReadonlyMap<string, SchemaNode> = new Map(),
  authSchemas: ReadonlyMap<string, SchemaNode> = new Map(),
  trackSchemas: ReadonlyMap<string, SchemaNode> = new Map(),
  notifySchemas: ReadonlyMap<string, SchemaNode> = new Map(),
): RawTable {
  const copy = redact(data, asNode(ConfigSchema)) as RawTable;
  const { plugins, protocols, vrouter } = data;
  for (const [key, schemas] of [
    ['track', trackSchemas],
    ['notify', notifySchemas],
  ] as const) {
    const [tables, shown] = [data[key], copy[key]];
    if (!Array.isArray(tables) || !Array.isArray(shown)) continue;
    copy[key] = tables.map((table: unknown, index) => {
      const schema = isTable(table) ? schemas.get(String(table.type)) : undefined;
      return schema === undefined ? (shown as unknown[])[index] : redact(table, schema);
    });
  }
  if (Array.isArray(vrouter) && Array.isArray(copy.vrouter)) {
    for (const [index, table] of vrouter.entries()) {
      const shown: unknown = copy.vrouter[index];
      if (!isTable(table) || !isTable(shown) || !Object.hasOwn(table, 'auth')) continue;
      const schema = authSchemas.get(String(table.auth_type));
      shown.auth = schema === undefined ? namesAlone(table.auth) : redact(table.auth, schema);
    }
  }
  if (isTable(plugins) && isTable(copy.plugins)) {
    for (const [name, entry] of Object.entries(plugins)) {
      const shown = own(copy.plugins, name);
      if (!isTable(entry) || !isTable(shown) || !Object.hasOwn(entry, 'options')) continue;
      const schema = optionSchemas.get(name);
      shown.options = schema === undefined ? namesAlone(entry.options) : redact(entry.options, schema);
    }
  }
  if (isTable(protocols) && isTable(copy.protocols)) {
    for (const [name, entries] of Object.entries(protocols)) {
      const schema = protocolSchemas.get(name);
      if (schema !== undefined) put(copy.protocols, name, redact(entries, { items: schema }));
    }
  }
  return copy;
}

/** What nobody describes: any of its values may be a secret. It stays a table, as the schema of all around it says. */
function namesAlone(value: unknown): unknown {
  return isTable(value) ? redact(value, { properties: {} }) : HIDDEN;
}

/** A deep copy of a configuration with all defaults of {@link ConfigSchema} filled in. */
export function withDefaults(data: RawTable): RawTable {
  const copy = structuredClone(data);
  fillDefaults(asNode(ConfigSchema), copy);
  return copy;
}

function redactValue(value: unknown, schema: SchemaNode, hasSecrets: boolean): unknown {
  if (schema.writeOnly === true) return HIDDEN;
  if (hasSecrets && saysMore(schema)) return HIDDEN;
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? structuredClone(value)
      : value.map((element: unknown) => redactValue(element, items, hasSecrets));
  }
  if (!isTable(value)) return value;
  const copy: RawTable = {};
  for (const [key, inner] of Object.entries(value)) {
    const described = schemaAt(schema, [key]);
    if (described !== undefined) put(copy, key, redactValue(inner, described, hasSecrets));
    else put(copy, key, schema.properties === undefined ? structuredClone(inner) : HIDDEN);
  }
  return copy;
}
