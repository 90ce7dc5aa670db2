/** Changes of a configuration, in its data and in the text of its file. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { ParseError } from 'toml-eslint-parser';
import type { ConfigurationChange } from '../plugin/contracts/index.ts';
import type { ConfigDocument, RawTable } from './document.ts';
import { applyChanges, EditError } from './edit/changes.ts';
import { editJson } from './edit/json.ts';
import { type OpenSchemas, refuseOtherReferences } from './edit/references.ts';
import { isTable, own, put } from './edit/table.ts';
import { editToml } from './edit/toml.ts';
import { parseDocument } from './parse.ts';
import { asNode, ConfigSchema, type SchemaNode } from './schema.ts';
import { schemaAt } from './schema-at.ts';

export { EditError, type EditFault } from './edit/changes.ts';
export type { OpenSchemas } from './edit/references.ts';

/**
 * Applies changes to a configuration's data. Whether the result is a right configuration is not checked.
 * @param data is left as it is
 * @param changes in the order to make them in
 * @throws EditError if one of them cannot be made
 */
export function editData(data: RawTable, changes: readonly ConfigurationChange[]): RawTable {
  return applyChanges(data, changes).data;
}

/**
 * Applies changes to the text of a configuration file. What they do not touch stays as it is, character by
 * character. A comment goes with what it belongs to: what it is right above, or on the same line with.
 * @param document the file as parsed
 * @param text its text
 * @param schemas say where references may stand in what the core's schema leaves open
 * @returns a text whose data is that of {@link editData}
 * @throws EditError if a change cannot be made, or if the text for it is not found: then `invalid`; also for a change of
 * what stands elsewhere, by reference
 */
export function editText(
  document: ConfigDocument,
  text: string,
  changes: readonly ConfigurationChange[],
  schemas?: OpenSchemas,
): string {
  const changed = applyChanges(document.data, changes);
  const { data: wanted, origins } = changed;
  if (isDeepStrictEqual(wanted, document.data)) return text;
  refuseOtherReferences(document.data, changed, schemas);
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : ''; // a byte order mark: parseDocument allows for one
  const after = { data: inSchemaOrder(wanted, asNode(ConfigSchema)) as RawTable, origins };
  const edit = document.format === 'json' ? editJson : editToml;
  let edited: string;
  try {
    edited = mark + edit(text.slice(mark.length), document.data, after);
  } catch (error) {
    if (error instanceof ParseError) throw notEditable(document); // the text is not the document's
    throw error;
  }
  const check = parseDocument(document.file, edited, document.format).document;
  if (check === undefined || !isDeepStrictEqual(check.data, wanted)) throw notEditable(document);
  return edited;
}

function notEditable({ file }: ConfigDocument): EditError {
  return new EditError('invalid', `${file} cannot be edited automatically: edit it by hand and reload`);
}

/** The same data, directives in the order of the schema: that is how new ones are written. */
function inSchemaOrder(value: unknown, schema: SchemaNode | undefined): unknown {
  if (Array.isArray(value)) return value.map((element) => inSchemaOrder(element, schema?.items));
  if (!isTable(value)) return value;
  const known = Object.keys(schema?.properties ?? {}).filter((key) => Object.hasOwn(value, key));
  const sorted: RawTable = {};
  for (const key of new Set([...known, ...Object.keys(value)])) {
    const inner = schema === undefined ? undefined : schemaAt(schema, [key]);
    put(sorted, key, inSchemaOrder(own(value, key), inner));
  }
  return sorted;
}
