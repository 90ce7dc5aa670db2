/** `/config/track` and `/config/sync`: tables that their name tells apart, absent directives `null`. */
import type { TSchema } from '@sinclair/typebox';
import type { NamedTables } from 'rvrrpd/plugin';
import { type Directive, given, patched, SYNC, shown, TRACK } from './directives.ts';
import { asTables, pick, type Table } from './tables.ts';

/** What there is to say of one of the arrays. */
export interface EntryKind {
  readonly list: NamedTables;
  /** What one of them is called in messages. */
  readonly word: string;
  /** What operations and schemas are called after. */
  readonly title: string;
  /** The same for all of them. */
  readonly plural: string;
  /** One as answers have it. */
  readonly shown: TSchema;
  /** A new one. */
  readonly given: TSchema;
  /** A merge patch of one. */
  readonly patch: TSchema;
  readonly directives: readonly string[];
  /** Its tables have directives beside these, which are its type's. */
  readonly isOpen: boolean;
}

function kindOf(
  list: NamedTables,
  [word, title, plural]: readonly [string, string, string],
  directives: Readonly<Record<string, Directive>>,
  [required, isOpen]: readonly [readonly string[], boolean],
): EntryKind {
  const more = isOpen ? '; all else is its type’s own' : '';
  const options = { additionalProperties: isOpen };
  return {
    ...{ list, word, title, plural, isOpen, directives: Object.keys(directives) },
    shown: shown(directives, `Configured${title}`, `A \`[[${list}]]\`${more}.`, [], options),
    given: given(directives, required, {
      ...options,
      title: `Given${title}`,
      description: `The \`[[${list}]]\` to add${more}.`,
    }),
    patch: patched(
      directives,
      `${title}Patch`,
      `Directives of the \`[[${list}]]\` to change${more}.`,
      options,
    ),
  };
}

/** Trackers. */
export const TRACKERS = kindOf('track', ['tracker', 'Tracker', 'Trackers'], TRACK, [['name', 'type'], true]);
/** Groups of virtual routers that are Master together. */
export const SYNC_GROUPS = kindOf('sync', ['group', 'SyncGroup', 'SyncGroups'], SYNC, [
  ['name', 'routers'],
  false,
]);

/** All of a kind. */
export function entries(kind: EntryKind, configuration: Table): Record<string, unknown>[] {
  return asTables(configuration[kind.list]).map((table) => entry(kind, table));
}

/** One of a kind as answers have it. */
export function entry({ directives, isOpen }: EntryKind, table: Table): Record<string, unknown> {
  return { ...pick(table, directives), ...(isOpen ? table : {}) };
}

/** The one of a name; undefined if there is none. */
export function entryNamed(
  kind: EntryKind,
  configuration: Table,
  name: unknown,
): Record<string, unknown> | undefined {
  const found = asTables(configuration[kind.list]).find((table) => table.name === name);
  return found && entry(kind, found);
}
