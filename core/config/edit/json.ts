/** Edits of a JSON file: its data is compared with what it is to be, and its text changed where they differ. */
import { isDeepStrictEqual } from 'node:util';
import { type Node, type ParseError, parseTree } from 'jsonc-parser';
import type { RawTable } from '../document.ts';
import { type ChangedData, originsAt } from './changes.ts';
import { type ListStyle, type Member, rewriteList } from './comma-list.ts';
import { lineEnding } from './lines.ts';
import { matchElements } from './match.ts';
import { isTable, own } from './table.ts';

/** How a file is laid out. */
interface Layout {
  readonly eol: string;
  /** One step of indentation; absent: all is on one line. */
  readonly step?: string;
  /** Between a key and its value. */
  readonly colon: string;
  /** Between members on one line. */
  readonly space: string;
}

/**
 * Edits the text of a JSON file.
 * @param before its data, in which `null` in tables is left out
 * @param after the data that it is to have, new directives in the order to write them in
 * @returns the same text if it is not that of a JSON object
 */
export function editJson(text: string, before: RawTable, after: ChangedData): string {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors);
  if (root?.type !== 'object' || errors.length > 0) return text;
  const editor = new JsonEditor(text, layoutOf(text, root), after);
  const edited = editor.rewrite(root, before, after.data, []);
  return text.slice(0, root.offset) + edited + text.slice(root.offset + root.length);
}

class JsonEditor {
  constructor(
    private readonly text: string,
    private readonly layout: Layout,
    private readonly changed: ChangedData,
  ) {}

  /** The text of a node with its new value; what is the same as before stays as it is written. */
  rewrite(node: Node, before: unknown, after: unknown, path: readonly string[]): string {
    const known = originsAt(this.changed, path);
    if (known === undefined && isDeepStrictEqual(before, after)) {
      return this.text.slice(node.offset, node.offset + node.length);
    }
    if (node.type === 'object' && isTable(before) && isTable(after)) {
      const members = this.properties(node, before, after, path);
      return `{${rewriteList(this.text, listOf(node), members, this.styleOf(node, after))}}`;
    }
    if (node.type === 'array' && Array.isArray(before) && Array.isArray(after)) {
      const origins = known ?? matchElements(before, after);
      const old: readonly unknown[] = before;
      const members = after.map((value: unknown, index): Member => {
        const origin = origins[index];
        const element = origin === undefined ? undefined : node.children?.[origin];
        return origin === undefined || element === undefined
          ? { origin: undefined, text: this.render(value, this.innerIndentation(node, after)) }
          : { origin, text: this.rewrite(element, old[origin], value, [...path, '']) };
      });
      return `[${rewriteList(this.text, listOf(node), members, this.styleOf(node, after))}]`;
    }
    return this.render(after, this.indentationOf(node));
  }

  private properties(node: Node, before: RawTable, after: RawTable, path: readonly string[]): Member[] {
    const members: Member[] = [];
    const written = new Set<string>();
    for (const [origin, property] of (node.children ?? []).entries()) {
      const [key, value] = property.children ?? [];
      if (key === undefined || value === undefined) continue;
      const name = String(key.value);
      const wanted = own(after, name);
      if (wanted === undefined && Object.hasOwn(before, name)) continue; // a null is not there
      written.add(name);
      const text = this.rewrite(value, own(before, name), wanted, [...path, name]);
      members.push({ origin, text: this.text.slice(property.offset, value.offset) + text });
    }
    for (const name of Object.keys(after)) {
      if (written.has(name)) continue;
      const value = this.render(own(after, name), this.innerIndentation(node, after));
      members.push({ origin: undefined, text: JSON.stringify(name) + this.layout.colon + value });
    }
    return members;
  }

  /** @param indentation of the line that it starts on; `undefined`: it must stay on that line */
  private render(value: unknown, indentation: string | undefined): string {
    const { eol, step, colon, space } = this.layout;
    if (!isTable(value) && !Array.isArray(value)) return JSON.stringify(value);
    const inner = indentation === undefined || step === undefined ? undefined : indentation + step;
    const members = Array.isArray(value)
      ? value.map((element) => this.render(element, inner))
      : Object.keys(value).map((key) => JSON.stringify(key) + colon + this.render(own(value, key), inner));
    const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
    if (members.length === 0) return open + close;
    if (inner === undefined || !isSpread(value)) {
      const edge = Array.isArray(value) ? '' : space;
      return open + edge + members.join(`,${space}`) + edge + close;
    }
    return `${open}${eol}${inner}${members.join(`,${eol}${inner}`)}${eol}${indentation}${close}`;
  }

  private styleOf(node: Node, after: unknown): ListStyle {
    const { eol, space } = this.layout;
    const inner = this.innerIndentation(node, after);
    const edge = node.type === 'array' ? '' : space;
    if (inner === undefined) return { eol, first: edge, next: space, last: edge };
    return { eol, first: eol + inner, next: eol + inner, last: eol + this.lineIndentation(node) };
  }

  /** Indentation of new members of a list; `undefined`: they stand on one line. */
  private innerIndentation(node: Node, after: unknown): string | undefined {
    const [first] = node.children ?? [];
    if (first === undefined) {
      const { step } = this.layout;
      return step === undefined || !isSpread(after) ? undefined : this.lineIndentation(node) + step;
    }
    return this.startsLine(first) ? this.lineIndentation(first) : undefined;
  }

  /** Indentation of what replaces a value: over several lines only where the file has a line for each member. */
  private indentationOf(node: Node): string | undefined {
    const property = node.parent?.type === 'property' ? node.parent : node;
    return this.startsLine(property) ? this.lineIndentation(property) : undefined;
  }

  private startsLine({ offset }: Node): boolean {
    return this.text.slice(lineStart(this.text, offset), offset).trim() === '';
  }

  private lineIndentation({ offset }: Node): string {
    return /^[ \t]*/.exec(this.text.slice(lineStart(this.text, offset), offset))?.[0] ?? '';
  }
}

function layoutOf(text: string, root: Node): Layout {
  const eol = lineEnding(text);
  const [property] = root.children ?? [];
  const [key, value] = property?.children ?? [];
  const step = property === undefined ? '  ' : /\n([ \t]*)$/.exec(text.slice(0, property.offset))?.[1];
  const between =
    key === undefined || value === undefined ? ': ' : text.slice(key.offset + key.length, value.offset);
  const colon = /^ *: *$/.test(between) ? between : ': ';
  return { eol, colon, space: colon === ':' ? '' : ' ', ...(step === undefined ? {} : { step }) };
}

/** Whether a new list gets a line for each member: one of scalars does not. */
function isSpread(value: unknown): boolean {
  if (!Array.isArray(value)) return true;
  return value.some((element) => isTable(element) || Array.isArray(element));
}

function listOf(node: Node) {
  const members = (node.children ?? []).map(({ offset, length }) => ({
    start: offset,
    end: offset + length,
  }));
  return { open: node.offset + 1, close: node.offset + node.length - 1, members };
}

function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
}
