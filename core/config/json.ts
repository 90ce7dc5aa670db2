/** JSON configuration files: data and positions from one strict parse (RFC 8259: no comments, no spare commas). */
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { type ParseResult, Places, type RawTable, syntaxError } from './document.ts';
import { type ConfigIssue, directiveName } from './issues.ts';

/** Parses a JSON configuration. Keys whose value is `null` are left out: that is how JSON writes "absent". */
export function parseJsonDocument(file: string, text: string): ParseResult {
  const starts = lineStarts(text);
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  const first = errors[0];
  if (first !== undefined) {
    const { line, column } = locate(starts, first.offset);
    return { issues: [syntaxError(file, line, column, `not valid JSON: ${plainWords(first)}`)] };
  }
  if (root === undefined || root.type !== 'object') {
    return { issues: [syntaxError(file, 1, 1, 'must be a JSON object: { "vrouter": [ … ] }')] };
  }
  const places = new Places(file);
  const issues: ConfigIssue[] = [];

  const read = (node: Node, path: (string | number)[]): unknown => {
    if (node.type === 'object') return readObject(node, path);
    const line = locate(starts, node.offset).line;
    places.add(path, line, text.slice(node.offset, node.offset + node.length));
    if (node.type !== 'array') return node.value;
    return (node.children ?? []).map((child, index) => read(child, [...path, index]));
  };

  const readObject = (node: Node, path: (string | number)[]): RawTable => {
    places.add(path, locate(starts, node.offset).line);
    const table: RawTable = {};
    const seen = new Map<string, number>();
    for (const property of node.children ?? []) {
      const [key, value] = property.children ?? [];
      if (key === undefined || value === undefined) continue; // cannot be: it parsed without an error
      const name = String(key.value);
      const at = locate(starts, property.offset);
      const before = seen.get(name);
      if (before !== undefined) {
        // JSON.parse would silently take the last one: an operator who edited the first would never know.
        const directive = directiveName([...path, name]);
        issues.push(syntaxError(file, at.line, at.column, `${directive} is already in line ${before}`));
        continue;
      }
      seen.set(name, at.line);
      places.add([...path, name], at.line);
      if (value.type === 'null') continue;
      // defineProperty: a key named __proto__ is data like any other, to be refused as unknown
      Object.defineProperty(table, name, {
        value: read(value, [...path, name]),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return table;
  };

  const data = readObject(root, []);
  if (issues.length > 0) return { issues };
  return { document: { file, format: 'json', data, places }, issues };
}

/** jsonc-parser has its errors as `CamelCase` codes. */
function plainWords(error: ParseError): string {
  return printParseErrorCode(error.error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
}

/** Offsets at which the lines start. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Line and column, both from 1, of an offset. */
function locate(starts: readonly number[], offset: number): { line: number; column: number } {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - starts[low]! + 1 };
}
