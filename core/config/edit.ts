/** Changes of a configuration, in its data and in the text of its file. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { ParseError } from 'toml-eslint-parser';
import type { ConfigurationChange, NamedTables } from '../plugin/contracts/index.ts';
import { assemble } from './assembly.ts';
import type { ConfigDocument, RawTable } from './document.ts';
import { applyChanges, type ChangedData, EditError } from './edit/changes.ts';
import { editJson } from './edit/json.ts';
import { fingerprint } from './edit/match.ts';
import { type OpenSchemas, refuseOtherReferences } from './edit/references.ts';
import { splitChange } from './edit/split.ts';
import { isTable, own, put } from './edit/table.ts';
import { editToml } from './edit/toml.ts';
import { parseDocument } from './parse.ts';
import {
  asNode,
  ConfigSchema,
  type SchemaNode,
  SyncSchema,
  TrackerSchema,
  VirtualRouterSchema,
} from './schema.ts';
import { schemaAt } from './schema-at.ts';
import { substituted } from './substitute.ts';

export { EditError, type EditFault } from './edit/changes.ts';
export { ENTRY_WORDS } from './edit/entries.ts';
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
 * Applies changes to the texts of a configuration's files. What they do not touch stays as it is, character by
 * character. A comment goes with what it belongs to: what it is right above, or on the same line with.
 * @param document the files as parsed
 * @param texts of the files, by their paths
 * @param schemas say where references may stand in what the core's schema leaves open
 * @returns texts whose data is that of {@link editData}: all of them, those that stay as they are too
 * @throws EditError if a change cannot be made, or if the text for it is not found: then `invalid`; also for a change of
 * what stands elsewhere, by reference
 */
export function editTexts(
  document: ConfigDocument,
  texts: ReadonlyMap<string, string>,
  changes: readonly ConfigurationChange[],
  schemas?: OpenSchemas,
): ReadonlyMap<string, string> {
  for (const change of changes) {
    const [first] = change.op === 'set' ? change.path : [];
    if (first !== 'include' && first !== 'host') continue;
    throw new EditError('invalid', `${first} is about the files: edit them, and reload`);
  }
  const router = asNode(VirtualRouterSchema);
  const changed = applyChanges(
    document.data,
    changes,
    (table, index) => substituted(document, ['vrouter', index], router, table),
    (table, list, index) => substituted(document, [list, index], ENTRY_NODES[list], table),
  );
  if (isDeepStrictEqual(changed.data, document.data)) return texts;
  refuseOtherReferences(document, changed, schemas);
  const { assembly } = document;
  const parts = assembly?.parts ?? [document];
  const wanted = assembly === undefined ? [changed] : splitChange(document, assembly, changed);
  const edited = new Map(
    parts.map((part, index) => [part.file, editPart(part, texts.get(part.file) ?? '', wanted[index]!)]),
  );
  if (assembly === undefined) return edited;
  const after = parts.map(({ file, format }) => parseDocument(file, edited.get(file)!, format).document!);
  const result = assemble(after, assembly.hosts).document;
  if (result === undefined || !isDeepStrictEqual(withoutOrder(result.data), withoutOrder(changed.data))) {
    throw notEditable(document);
  }
  return edited;
}

/**
 * The same for a file that is all of the configuration.
 * @param text its text
 */
export function editText(
  document: ConfigDocument,
  text: string,
  changes: readonly ConfigurationChange[],
  schemas?: OpenSchemas,
): string {
  return editTexts(document, new Map([[document.file, text]]), changes, schemas).get(document.file) ?? text;
}

/** What of a named table is the core's. */
const ENTRY_NODES: Readonly<Record<NamedTables, SchemaNode>> = {
  track: asNode(TrackerSchema),
  sync: asNode(SyncSchema),
};

/** Of virtual routers and other entries: each file has its own, one behind the other. */
function withoutOrder({ vrouter, track, sync, protocols, ...data }: RawTable): RawTable {
  const sorted = (value: unknown): unknown =>
    Array.isArray(value) ? value.map((each) => fingerprint(each)).sort() : value;
  const entries = isTable(protocols) ? Object.entries(protocols) : [];
  return {
    ...data,
    vrouter: sorted(vrouter),
    track: sorted(track),
    sync: sorted(sync),
    protocols: Object.fromEntries(entries.map(([name, value]) => [name, sorted(value)])),
  };
}

function editPart(document: ConfigDocument, text: string, changed: ChangedData): string {
  const { data: wanted } = changed;
  if (isDeepStrictEqual(wanted, document.data)) return text;
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : ''; // a byte order mark: parseDocument allows for one
  const after = { ...changed, data: inSchemaOrder(wanted, asNode(ConfigSchema)) as RawTable };
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
