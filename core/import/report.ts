/** What is said about a configuration while it is imported: faults, and lines that have no counterpart. */
import { basename } from 'node:path';
import type { ImportFault, Place } from './place.ts';
import { type Statement, textOf } from './statements.ts';

/** Why a line is a comment; the statement is shown before it, and the lines of its block behind it. */
export interface Note {
  readonly statement: Statement;
  readonly why: string;
}

/** In the order of the lines; those of several files as they come. */
export function inOrder(notes: readonly Note[]): Note[] {
  return [...notes].sort(({ statement: { place: a } }, { statement: { place: b } }) =>
    a.file === b.file ? a.line - b.line : 0,
  );
}

/** Collects them. */
export class Report {
  readonly faults: ImportFault[] = [];
  /** Lines that have no counterpart, or not an exact one. */
  count = 0;

  /** @param file the main file: its lines are named by their number alone */
  constructor(private readonly file: string) {}

  /** `DIRECTIVE = VALUE: must be …`. */
  fault({ place, words }: Statement, message: string): void {
    const [directive, ...values] = words;
    const value = directive === 'auth_pass' ? '***' : values.join(' ');
    const fault = { place, message: `${directive}${value === '' ? '' : ` = ${value}`}: ${message}` };
    // A definition is read by each that uses it.
    const isTold = this.faults.some((each) => each.place === place && each.message === fault.message);
    if (!isTold) this.faults.push(fault);
  }

  /** How a place is named in a comment. */
  placeName({ file, line }: Place): string {
    return file === this.file ? `line ${line}` : `${basename(file)} line ${line}`;
  }

  /** The lines of a comment, without `# `. */
  comment({ statement, why }: Note): string[] {
    this.count++;
    const first = `${this.placeName(statement.place)}: ${textOf(statement)}: ${why}`;
    return [first, ...inner(statement.block ?? [], 1)];
  }
}

function inner(block: readonly Statement[], depth: number): string[] {
  const indent = '  '.repeat(depth);
  return block.flatMap((each) => {
    const line = `${indent}line ${each.place.line}: ${textOf(each)}`;
    return [line, ...inner(each.block ?? [], depth + 1)];
  });
}
