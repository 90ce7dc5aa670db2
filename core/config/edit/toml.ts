/** Edits of a TOML file: its data is compared with what it is to be, and its text changed where they differ. */
import { isDeepStrictEqual } from 'node:util';
import { type AST, parseTOML } from 'toml-eslint-parser';
import type { RawTable } from '../document.ts';
import { type ChangedData, originsAt } from './changes.ts';
import { LineEdits, lineEnding, type Span } from './lines.ts';
import { matchElements } from './match.ts';
import { isTable, isTableArray, own } from './table.ts';
import { type TomlDirective, type TomlTable, tomlTables } from './toml-tables.ts';
import { renderKey, renderPair, rewriteValue } from './toml-values.ts';

type Origins = readonly (number | undefined)[];

/**
 * Edits the text of a TOML file.
 * @param before its data
 * @param after the data that it is to have, new directives in the order to write them in
 * @throws ParseError if the text is not TOML
 */
export function editToml(source: string, before: RawTable, after: ChangedData): string {
  const ended = source === '' || source.endsWith('\n');
  const text = ended ? source : source + lineEnding(source);
  const edited = new TomlEditor(text, after).edit(before, after.data);
  return ended ? edited : edited.replace(/\r?\n$/, '');
}

class TomlEditor {
  private readonly edits: LineEdits;
  private readonly root: TomlTable;
  private readonly headers: readonly AST.TOMLTable[];
  /** Starts of the lines that hold nothing but a comment. */
  private readonly commentLines: ReadonlySet<number>;

  constructor(
    private readonly text: string,
    private readonly changed: ChangedData,
  ) {
    this.edits = new LineEdits(text);
    const program = parseTOML(text, { tomlVersion: '1.0' });
    this.root = tomlTables(program);
    this.headers = program.body[0].body.filter((node) => node.type === 'TOMLTable');
    const alone = program.comments.filter(({ range: [start] }) => {
      return text.slice(this.edits.lineStart(start), start).trim() === '';
    });
    this.commentLines = new Set(alone.map(({ range: [start] }) => this.edits.lineStart(start)));
  }

  edit(before: RawTable, after: RawTable): string {
    this.reconcile(this.root, before, after);
    return this.edits.apply();
  }

  private reconcile(table: TomlTable, before: RawTable, after: RawTable): void {
    const missing = Object.keys(after).filter((key) => !table.directives.has(key));
    let stays = false;
    for (const [key, directive] of table.directives) {
      if (!Object.hasOwn(after, key)) {
        // What the data does not know of was not asked to go: the check of the result will find it.
        if (Object.hasOwn(before, key)) this.remove(directive);
      } else {
        const origins = originsAt(this.changed, [...table.path, key]);
        if (this.change(directive, own(before, key), own(after, key), origins)) stays = true;
        else {
          this.remove(directive);
          missing.push(key);
        }
      }
    }
    this.add(table, missing, after, stays);
  }

  /** @returns false if the new value needs another form than the old one has */
  private change(directive: TomlDirective, before: unknown, after: unknown, origins?: Origins): boolean {
    if (origins === undefined && isDeepStrictEqual(before, after)) return true;
    const { value, table, elements } = directive;
    if (elements !== undefined) {
      if (!isTableArray(before) || !isTableArray(after)) return false;
      this.reconcileElements(elements, before, after, origins ?? matchElements(before, after));
    } else if (table !== undefined) {
      if (!isTable(before) || !isTable(after)) return false;
      this.reconcile(table, before, after);
    } else if (value !== undefined) {
      const written = rewriteValue(this.text, value, before, after, this.edits.eol, origins);
      this.edits.replace(value.range, written);
    }
    return true;
  }

  /** Elements that keep their order stay where they are; the others are written behind the one before them. */
  private reconcileElements(
    elements: readonly TomlTable[],
    before: readonly RawTable[],
    after: readonly RawTable[],
    origins: Origins,
  ): void {
    const inPlace = new Set<number>();
    let last = -1;
    for (const origin of origins) {
      if (origin === undefined || origin <= last) continue;
      last = origin;
      inPlace.add(origin);
    }
    const [first] = elements;
    if (first === undefined) return;
    let at = this.sectionOf(first.headers[0]!)[0];
    for (const [index, value] of after.entries()) {
      const origin = origins[index];
      const element = origin === undefined ? undefined : elements[origin];
      if (origin === undefined || element === undefined) this.insertElement(at, first, value);
      else if (inPlace.has(origin)) {
        this.reconcile(element, before[origin]!, value);
        at = this.sectionOf(element.headers.at(-1)!)[1];
      } else if (isDeepStrictEqual(before[origin], value)) {
        for (const header of element.headers)
          this.edits.insertBlock(at, this.linesOf(this.sectionOf(header)));
      } else this.insertElement(at, first, value);
    }
    for (const [index, element] of elements.entries()) {
      if (!inPlace.has(index)) this.removeSections(element.headers);
    }
  }

  /** @param example an element that is there already: the new one is indented like it */
  private insertElement(at: number, example: TomlTable, value: RawTable): void {
    const outer = this.edits.indentation(example.header?.range[0] ?? 0);
    const [pair] = example.header?.body ?? [];
    const inner = pair === undefined ? outer : this.edits.indentation(pair.range[0]);
    this.edits.insertBlock(at, elementLines(example.path, value, outer, inner));
  }

  private remove({ pairs, headers }: TomlDirective): void {
    for (const pair of pairs) {
      this.edits.remove([this.commentsAbove(pair.range[0]), this.edits.lineEnd(pair.range[1])]);
    }
    this.removeSections(headers);
  }

  private removeSections(headers: readonly AST.TOMLTable[]): void {
    for (const header of headers) this.edits.remove(this.sectionOf(header));
  }

  /** @param stays something else of the table does: it is there even if nothing is added */
  private add(table: TomlTable, keys: readonly string[], values: RawTable, stays: boolean): void {
    const asSections = keys.filter((key) => hasSections(table, own(values, key)));
    const asPairs = keys.filter((key) => !asSections.includes(key));
    const pairs = asPairs.map((key) => renderPair(key, own(values, key)));
    const dotted = table.dotted.at(-1);
    if (table === this.root || table.header !== undefined) this.addPairs(table.header, pairs);
    else if (dotted !== undefined) {
      // Without any pair the table would be gone as well.
      const { pair, depth } = dotted;
      const name = this.text.slice(pair.range[0], pair.key.keys[depth - 1]!.range[1]);
      const lines = pairs.length === 0 && !stays ? [`${name} = {}`] : pairs.map((each) => `${name}.${each}`);
      this.insertBehind(pair, lines);
    } else if (pairs.length > 0 || !stays) {
      // There are only headers of what is in it: it gets its own.
      const at = this.sectionOf(table.headers[0]!)[0];
      this.edits.insertBlock(at, [`[${headerName(table.path)}]`, ...pairs]);
    }
    for (const key of asSections) {
      const last = table === this.root ? undefined : table.headers.at(-1);
      const at = last === undefined ? this.text.length : this.sectionOf(last)[1];
      const value = own(values, key);
      const path = [...table.path, key];
      if (isTable(value)) this.edits.insertBlock(at, tableLines(path, value));
      else if (isTableArray(value)) {
        for (const element of value) this.edits.insertBlock(at, elementLines(path, element, '', ''));
      }
    }
  }

  /** Adds pairs to what stands below a header, or above the first one. */
  private addPairs(header: AST.TOMLTable | undefined, pairs: readonly string[]): void {
    if (pairs.length === 0) return;
    if (header !== undefined) {
      const last = header.body.at(-1);
      if (last !== undefined) this.insertBehind(last, pairs);
      else this.edits.insert(this.edits.lineEnd(header.range[0]), pairs);
      return;
    }
    const all = [...this.root.directives.values()].flatMap((directive) => directive.pairs);
    const last = all.reduce<AST.TOMLKeyValue | undefined>(
      (later, pair) => (later === undefined || pair.range[0] > later.range[0] ? pair : later),
      undefined,
    );
    if (last !== undefined) this.insertBehind(last, pairs);
    else {
      const [first] = this.headers;
      const at = first === undefined ? this.text.length : this.sectionOf(first)[0];
      this.edits.insertFirstBlock(at, pairs);
    }
  }

  private insertBehind(pair: AST.TOMLKeyValue, lines: readonly string[]): void {
    if (lines.length === 0) return;
    const indentation = this.edits.indentation(pair.range[0]);
    this.edits.insert(
      this.edits.lineEnd(pair.range[1]),
      lines.map((line) => indentation + line),
    );
  }

  /**
   * The lines of a header and its pairs, with the comments right above it, and those right below its last pair
   * unless they are right above the next header.
   */
  private sectionOf(header: AST.TOMLTable): Span {
    const next = this.headers[this.headers.indexOf(header) + 1];
    const limit = next === undefined ? this.text.length : this.commentsAbove(next.range[0]);
    let end = this.edits.lineEnd(header.body.at(-1)?.range[1] ?? header.range[0]);
    while (end < limit && this.commentLines.has(end)) end = this.edits.lineEnd(end);
    return [this.commentsAbove(header.range[0]), end];
  }

  /** Start of the line of `offset`, or of the first of the comments right above it. */
  private commentsAbove(offset: number): number {
    let start = this.edits.lineStart(offset);
    while (start > 0 && this.commentLines.has(this.edits.lineStart(start - 1))) {
      start = this.edits.lineStart(start - 1);
    }
    return start;
  }

  private linesOf([start, end]: Span): string[] {
    return this.text
      .slice(start, end)
      .replace(/\r?\n$/, '')
      .split(/\r?\n/);
  }
}

/** Whether a new directive gets headers of its own: `[api]` and `[[protocols.static]]` do, `timers` does not. */
function hasSections(table: TomlTable, value: unknown): boolean {
  if (table.path.length === 0) return isTable(value) || isTableArray(value);
  return (
    table.path.length === 1 && table.path[0] !== 'vrouter' && table.headers.length > 0 && isTableArray(value)
  );
}

function tableLines(path: readonly string[], table: RawTable): string[] {
  const arrays = Object.keys(table).filter((key) => isTableArray(own(table, key)));
  const lines = [`[${headerName(path)}]`];
  for (const key of Object.keys(table)) {
    if (!arrays.includes(key)) lines.push(renderPair(key, own(table, key)));
  }
  for (const key of arrays) {
    for (const element of own(table, key) as RawTable[]) {
      lines.push('', ...elementLines([...path, key], element, '', ''));
    }
  }
  return lines;
}

function elementLines(path: readonly string[], table: RawTable, outer: string, inner: string): string[] {
  const pairs = Object.keys(table).map((key) => inner + renderPair(key, own(table, key)));
  return [`${outer}[[${headerName(path)}]]`, ...pairs];
}

function headerName(path: readonly string[]): string {
  return path.map(renderKey).join('.');
}
