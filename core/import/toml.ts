/** Tables of our configuration as text, with comments. Pure. */

/** A value that can be written. */
export type TomlValue =
  | string
  | number
  | boolean
  | readonly TomlValue[]
  | { readonly [key: string]: TomlValue };

/** A table, with what is said before it and the tables below it. */
export interface Table {
  /** `[[vrouter]]`. */
  readonly header: string;
  /** Lines of a comment before it, without `# `. */
  readonly comments: readonly string[];
  readonly entries: readonly (readonly [key: string, value: TomlValue, comment?: string])[];
  readonly tables?: readonly Table[];
}

/** Its text, a line break at the end. */
export function tableText({ header, comments, entries, tables = [] }: Table): string {
  const lines = [
    ...comments.map(commentLine),
    header,
    ...entries.map(([key, value, comment]) => {
      const line = `${key} = ${valueText(value)}`;
      return comment === undefined ? line : `${line}  ${commentLine(comment)}`;
    }),
  ];
  return `${lines.join('\n')}\n${tables.map((table) => `\n${tableText(table)}`).join('')}`;
}

/** A line of a comment: no control character is allowed in it. */
export function commentLine(text: string): string {
  const clean = text.replace(/[^\x20-\x7e\u00a0-\ud7ff\ue000-\uffff]/g, '?');
  return clean === '' ? '#' : `# ${clean}`;
}

/** A value in TOML. */
export function valueText(value: TomlValue): string {
  if (typeof value === 'string') return stringText(value);
  if (Array.isArray(value)) {
    const items = (value as readonly TomlValue[]).map(valueText);
    const line = `[ ${items.join(', ')} ]`;
    if (items.length === 0) return '[]';
    return line.length <= 100 ? line : `[\n${items.map((item) => `  ${item},\n`).join('')}]`;
  }
  if (typeof value === 'object') {
    const fields = Object.entries(value).map(([key, inner]) => `${key} = ${valueText(inner)}`);
    return `{ ${fields.join(', ')} }`;
  }
  return String(value);
}

function stringText(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007F');
}
