/** Arrays of tables in the data of several files while single tables of them are changed. */
import type { Holder, RawTable } from '../document.ts';
import type { ConfigPath } from '../issues.ts';
import { arrayKey } from './changes.ts';
import { isTable, own } from './table.ts';

/** One of the arrays, as it is to be. */
interface Draft {
  readonly at: Holder;
  /** Elements that were there before: undefined once they are gone. */
  readonly before: ({ table: unknown } | undefined)[];
  readonly added: unknown[];
}

/** See the file's comment. Indices are those of before all changes. */
export class NamedArrays {
  private readonly drafts = new Map<string, Draft>();

  /**
   * @param data of the files: is read
   * @param origins by file: take, by `arrayKey`, where each element of an array came from
   */
  constructor(
    private readonly data: readonly RawTable[],
    private readonly origins: readonly Map<string, readonly (number | undefined)[]>[],
  ) {}

  /** Adds an element to the array at `at`, which need not be there. */
  add(at: Holder, table: unknown): void {
    this.draft(at).added.push(table);
  }

  /** @param holder of an element */
  replace(holder: Holder, table: unknown): void {
    this.draft(outer(holder)).before[Number(holder.path.at(-1))] = { table };
  }

  /** @param holder of an element */
  remove(holder: Holder): void {
    this.draft(outer(holder)).before[Number(holder.path.at(-1))] = undefined;
  }

  /** What each array that has changed is to be. */
  changed(): { readonly at: Holder; readonly tables: readonly unknown[] }[] {
    return [...this.drafts.values()].map(({ at, before, added }) => {
      const stay = [...before.keys()].filter((index) => before[index] !== undefined);
      this.origins[at.part]!.set(arrayKey(at.path.map(String)), [...stay, ...added.map(() => undefined)]);
      return { at, tables: [...stay.map((index) => before[index]!.table), ...added] };
    });
  }

  private draft(at: Holder): Draft {
    const key = JSON.stringify([at.part, at.path]);
    let draft = this.drafts.get(key);
    if (draft === undefined) {
      const tables = arrayAt(this.data[at.part], at.path);
      draft = { at, before: tables.map((table) => ({ table })), added: [] };
      this.drafts.set(key, draft);
    }
    return draft;
  }
}

function outer({ part, path }: Holder): Holder {
  return { part, path: path.slice(0, -1) };
}

function arrayAt(data: unknown, path: ConfigPath): readonly unknown[] {
  let value = data;
  for (const key of path) value = isTable(value) ? own(value, String(key)) : undefined;
  return Array.isArray(value) ? value : [];
}
