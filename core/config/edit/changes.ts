/** Changes of a configuration, applied to its plain data. */
import type { ConfigurationChange, RouterName } from '../../plugin/contracts/index.ts';
import type { RawTable } from '../document.ts';
import { isNamed, nameText, type RouterIdentity, routerKey, writtenIdentities } from '../identity.ts';
import { directiveName } from '../issues.ts';
import { NamedEntries, type ResolveEntry } from './entries.ts';
import { checkKey, EditError, mergePatch, plain } from './patching.ts';
import { isTable, own, put } from './table.ts';

export { EditError, type EditFault } from './patching.ts';

/** A configuration after changes. */
export interface ChangedData {
  readonly data: RawTable;
  /** For each element of `data.vrouter`: its index before the changes, `undefined` for a new one. */
  readonly origins: readonly (number | undefined)[];
  /** The same for other arrays, by {@link arrayKey}; of those that are not in it, it is found out. */
  readonly arrays?: ReadonlyMap<string, readonly (number | undefined)[]>;
}

/** A key for the array at a path of tables. */
export function arrayKey(path: readonly string[]): string {
  return JSON.stringify(path);
}

/** For each element of the array at a path: its index before the changes. Absent: that is to be found out. */
export function originsAt(
  { origins, arrays }: ChangedData,
  path: readonly string[],
): readonly (number | undefined)[] | undefined {
  return path.length === 1 && path[0] === 'vrouter' ? origins : arrays?.get(arrayKey(path));
}

interface Entry {
  table: unknown;
  readonly origin: number | undefined;
  readonly resolve: Resolve;
}

/** The virtual routers of an entry's table. */
function identitiesOf({ origin, resolve }: Entry, table: RawTable): RouterIdentity[] {
  return writtenIdentities(origin === undefined ? table : resolve(table, origin));
}

/** A virtual router's table with what its references stand for, by the index that it had before the changes. */
type Resolve = (table: RawTable, index: number) => RawTable;

/**
 * Applies changes, in order.
 * @param before is left as it is
 * @param resolve for tables of virtual routers that were there before; absent: they have no references
 * @param resolveEntry the same for those with a name
 * @throws EditError if one of them cannot be made
 */
export function applyChanges(
  before: RawTable,
  changes: readonly ConfigurationChange[],
  resolve: Resolve = (table) => table,
  resolveEntry: ResolveEntry = (table) => table,
): ChangedData {
  const data = structuredClone(before);
  const named = new NamedEntries(data, resolveEntry);
  const existing: unknown = data.vrouter ?? [];
  let entries: Entry[] = Array.isArray(existing)
    ? existing.map((table: unknown, origin) => ({ table, origin, resolve }))
    : [];
  for (const change of changes) {
    switch (change.op) {
      case 'set':
        setDirective(data, change.path, change.value);
        named.wasSet(change.path);
        break;
      case 'add-router': {
        if (!Array.isArray(existing)) throw new EditError('invalid', 'vrouter is not an array of tables');
        const table = plain(change.table, ['vrouter', entries.length]);
        if (!isTable(table)) throw new EditError('invalid', 'a virtual router must be a table');
        refuseTwin(entries, writtenIdentities(table));
        entries.push({ table, origin: undefined, resolve });
        break;
      }
      case 'change-router': {
        const { entry, table } = find(entries, change.router);
        const index = entries.indexOf(entry);
        if (!isTable(change.patch)) throw new EditError('invalid', 'a patch must be a table');
        const changed = mergePatch(table, change.patch, ['vrouter', index]) as RawTable;
        refuseTwin(
          entries.filter((other) => other !== entry),
          identitiesOf(entry, changed),
        );
        entry.table = changed;
        break;
      }
      case 'remove-router': {
        const { entry } = find(entries, change.router);
        entries = entries.filter((other) => other !== entry);
        break;
      }
      case 'add-entry':
        named.add(change.list, change.table);
        break;
      case 'change-entry':
        named.change(change.list, change.name, change.patch);
        break;
      case 'remove-entry':
        named.remove(change.list, change.name);
        break;
    }
  }
  // An array that has become empty goes: TOML has no other way to say that there is no [[vrouter]].
  if (entries.length > 0) data.vrouter = entries.map(({ table }) => table);
  else if (Array.isArray(existing) && existing.length > 0) delete data.vrouter;
  const arrays = new Map([...named.origins].map(([list, origins]) => [arrayKey([list]), origins]));
  return { data, origins: entries.map(({ origin }) => origin), arrays };
}

/** Sets or removes what is not a virtual router. */
function setDirective(data: RawTable, path: readonly string[], value: unknown): void {
  const last = path.at(-1);
  if (last === undefined) throw new EditError('invalid', 'the path of the directive to set is empty');
  if (path[0] === 'vrouter') {
    throw new EditError('invalid', 'vrouter cannot be set: virtual routers are added, changed and removed');
  }
  for (const key of path) checkKey(key, []);
  const wanted = plain(value, path);
  let table = data;
  for (const [index, key] of path.slice(0, -1).entries()) {
    let inner = own(table, key);
    if (inner === undefined) {
      if (wanted === undefined) return; // nothing there to remove
      inner = {};
      put(table, key, inner);
    }
    if (!isTable(inner)) {
      const name = directiveName(path.slice(0, index + 1));
      throw new EditError('invalid', `${name} is not a table: there is no ${directiveName(path)}`);
    }
    table = inner;
  }
  if (wanted === undefined) delete table[last];
  else put(table, last, wanted);
}

/** A table that a name means, and which of its virtual routers. */
interface Found {
  readonly entry: Entry;
  readonly table: RawTable;
  readonly named: readonly RouterIdentity[];
  /** All that the table stands for. */
  readonly all: readonly RouterIdentity[];
}

function find(entries: readonly Entry[], name: RouterName): Found {
  const found: Found[] = [];
  for (const entry of entries) {
    const { table } = entry;
    if (!isTable(table)) continue;
    const all = identitiesOf(entry, table);
    const named = all.filter((identity) => isNamed(identity, name));
    if (named.length > 0) found.push({ entry, table, named, all });
  }
  const [first] = found;
  const what = `virtual router with ${nameText(name)}`;
  if (!first) throw new EditError('missing', `there is no ${what}`);
  const directive = openDirective(found);
  if (directive !== undefined) {
    const values = new Set(found.flatMap(({ named }) => named.map((identity) => identity[directive])));
    const names = [...values].sort().map((value) => `${directive === 'family' ? 'IPv' : 'VRRPv'}${value}`);
    const each = `for ${names.join(' and for ')}, a [[vrouter]] each`;
    throw new EditError('invalid', `there is a ${what} ${each}: "${directive}" must say which`);
  }
  return first;
}

/** What tells the tables apart that a name means; undefined: there is one, or several that claim to be the same. */
function openDirective(found: readonly Found[]): 'family' | 'version' | undefined {
  const named = found.flatMap((each) => each.named);
  const families = new Set(named.map(({ family }) => family));
  const versions = new Set(named.map(({ version }) => version));
  if (versions.size > 1 && named.length > families.size) return 'version';
  // Two with one identity are the file's fault, which the change may be about to mend.
  const tables = new Set(found.map((each) => each.named.map(({ family }) => family).join()));
  return tables.size > 1 ? 'family' : undefined;
}

/** A table without an identity, or with one of the wrong type, is for the schema to complain about. */
function refuseTwin(entries: readonly Entry[], wanted: readonly RouterIdentity[]): void {
  const keys = new Set(wanted.map(routerKey));
  const twin = entries.some(
    (entry) =>
      isTable(entry.table) &&
      identitiesOf(entry, entry.table).some((identity) => keys.has(routerKey(identity))),
  );
  const [first] = wanted;
  if (!twin || !first) return;
  throw new EditError(
    'exists',
    `there is a virtual router with group ${first.vrid} on ${first.interface} already`,
  );
}
