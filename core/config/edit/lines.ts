/**
 * Edits of a text that consists of lines: values are replaced, whole lines come and go. What no edit names stays
 * as it is, character by character.
 */

/** Offsets `[start, end)` in a text, in UTF-16 code units. */
export type Span = readonly [start: number, end: number];

/** How lines end in a text: as the first one does. */
export function lineEnding(text: string): '\n' | '\r\n' {
  return /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n';
}

/**
 * What is inserted. Blocks are set apart from what is around them by empty lines. At the same place a lower rank
 * comes first: lines stay with those above, and the first block is above all others.
 */
const RANK = { lines: 0, firstBlock: 1, block: 2 } as const;

interface Insertion {
  readonly at: number;
  readonly text: string;
  readonly kind: keyof typeof RANK;
}

/** Collects edits of a text, in any order, and makes them all at once. */
export class LineEdits {
  /** How lines end. */
  readonly eol: '\n' | '\r\n';
  private readonly replaced: Span[] = [];
  private readonly removed: Span[] = [];
  private readonly insertions: Insertion[] = [];

  /** @param text its last line must be ended */
  constructor(readonly text: string) {
    this.eol = lineEnding(text);
  }

  /** Offset of the start of the line that `offset` is in. */
  lineStart(offset: number): number {
    return offset === 0 ? 0 : this.text.lastIndexOf('\n', offset - 1) + 1;
  }

  /** Offset behind the end of the line that `offset` is in. */
  lineEnd(offset: number): number {
    const end = this.text.indexOf('\n', offset);
    return end < 0 ? this.text.length : end + 1;
  }

  /** The white space that the line of `offset` starts with. */
  indentation(offset: number): string {
    return /^[ \t]*/.exec(this.text.slice(this.lineStart(offset), offset))?.[0] ?? '';
  }

  /** Replaces what is within a line, or a value that goes over several. */
  replace([start, end]: Span, text: string): void {
    if (this.text.slice(start, end) === text) return;
    this.replaced.push([start, end]);
    this.insertions.push({ at: start, text, kind: 'lines' });
  }

  /** Removes whole lines; of the empty lines before and behind them only those before stay. */
  remove(lines: Span): void {
    this.removed.push(lines);
  }

  /** Inserts lines at `at`, the start of a line. */
  insert(at: number, lines: readonly string[]): void {
    this.insertions.push({ at, text: this.join(lines), kind: 'lines' });
  }

  /** Inserts lines at `at`, the start of a line, with an empty line before and behind them. */
  insertBlock(at: number, lines: readonly string[]): void {
    this.insertions.push({ at, text: this.join(lines), kind: 'block' });
  }

  /** The same, before other blocks at that place. */
  insertFirstBlock(at: number, lines: readonly string[]): void {
    this.insertions.push({ at, text: this.join(lines), kind: 'firstBlock' });
  }

  /** The text after all edits. Insertions of a kind at the same place keep their order. */
  apply(): string {
    const insertions = [...this.insertions].sort((a, b) => a.at - b.at || RANK[a.kind] - RANK[b.kind]);
    const gone = union([...this.replaced, ...this.removedWithSpace(insertions)]);
    let result = '';
    let at = 0;
    let next = 0; // of `gone`
    let afterBlock = false;
    const append = (kept: string): void => {
      if (kept === '') return;
      if (afterBlock && !/^[ \t]*\r?\n/.test(kept)) result += this.eol;
      afterBlock = false;
      result += kept;
    };
    const keepUpTo = (end: number): void => {
      while (at < end) {
        const span = gone[next];
        const until = Math.min(end, span?.[0] ?? end);
        if (until > at) append(this.text.slice(at, until));
        at = Math.max(at, until);
        if (span === undefined || span[0] > at) continue;
        at = Math.min(end, span[1]);
        if (at === span[1]) next++;
      }
    };
    for (const insertion of insertions) {
      keepUpTo(insertion.at);
      if (insertion.kind !== 'lines') {
        if (result !== '' && !/\n[ \t]*\r?\n$/.test(result.slice(-200))) result += this.eol;
        result += insertion.text;
        afterBlock = true;
      } else append(insertion.text);
    }
    keepUpTo(this.text.length);
    return result;
  }

  private join(lines: readonly string[]): string {
    return lines.map((line) => line + this.eol).join('');
  }

  /** The removed lines, and the empty lines that would be too many without them. */
  private removedWithSpace(insertions: readonly Insertion[]): Span[] {
    const spans: [number, number][] = [];
    for (const [start, end] of [...this.removed].sort((a, b) => a[0] - b[0])) {
      const last = spans.at(-1);
      if (last !== undefined && (start <= last[1] || this.text.slice(last[1], start).trim() === '')) {
        last[1] = Math.max(last[1], end);
      } else spans.push([start, end]);
    }
    let next = 0; // of `insertions`
    return spans.map(([start, end]): Span => {
      while ((insertions[next]?.at ?? end + 1) < start) next++;
      if ((insertions[next]?.at ?? end + 1) <= end) return [start, end]; // something takes its place
      let before = start;
      while (before > 0 && this.isBlank(this.lineStart(before - 1), before))
        before = this.lineStart(before - 1);
      let behind = end;
      while (behind < this.text.length && this.isBlank(behind, this.lineEnd(behind)))
        behind = this.lineEnd(behind);
      if (behind === this.text.length) return [before, behind];
      return before < start || start === 0 ? [start, behind] : [start, end];
    });
  }

  private isBlank(start: number, end: number): boolean {
    return this.text.slice(start, end).trim() === '';
  }
}

/** The same spans, sorted, those that touch or overlap put together. */
function union(spans: Span[]): Span[] {
  const result: [number, number][] = [];
  for (const [start, end] of spans.sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else result.push([start, end]);
  }
  return result;
}
