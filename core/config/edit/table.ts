/** Tables whose keys may be anything, `__proto__` and `constructor` too: those are data like any other. */
import type { RawTable } from '../document.ts';

/** Whether a value is a table: neither scalar nor array, nor an object of any class. */
export function isTable(value: unknown): value is RawTable {
  return Object.prototype.toString.call(value) === '[object Object]';
}

/** Whether a value is an array of tables, with one element at least: what `[[headers]]` can write. */
export function isTableArray(value: unknown): value is RawTable[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTable);
}

/** The value of a key, `undefined` if there is none; what the table inherits does not count. */
export function own(table: RawTable, key: string): unknown {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Sets the value of a key. */
export function put(table: RawTable, key: string, value: unknown): void {
  Object.defineProperty(table, key, { value, enumerable: true, configurable: true, writable: true });
}
