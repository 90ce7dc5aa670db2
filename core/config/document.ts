/**
 * A configuration file after parsing, before any judgement: its data, and where in the file each part of the
 * data stands, so that every later complaint can name a line.
 */
import type { ConfigIssue, ConfigPath } from './issues.ts';
import { shorten } from './issues.ts';
import type { Position } from './model.ts';
import type { OutsideValues } from './outside-values.ts';

/** The formats that a configuration file may have. */
export const CONFIG_FORMATS = ['toml', 'json'] as const;
/** One of {@link CONFIG_FORMATS}. */
export type ConfigFormat = (typeof CONFIG_FORMATS)[number];

/** A table of the configuration, unchecked. */
export type RawTable = Record<string, unknown>;

/** A parsed file. */
export interface ConfigDocument {
  /** Absolute path. */
  readonly file: string;
  readonly format: ConfigFormat;
  /** Plain data: no `null` in a table (JSON writes it for "absent"), dates as text. */
  readonly data: RawTable;
  readonly places: Places;
  /** What its references stand for. Absent: it has none, a table is a table wherever it stands. */
  readonly outside?: OutsideValues;
}

/** What parsing gives: a document, or why there is none. */
export type ParseResult =
  | { readonly document: ConfigDocument; readonly issues: readonly ConfigIssue[] }
  | { readonly document?: undefined; readonly issues: readonly ConfigIssue[] };

/** Where each part of a document stands. */
export class Places {
  private readonly lines = new Map<string, number>();
  private readonly sources = new Map<string, string>();

  constructor(private readonly file: string) {}

  /** Notes where `path` stands. The first mention counts: later ones only add to it. */
  add(path: ConfigPath, line: number, source?: string): void {
    const key = JSON.stringify(path);
    if (!this.lines.has(key)) this.lines.set(key, line);
    if (source !== undefined) this.sources.set(key, source);
  }

  /** Whether the file itself says something about `path`. */
  has(path: ConfigPath): boolean {
    return this.lines.has(JSON.stringify(path));
  }

  /** Where `path` stands, or the nearest thing around it that is in the file. */
  position(path: ConfigPath): Position {
    for (let length = path.length; length > 0; length--) {
      const line = this.lines.get(JSON.stringify(path.slice(0, length)));
      if (line !== undefined) return { file: this.file, line };
    }
    return { file: this.file, line: 1 };
  }

  /** The value at `path` as written, on one line; absent for tables and for what is not in the file. */
  source(path: ConfigPath): string | undefined {
    const source = this.sources.get(JSON.stringify(path));
    return source === undefined ? undefined : shorten(source);
  }
}

/** An issue about the syntax of the file. `line` and `column` from 1. */
export function syntaxError(file: string, line: number, column: number, message: string): ConfigIssue {
  return { severity: 'error', position: { file, line, column }, directive: '', message };
}
