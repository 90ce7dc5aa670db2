/** Which elements of an array are still there after a change. */
import { isDeepStrictEqual } from 'node:util';
import type { RawTable } from '../document.ts';
import { isTable, own } from './table.ts';

/** How many candidates an element that has changed is compared with. */
const REACH = 32;

/**
 * Finds the old element that each new one comes from: an equal one, else a table that has more directives in
 * common with it than not.
 * @returns for each element of `after` an index of `before`, none twice; `undefined`: it comes from none
 */
export function matchElements(
  before: readonly unknown[],
  after: readonly unknown[],
): readonly (number | undefined)[] {
  const equals = new Map<string, number[]>();
  for (const [index, element] of before.entries()) {
    const key = fingerprint(element);
    const group = equals.get(key);
    if (group === undefined) equals.set(key, [index]);
    else group.push(index);
  }
  const origins = after.map((element) => equals.get(fingerprint(element))?.shift());
  const taken = new Set(origins);
  const rest = [...before.keys()].filter((index) => !taken.has(index) && isTable(before[index]));
  for (const [index, element] of after.entries()) {
    if (origins[index] !== undefined || !isTable(element)) continue;
    const found = rest.slice(0, REACH).findIndex((old) => areSimilar(before[old] as RawTable, element));
    if (found < 0) continue;
    origins[index] = rest[found];
    rest.splice(0, found + 1); // those passed over are gone: what is left keeps its order
  }
  return origins;
}

function areSimilar(a: RawTable, b: RawTable): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  let same = 0;
  for (const key of keys) if (isDeepStrictEqual(own(a, key), own(b, key))) same++;
  return same > keys.size - same;
}

/** The same text for equal values, and only for those. */
export function fingerprint(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(fingerprint).join()}]`;
  if (!isTable(value)) return typeof value === 'string' ? JSON.stringify(value) : String(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${fingerprint(own(value, key))}`).join()}}`;
}
