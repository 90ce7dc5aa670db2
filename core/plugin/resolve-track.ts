/** Trackers: what their type takes, and whether it is there. */
import type { ConfigDocument, RawTable } from '../config/document.ts';
import type { IssueList } from '../config/issue-list.ts';
import type { ConfigPath } from '../config/issues.ts';
import type { TrackerConfig } from '../config/model.ts';
import type { SchemaNode } from '../config/schema.ts';
import { substituted } from '../config/substitute.ts';
import { TRACKER_DIRECTIVES, toTracker, trackerDefaults } from '../config/tracker.ts';
import { fillDefaults, validate } from '../config/validate.ts';
import type { Offer } from './table.ts';

/** By a plugin's own schema, `undefined` where it ships none. */
const whole = new Map<SchemaNode | undefined, SchemaNode>();

/**
 * Schema of a whole `[[track]]` table: the plugin's, and the core's directives, which have been checked. A plugin
 * without a schema takes no directives of its own.
 */
export function trackerSchema(own: SchemaNode | undefined): SchemaNode {
  const known = whole.get(own);
  if (known !== undefined) return known;
  const core = Object.fromEntries(TRACKER_DIRECTIVES.map((name) => [name, {}]));
  const { $id: _, ...rest } = (own ?? { additionalProperties: false }) as SchemaNode & {
    readonly $id?: string;
  };
  const required = (rest.required ?? []).filter((name) => !TRACKER_DIRECTIVES.includes(name));
  const schema = { ...rest, type: 'object', properties: { ...rest.properties, ...core }, required };
  whole.set(own, schema);
  return schema;
}

/**
 * Checks one table against the schema of its plugin.
 * @param path of its table, `track[n]`
 * @returns the tracker with what the schema makes of it
 */
export function checkTracker(
  tracker: TrackerConfig,
  offer: Offer,
  document: ConfigDocument,
  path: ConfigPath,
  list: IssueList,
): TrackerConfig {
  const schema = trackerSchema(offer.configSchema);
  const written = ((document.data.track as readonly RawTable[] | undefined) ?? [])[path[1] as number] ?? {};
  for (const { issue } of validate(document, path, schema, structuredClone(written))) list.issues.push(issue);
  const settings = structuredClone(substituted(document, path, schema, written));
  for (const name of TRACKER_DIRECTIVES) delete settings[name];
  fillDefaults(schema, settings);
  // Of the core's directives, with what their references stand for.
  const table = { ...settings, ...coreOf(tracker, written) };
  const made = toTracker(table, tracker.position, trackerDefaults(offer.configSchema));
  return { ...made, positions: document.places.positions(path, written) };
}

/** The core's directives as they are in the file: those that are not have the type's defaults. */
function coreOf(tracker: TrackerConfig, written: RawTable): RawTable {
  const { name, type, initial, rise, fall } = tracker;
  const values: RawTable = { name, type, initial, rise, fall };
  for (const key of ['interval', 'timeout', 'hold'] as const) values[key] = tracker[key] / 1000;
  return Object.fromEntries(Object.entries(values).filter(([key]) => Object.hasOwn(written, key)));
}
