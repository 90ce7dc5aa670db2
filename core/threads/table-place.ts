/** Where a table of the configuration stands, for messages of the plugin that it is for. Plain data, structured clone. */
import type { Position } from '../config/model.ts';

/** See the file's comment. */
export interface TablePlace {
  /** `track[0]`, `notify[1]`. */
  readonly table: string;
  readonly position: Position;
  /** Those of its directives, by name. */
  readonly positions: Readonly<Record<string, Position>>;
}

/**
 * `FILE:LINE: TABLE`.
 * @param words what its plugin says of it: if they begin with the name of a directive, that one's line is meant
 */
export function whereIs({ table, position, positions }: TablePlace, words: string): string {
  const [whole = '', first = ''] = /^([\w-]+)(?:\.[\w-]+)?/.exec(words) ?? [];
  const name = [whole, first].find((each) => Object.hasOwn(positions, each));
  const { file, line } = (name === undefined ? undefined : positions[name]) ?? position;
  return `${file}:${line}: ${table}`;
}
