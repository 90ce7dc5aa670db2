/** A change of a configuration that was put together, as changes of what it was put together from. */
import { isDeepStrictEqual } from 'node:util';
import { holderKey } from '../assembly.ts';
import type { Assembly, ConfigDocument, Holder, Overlay, RawTable } from '../document.ts';
import { type ConfigPath, directiveName } from '../issues.ts';
import { arrayKey, type ChangedData, EditError, originsAt } from './changes.ts';
import { matchElements } from './match.ts';
import { NamedArrays } from './named-arrays.ts';
import { isTable, own, put } from './table.ts';

/**
 * Splits a change: each value goes to the file, and to the table there, that it came from; what is new to the main file, or
 * to where others of its kind are.
 * @returns for each file what it is to be
 * @throws EditError if that cannot be: a value stands in one place for several virtual routers
 */
export function splitChange(document: ConfigDocument, assembly: Assembly, after: ChangedData): ChangedData[] {
  return new Splitter(document.data, assembly, after).split();
}

/** Where a table came from, and what was put over it. */
type Origin = Holder & { readonly overlays?: readonly Overlay[] };

class Splitter {
  private readonly drafts: RawTable[];
  private readonly origins: (number | undefined)[][];
  /** By file, and there by `arrayKey`: see `ChangedData`. */
  private readonly arrays: Map<string, readonly (number | undefined)[]>[];
  /** Elements of `[[host.NAME.vrouter]]` that are to go. */
  private readonly gone: Holder[] = [];

  constructor(
    private readonly before: RawTable,
    private readonly assembly: Assembly,
    private readonly after: ChangedData,
  ) {
    this.drafts = assembly.parts.map(({ data }) => structuredClone(data));
    this.origins = assembly.parts.map(() => []);
    this.arrays = assembly.parts.map(() => new Map());
  }

  split(): ChangedData[] {
    const { before, after, drafts } = this;
    for (const key of keysOf(before, after.data)) {
      const [old, wanted] = [own(before, key), own(after.data, key)];
      if (key === 'vrouter' || isDeepStrictEqual(old, wanted)) continue;
      const from = key === 'track' ? this.assembly.trackers : this.assembly.lists.get(key);
      if (from !== undefined && Array.isArray(old)) this.changeNamed(key, from, old, wanted);
      else if (key === 'protocols' && isTable(old) && isTable(wanted)) this.changeProtocols(old, wanted);
      else if (isTable(old) && isTable(wanted)) this.changeTable(key, old, wanted);
      else if (wanted === undefined) this.removeAll(key);
      else this.set(this.holdersOf(key).at(-1) ?? { part: 0, path: [key] }, wanted);
    }
    this.changeRouters();
    return drafts.map((data, part) => {
      const arrays = new Map([...this.arrays[part]!, ...this.hostArrays(part, data)]);
      return { data, origins: this.origins[part]!, arrays };
    });
  }

  /** Takes out of `[[host.NAME.vrouter]]` what is to go. @returns origins of what stays */
  private hostArrays(part: number, draft: RawTable): ReadonlyMap<string, readonly number[]> {
    const arrays = new Map<string, readonly number[]>();
    const gone = new Set(
      this.gone.filter((each) => each.part === part).map(({ path }) => JSON.stringify(path)),
    );
    for (const [name, table] of Object.entries(isTable(draft.host) ? draft.host : {})) {
      if (!isTable(table) || !Array.isArray(table.vrouter)) continue;
      const path = ['host', name, 'vrouter'];
      const entries: readonly unknown[] = table.vrouter;
      const stay = [...entries.keys()].filter((index) => !gone.has(JSON.stringify([...path, index])));
      arrays.set(arrayKey(path), stay);
      if (stay.length > 0) table.vrouter = stay.map((index) => entries[index]);
      else delete table.vrouter;
    }
    return arrays;
  }

  private changeTable(key: string, old: RawTable, wanted: RawTable): void {
    for (const inner of keysOf(old, wanted)) {
      const [before, value] = [own(old, inner), own(wanted, inner)];
      if (isDeepStrictEqual(before, value)) continue;
      const holders = this.holdersOf(key, inner);
      if (value === undefined) for (const holder of holders) this.set(holder, undefined);
      else this.set(holders.at(-1) ?? { part: this.partWith(key), path: [key, inner] }, value);
    }
  }

  /** Of tables with a name each stays where it is; what is new is where others are. */
  private changeNamed(key: string, from: readonly Origin[], old: readonly unknown[], wanted: unknown): void {
    const after: readonly unknown[] = Array.isArray(wanted) ? wanted : [];
    const nameOf = (table: unknown): unknown => (isTable(table) ? own(table, 'name') : undefined);
    const byName = (table: unknown): number => old.findIndex((each) => nameOf(each) === nameOf(table));
    const known = originsAt(this.after, [key]);
    const origins = after.map((table, index) => (known === undefined ? byName(table) : (known[index] ?? -1)));
    const alone = (index: number): Holder => {
      const { part, path, overlays: [over] = [] } = from[index]!;
      if (over === undefined) return { part, path };
      const { file, line } = this.assembly.parts[over.part]!.places.position(over.path);
      const name = JSON.stringify(nameOf(old[index]));
      throw new EditError(
        'invalid',
        `${directiveName(over.path)} (${file}:${line}) is put over tracker ${name}: edit it there`,
      );
    };
    const main: Holder = { part: this.partWith(key), path: [key] };
    const first = from[0];
    const home = first?.path[0] === 'host' ? { part: first.part, path: first.path.slice(0, -1) } : main;
    const arrays = new NamedArrays(this.drafts, this.arrays);
    const gone = [...old.keys()].filter((index) => !origins.includes(index)).map(alone);
    for (const [index, table] of after.entries()) {
      const origin = origins[index]!;
      if (origin < 0) arrays.add(home, table);
      else if (!isDeepStrictEqual(old[origin], table)) arrays.replace(alone(origin), table);
    }
    for (const holder of gone) arrays.remove(holder);
    for (const { at, tables } of arrays.changed()) this.set(at, tables.length > 0 ? tables : undefined);
  }

  private changeProtocols(old: RawTable, wanted: RawTable): void {
    for (const name of keysOf(old, wanted)) {
      const [before, after] = [own(old, name), own(wanted, name)];
      if (isDeepStrictEqual(before, after)) continue;
      const holders = this.assembly.entries.get(name) ?? [];
      const folders = new Map<string, { readonly at: Holder; readonly elements: unknown[] }>();
      const folderOf = ({ part, path }: Holder) => {
        const key = JSON.stringify([part, path]);
        const folder = folders.get(key) ?? { at: { part, path }, elements: [] };
        folders.set(key, folder);
        return folder;
      };
      const outer = ({ part, path }: Holder): Holder => ({ part, path: path.slice(0, -1) });
      const single = this.holdersOf('protocols', name).at(-1);
      const main = single ?? { part: this.partWith('protocols'), path: ['protocols', name] };
      for (const holder of holders) folderOf(outer(holder));
      if (Array.isArray(after)) {
        const origins = Array.isArray(before) ? matchElements(before, after) : [];
        let last = holders[0] === undefined ? main : outer(holders[0]);
        for (const [index, element] of after.entries()) {
          const holder = origins[index] === undefined ? undefined : holders[origins[index]];
          if (holder !== undefined) last = outer(holder);
          folderOf(last).elements.push(element);
        }
        const [first] = folders.values();
        if (after.length === 0) this.set(first?.at ?? main, []);
      } else if (after !== undefined) this.set(main, after);
      else if (single !== undefined) this.set(single, undefined);
      for (const [index, { at, elements }] of [...folders.values()].entries()) {
        if (elements.length > 0) this.set(at, elements);
        else if (index > 0 || !Array.isArray(after) || after.length > 0) this.set(at, undefined);
      }
    }
  }

  private removeAll(key: string): void {
    for (const draft of this.drafts) delete draft[key];
    for (const [name, holders] of this.assembly.holders) {
      if ((JSON.parse(name) as string[])[0] !== key) continue;
      for (const holder of holders) if (holder.path[0] === 'host') this.set(holder, undefined);
    }
    if (key !== 'protocols') return;
    for (const holders of this.assembly.entries.values()) {
      for (const { part, path } of holders) {
        if (path[0] === 'host') this.set({ part, path: path.slice(0, -2) }, undefined);
      }
    }
  }

  private changeRouters(): void {
    const { before, after, assembly, drafts, origins } = this;
    const old = before.vrouter;
    const wanted = after.data.vrouter ?? [];
    if (!Array.isArray(wanted)) return;
    const tables = drafts.map(() => [] as unknown[]);
    const kept = new Set<number>();
    for (const [index, value] of wanted.entries()) {
      const origin = after.origins[index];
      const from = origin === undefined ? undefined : assembly.routers[origin];
      if (origin === undefined || from === undefined) {
        tables[0]!.push(value);
        origins[0]!.push(undefined);
        continue;
      }
      kept.add(origin);
      this.changeRouter(from, from.overlays, (old as unknown[])[origin], value);
      if (from.path[0] === 'host') continue;
      tables[from.part]!.push(valueAt(drafts[from.part], from.path));
      origins[from.part]!.push(Number(from.path.at(-1)));
    }
    for (const [index, { part, path, overlays }] of assembly.routers.entries()) {
      if (kept.has(index)) continue;
      if (path[0] === 'host') this.gone.push({ part, path });
      const ofItself = overlays.filter(({ count, path: at }) => count === 1 && at.length > 2);
      this.gone.push(...ofItself);
    }
    for (const [part, draft] of drafts.entries()) {
      if (tables[part]!.length > 0) draft.vrouter = tables[part];
      else delete draft.vrouter;
    }
  }

  private changeRouter(base: Holder, overlays: readonly Overlay[], old: unknown, wanted: unknown): void {
    if (!isTable(old) || !isTable(wanted)) return;
    for (const key of keysOf(old, wanted)) {
      const value = own(wanted, key);
      if (isDeepStrictEqual(own(old, key), value)) continue;
      const ofHost = base.path[0] === 'host' && this.has(base, key);
      const over = overlays.filter((overlay) => !ofHost && this.has(overlay, key));
      const shared = over.find(({ count }) => count > 1);
      if (shared !== undefined) {
        const { places } = this.assembly.parts[shared.part]!;
        const { file, line } = places.position([...shared.path, key]);
        const where = `${directiveName([...shared.path, key])} (${file}:${line})`;
        throw new EditError(
          'invalid',
          `${key} comes from ${where}, for several virtual routers: edit it there`,
        );
      }
      if (value === undefined) {
        for (const { part, path } of [base, ...over]) this.set({ part, path: [...path, key] }, undefined);
        continue;
      }
      const { part, path } = over.at(-1) ?? base;
      this.set({ part, path: [...path, key] }, value);
    }
  }

  private has({ part, path }: Holder, key: string): boolean {
    const table = valueAt(this.assembly.parts[part]!.data, path);
    return isTable(table) && Object.hasOwn(table, key);
  }

  private holdersOf(...keys: readonly string[]): readonly Holder[] {
    return this.assembly.holders.get(holderKey(...keys)) ?? [];
  }

  /** The first file that has something of a table. */
  private partWith(key: string): number {
    return Math.max(
      0,
      this.assembly.parts.findIndex(({ data }) => Object.hasOwn(data, key)),
    );
  }

  /** Sets or removes a value in a file's data. */
  private set({ part, path }: Holder, value: unknown): void {
    let here: unknown = this.drafts[part];
    for (const step of path.slice(0, -1)) {
      if (isTable(here) && own(here, String(step)) === undefined) {
        if (value === undefined) return;
        put(here, String(step), {});
      }
      here = valueAt(here, [step]);
    }
    const last = path.at(-1)!;
    if (Array.isArray(here)) here[Number(last)] = value;
    else if (!isTable(here)) return;
    else if (value === undefined) delete here[last];
    else put(here, String(last), value);
  }
}

function keysOf(a: RawTable, b: RawTable): Set<string> {
  return new Set([...Object.keys(a), ...Object.keys(b)]);
}

function valueAt(data: unknown, path: ConfigPath): unknown {
  let value = data;
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)];
    else value = isTable(value) ? own(value, String(step)) : undefined;
  }
  return value;
}
