/** Changes, and what comes of them, for the tests of this folder. */
import { expect } from 'vitest';
import type { ConfigurationChange } from '../../plugin/contracts/index.ts';
import type { ConfigDocument, ConfigFormat } from '../document.ts';
import { EditError, editText } from '../edit.ts';
import { parseDocument } from '../parse.ts';

/** The identity of a virtual router. */
export const router = (group: number) => ({ interface: 'eth0', group });
/** A change that adds this `[[vrouter]]`. */
export const add = (table: Record<string, unknown>): ConfigurationChange => ({ op: 'add-router', table });
/** A change that removes the virtual router of this group on eth0. */
export const remove = (group: number): ConfigurationChange => ({
  op: 'remove-router',
  router: router(group),
});
/** A change of directives of the virtual router of this group on eth0; null takes one away. */
export const change = (group: number, patch: Record<string, unknown>): ConfigurationChange => ({
  op: 'change-router',
  router: router(group),
  patch,
});
/** @param path with spaces between its keys */
export const set = (path: string, value?: unknown): ConfigurationChange => ({
  op: 'set',
  path: path.split(' '),
  value,
});

/** Parses a text that has no syntax error. */
export function parsed(text: string, format: ConfigFormat): ConfigDocument {
  const { document, issues } = parseDocument('/etc/rvrrpd.conf', text, format);
  expect(issues).toEqual([]);
  return document!;
}

/** The text after changes: JSON if it starts with a brace. */
export function edited(text: string, ...changes: ConfigurationChange[]): string {
  const format = text.trimStart().startsWith('{') ? 'json' : 'toml';
  return editText(parsed(text, format), text, changes);
}

/** Why it is refused. */
export function refusal(act: () => unknown): EditError {
  try {
    act();
  } catch (error) {
    if (error instanceof EditError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Lines that are gone (`-`) and new (`+`), in order: all others are common to both texts. */
export function difference(before: string, after: string): string[] {
  const old = before.split('\n');
  const now = after.split('\n');
  const width = now.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      common[i * width + j] =
        old[i] === now[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && old[i] === now[j]) {
      i++;
      j++;
    } else if (
      j >= now.length ||
      (i < old.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!)
    ) {
      lines.push(`-${old[i++]}`);
    } else lines.push(`+${now[j++]}`);
  }
  return lines;
}
