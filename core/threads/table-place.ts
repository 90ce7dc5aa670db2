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
 * @param message what its plugin says of it: if it begins with the name of a directive, that one's line is meant
 */
export function whereIs({ table, position, positions }: TablePlace, message: string): string {
  const [name = ''] = /^[\w-]+/.exec(message) ?? [];
  const { file, line } = (Object.hasOwn(positions, name) ? positions[name] : undefined) ?? position;
  return `${file}:${line}: ${table}`;
}
