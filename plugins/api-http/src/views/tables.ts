/** Looking into configuration data: the contract leaves the types of its values open. */

/** A table of the configuration, by directive. */
export type Table = Readonly<Record<string, unknown>>;

/** Whether a value is a table: an object, and no array. */
export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The tables of an array of tables; none if it is absent. */
export function asTables(value: unknown): readonly Table[] {
  return Array.isArray(value) ? value.filter(isTable) : [];
}

/** What `table` itself has under `name`; undefined for what only its prototype has. */
export function own(table: Table, name: string): unknown {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The directives called `names`, in that order, `null` for one that is absent. */
export function pick(table: Table, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, own(table, name) ?? null]));
}

/** The same without object members that are `null`, which means absent, at any depth. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isTable(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}
