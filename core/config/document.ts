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
  /** How it was put together. Absent: it is one file, and what that says holds everywhere. */
  readonly assembly?: Assembly;
}

/** Where a value stands: in which of the files, and at which path of its own data. */
export interface Holder {
  /** Index of the file. */
  readonly part: number;
  readonly path: ConfigPath;
}

/** Directives of a host's table that were put over a virtual router's own. */
export interface Overlay extends Holder {
  /** Virtual routers that it was put over. */
  readonly count: number;
}

/** Where a `[[vrouter]]`, or a `[[track]]`, of the document came from. */
export interface RouterOrigin extends Holder {
  /** In the order in which they were put over it: the last one that has a directive counts. */
  readonly overlays: Overlay[];
}

/** How a document was put together. */
export interface Assembly {
  /** The files, each as it is: the first is the main one. */
  readonly parts: readonly ConfigDocument[];
  /** Names of this host. */
  readonly hosts: readonly string[];
  /** By the index in `vrouter`. */
  readonly routers: readonly RouterOrigin[];
  /** By the index in `track`. */
  readonly trackers: readonly RouterOrigin[];
  /** Of arrays of tables that are put together from several files, such as `sync`, by name and index. */
  readonly lists: ReadonlyMap<string, readonly Holder[]>;
  /** Of what is no virtual router, by the directive's name or that of a table and its key: the last one counts. */
  readonly holders: ReadonlyMap<string, readonly Holder[]>;
  /** Of the entries of `[[protocols.<name>]]`, by name and index. */
  readonly entries: ReadonlyMap<string, readonly Holder[]>;
}

/** What parsing gives: a document, or why there is none. */
export type ParseResult =
  | { readonly document: ConfigDocument; readonly issues: readonly ConfigIssue[] }
  | { readonly document?: undefined; readonly issues: readonly ConfigIssue[] };

/** Where each part of a document stands. */
export class Places {
  private readonly lines = new Map<string, number>();
  private readonly sources = new Map<string, string>();
  /** Of what is in another file than the others. */
  private readonly files = new Map<string, string>();
  /** Keys of `lines` by the first element of their path, for documents that are complete. */
  private byFirst: Map<string | number | undefined, string[]> | undefined;

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

  /**
   * Notes where another document's parts stand in this one, unless there is something already.
   * @param pathOf what is at a path there, in this document; undefined: nowhere
   */
  adopt(places: Places, pathOf: (path: ConfigPath) => ConfigPath | undefined): void {
    for (const key of places.lines.keys()) {
      const path = pathOf(JSON.parse(key) as ConfigPath);
      if (path !== undefined) this.take(places, key, path, false);
    }
  }

  /** What there is at a path and in it: paths from there on. */
  below(path: ConfigPath): readonly ConfigPath[] {
    if (this.byFirst === undefined) {
      this.byFirst = new Map();
      for (const key of this.lines.keys()) {
        const [first] = JSON.parse(key) as ConfigPath;
        const group = this.byFirst.get(first);
        if (group === undefined) this.byFirst.set(first, [key]);
        else group.push(key);
      }
    }
    const prefix = JSON.stringify(path).slice(0, -1);
    return (this.byFirst.get(path[0]) ?? [])
      .filter((key) => key === `${prefix}]` || key.startsWith(`${prefix},`))
      .map((key) => (JSON.parse(key) as ConfigPath).slice(path.length));
  }

  /**
   * Notes that what stands at `from` in another document stands at `to` in this one.
   * @param replace it counts although there is something already
   */
  adoptAt(places: Places, from: ConfigPath, to: ConfigPath, replace: boolean): void {
    const key = JSON.stringify(from);
    if (places.lines.has(key)) this.take(places, key, to, replace);
  }

  private take(places: Places, key: string, path: ConfigPath, replace: boolean): void {
    const own = JSON.stringify(path);
    if (this.lines.has(own) && !replace) return;
    this.lines.set(own, places.lines.get(key)!);
    const file = places.files.get(key) ?? places.file;
    if (file === this.file) this.files.delete(own);
    else this.files.set(own, file);
    const source = places.sources.get(key);
    if (source === undefined) this.sources.delete(own);
    else this.sources.set(own, source);
  }

  /** Where `path` stands, or the nearest thing around it that is in the file. */
  position(path: ConfigPath): Position {
    for (let length = path.length; length > 0; length--) {
      const key = JSON.stringify(path.slice(0, length));
      const line = this.lines.get(key);
      if (line !== undefined) return { file: this.files.get(key) ?? this.file, line };
    }
    return { file: this.file, line: 1 };
  }

  /** Where a table and its parts stand: `''` is the table, `keys` what it has, `keys.2` what that has. */
  positions(path: ConfigPath, table: RawTable): Record<string, Position> {
    const paths = Object.entries(table).flatMap(([key, value]) => {
      const inner = typeof value === 'object' && value !== null ? Object.keys(value) : [];
      return [[key], ...inner.map((name) => [key, name])];
    });
    return Object.fromEntries(
      [[], ...paths].map((parts) => [parts.join('.'), this.position([...path, ...parts])]),
    );
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
