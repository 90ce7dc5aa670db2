/** Values of TOML, as text. */
import { isDeepStrictEqual } from 'node:util';
import type { AST } from 'toml-eslint-parser';
import type { RawTable } from '../document.ts';
import { type ListStyle, type Member, rewriteList } from './comma-list.ts';
import { matchElements } from './match.ts';
import { isTable, own } from './table.ts';
import { keyNames } from './toml-tables.ts';

/** A value on one line; tables become inline tables. */
export function renderValue(value: unknown): string {
  if (typeof value === 'string') return renderText(value);
  if (typeof value === 'number') return renderNumber(value);
  if (Array.isArray(value)) return `[${value.map(renderValue).join(', ')}]`;
  if (!isTable(value)) return String(value);
  const pairs = Object.keys(value).map((key) => renderPair(key, own(value, key)));
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

/** `key = value` */
export function renderPair(key: string, value: unknown): string {
  return `${renderKey(key)} = ${renderValue(value)}`;
}

/** A key, in quotes if it needs them. */
export function renderKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : renderText(key);
}

/** Every escape of JSON is one of TOML's basic strings, in which DEL needs one too. */
function renderText(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007f');
}

/** Integers that a double does not hold exactly are floats in TOML, and so is whatever has an exponent. */
function renderNumber(value: number): string {
  const text = String(value);
  return Number.isSafeInteger(value) || /[.e]/.test(text) ? text : `${text}.0`;
}

/**
 * Writes a value anew, and leaves as it is written what is the same as before.
 * @param before the value of `node`
 * @param origins of an array: for each element the one that it was; absent: to be found out
 */
export function rewriteValue(
  text: string,
  node: AST.TOMLContentNode,
  before: unknown,
  after: unknown,
  eol: string,
  origins?: readonly (number | undefined)[],
): string {
  const [start, end] = node.range;
  const source = text.slice(start, end);
  if (origins === undefined && isDeepStrictEqual(before, after)) return source;
  if (node.type === 'TOMLArray' && Array.isArray(before) && Array.isArray(after)) {
    const old: readonly unknown[] = before;
    const from = origins ?? matchElements(old, after);
    const members = after.map((value: unknown, index): Member => {
      const origin = from[index];
      const element = origin === undefined ? undefined : node.elements[origin];
      if (origin === undefined || element === undefined)
        return { origin: undefined, text: renderValue(value) };
      return { origin, text: rewriteValue(text, element, old[origin], value, eol) };
    });
    const style: ListStyle = { eol, first: '', next: ' ', last: '' };
    return `[${rewriteList(text, listOf(node, node.elements), members, style)}]`;
  }
  if (node.type === 'TOMLInlineTable' && isTable(before) && isTable(after)) {
    const members = rewritePairs(text, node, before, after, eol);
    const style: ListStyle = { eol, first: ' ', next: ' ', last: ' ' };
    return `{${rewriteList(text, listOf(node, node.body), members, style)}}`;
  }
  return renderValue(after);
}

function rewritePairs(
  text: string,
  node: AST.TOMLInlineTable,
  before: RawTable,
  after: RawTable,
  eol: string,
): Member[] {
  const written = new Set<string>();
  const members: Member[] = [];
  for (const [origin, pair] of node.body.entries()) {
    const [name = '', ...more] = keyNames(pair.key);
    if (Object.hasOwn(before, name) && !Object.hasOwn(after, name)) continue;
    const old = own(before, name);
    const value = own(after, name);
    // Of a table that dotted keys spread over several pairs all stays, or it is written anew.
    if (more.length > 0 && !isDeepStrictEqual(old, value)) continue;
    written.add(name);
    const source =
      more.length > 0
        ? text.slice(...pair.range)
        : text.slice(pair.range[0], pair.value.range[0]) + rewriteValue(text, pair.value, old, value, eol);
    members.push({ origin, text: source });
  }
  for (const key of Object.keys(after)) {
    if (!written.has(key)) members.push({ origin: undefined, text: renderPair(key, own(after, key)) });
  }
  return members;
}

function listOf(node: AST.TOMLArray | AST.TOMLInlineTable, members: readonly AST.TOMLNode[]) {
  return {
    open: node.range[0] + 1,
    close: node.range[1] - 1,
    members: members.map(({ range: [start, end] }) => ({ start, end })),
  };
}
