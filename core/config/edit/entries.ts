/** Changes of tables that are told apart by their name: trackers (`[[track]]`) and groups (`[[sync]]`). */
import type { NamedTables } from '../../plugin/contracts/index.ts';
import type { RawTable } from '../document.ts';
import { EditError, mergePatch, plain } from './patching.ts';
import { isTable, own } from './table.ts';

/** What messages call one of them. */
export const ENTRY_WORDS: Readonly<Record<NamedTables, string>> = { track: 'tracker', sync: 'group' };

/** An entry's table with what its references stand for, by the index that it had before the changes. */
export type ResolveEntry = (table: RawTable, list: NamedTables, index: number) => RawTable;

type Origins = (number | undefined)[];

/** The named tables of a configuration while it is changed. */
export class NamedEntries {
  /**
   * By the name of an array, for each element its index before the changes. Of one that somebody has set as a whole that
   * is to be found out.
   */
  readonly origins = new Map<string, Origins>();

  /**
   * @param data is changed
   * @param resolve for tables that were there before
   */
  constructor(
    private readonly data: RawTable,
    private readonly resolve: ResolveEntry,
  ) {
    for (const list of Object.keys(ENTRY_WORDS)) {
      const tables = data[list];
      if (Array.isArray(tables)) this.origins.set(list, [...tables.keys()]);
    }
  }

  /** A directive was set or removed by its path. */
  wasSet([first = '']: readonly string[]): void {
    this.origins.delete(first);
  }

  /** Adds one behind the others. @throws EditError */
  add(list: NamedTables, table: unknown): void {
    const tables = this.tables(list);
    const copy = plain(table, [list, tables.length]);
    if (!isTable(copy)) throw new EditError('invalid', `a ${ENTRY_WORDS[list]} must be a table`);
    this.refuseTwin(list, own(copy, 'name'));
    if (!this.origins.has(list) && tables.length === 0) this.origins.set(list, []);
    tables.push(copy);
    this.data[list] = tables;
    this.origins.get(list)?.push(undefined);
  }

  /** Changes directives of one: JSON Merge Patch. @throws EditError */
  change(list: NamedTables, name: string, patch: unknown): void {
    const index = this.find(list, name);
    if (!isTable(patch)) throw new EditError('invalid', 'a patch must be a table');
    const tables = this.tables(list);
    const changed = mergePatch(tables[index], patch, [list, index]) as RawTable;
    const origin = this.origins.get(list)?.[index];
    this.refuseTwin(list, this.nameOf(list, changed, origin), index);
    tables[index] = changed;
  }

  /** Removes one. @throws EditError */
  remove(list: NamedTables, name: string): void {
    const index = this.find(list, name);
    const tables = this.tables(list);
    tables.splice(index, 1);
    this.origins.get(list)?.splice(index, 1);
    // TOML has no other way to say that there is no [[track]].
    if (tables.length === 0) delete this.data[list];
  }

  private tables(list: NamedTables): unknown[] {
    const tables = this.data[list] ?? [];
    if (!Array.isArray(tables)) throw new EditError('invalid', `${list} is not an array of tables`);
    return tables;
  }

  private nameOf(list: NamedTables, table: unknown, origin: number | undefined): unknown {
    if (!isTable(table)) return undefined;
    return own(origin === undefined ? table : this.resolve(table, list, origin), 'name');
  }

  /** Of two with one name, which are the file's fault, the first. */
  private find(list: NamedTables, name: string): number {
    const index = this.indexOf(list, name);
    if (index >= 0) return index;
    const message = `there is no ${ENTRY_WORDS[list]} ${JSON.stringify(name)}`;
    throw new EditError('missing', message, 'entry-missing');
  }

  private indexOf(list: NamedTables, name: unknown, except = -1): number {
    const origins = this.origins.get(list);
    return this.tables(list).findIndex(
      (table, index) => index !== except && this.nameOf(list, table, origins?.[index]) === name,
    );
  }

  /** One without a name, or with one of the wrong type, is for the schema to complain about. */
  private refuseTwin(list: NamedTables, name: unknown, except?: number): void {
    if (typeof name !== 'string' || this.indexOf(list, name, except) < 0) return;
    const message = `there is a ${ENTRY_WORDS[list]} ${JSON.stringify(name)} already`;
    throw new EditError('exists', message, 'entry-exists');
  }
}
