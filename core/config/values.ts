/** A configuration's data with what its references stand for, those in the parts of plugins too. Pure. */
import type { ConfigDocument, RawTable } from './document.ts';
import { isTable, own } from './edit/table.ts';
import type { OpenSchemas } from './edit.ts';
import { asNode, ConfigSchema } from './schema.ts';
import { substitute } from './substitute.ts';

/** The data; the document's own if there is no reference. Holds secrets. */
export function valuesOf(
  document: ConfigDocument,
  { options, protocols, auth, track, notify }: OpenSchemas,
): RawTable {
  if (document.outside === undefined || document.outside.isEmpty) return document.data;
  const data = structuredClone(document.data);
  substitute(document, [], asNode(ConfigSchema), data);
  for (const [index, router] of asArray(data.vrouter).entries()) {
    const schema = isTable(router) ? auth?.get(String(router.auth_type)) : undefined;
    if (schema !== undefined)
      substitute(document, ['vrouter', index, 'auth'], schema, (router as RawTable).auth);
  }
  for (const [key, schemas] of [
    ['track', track],
    ['notify', notify],
  ] as const) {
    for (const [index, table] of asArray(data[key]).entries()) {
      const schema = isTable(table) ? schemas?.get(String(table.type)) : undefined;
      if (schema !== undefined) substitute(document, [key, index], schema, table);
    }
  }
  const plugins = own(data, 'plugins');
  for (const [name, schema] of options) {
    const entry = isTable(plugins) ? own(plugins, name) : undefined;
    if (isTable(entry)) substitute(document, ['plugins', name, 'options'], schema, entry.options);
  }
  const entries = own(data, 'protocols');
  for (const [name, schema] of protocols) {
    const list = isTable(entries) ? own(entries, name) : undefined;
    if (Array.isArray(list)) substitute(document, ['protocols', name], { items: schema }, list);
  }
  return data;
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
