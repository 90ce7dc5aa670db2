/** Which tables a TOML file has, and where in its text each of their directives stands. */
import type { AST } from 'toml-eslint-parser';

/** A table of the file that is no inline table. */
export interface TomlTable {
  /** Keys without indices: what a `[header]` for it has between its brackets. */
  readonly path: readonly string[];
  /** `[header]` that opens it, or the `[[header]]` of an element. */
  header?: AST.TOMLTable;
  /** Pairs `a.b = 1` that make it, being `a`; it is named by the first `depth` keys of each. */
  readonly dotted: { readonly pair: AST.TOMLKeyValue; readonly depth: number }[];
  /** Headers of it and of what is in it. */
  readonly headers: AST.TOMLTable[];
  readonly directives: Map<string, TomlDirective>;
}

/** A key of a table, and all that the file says about it: one of `value`, `table` and `elements` is there. */
export interface TomlDirective {
  /** Pairs that set it, or something in it. */
  readonly pairs: AST.TOMLKeyValue[];
  /** Headers of it and of what is in it. */
  readonly headers: AST.TOMLTable[];
  value?: AST.TOMLContentNode;
  table?: TomlTable;
  /** Elements that have a `[[header]]` each. */
  elements?: TomlTable[];
}

/** Reads them off a syntax tree. */
export function tomlTables(program: AST.TOMLProgram): TomlTable {
  const root = newTable([]);
  for (const node of program.body[0].body) {
    if (node.type === 'TOMLKeyValue') addPair(root, node);
    else {
      const table = openTable(root, node);
      for (const pair of node.body) addPair(table, pair);
    }
  }
  return root;
}

/** The keys of a pair or header as data has them. */
export function keyNames(key: AST.TOMLKey): string[] {
  return key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : part.value));
}

function newTable(path: readonly string[]): TomlTable {
  return { path, dotted: [], headers: [], directives: new Map() };
}

function directiveOf(table: TomlTable, key: string): TomlDirective {
  let directive = table.directives.get(key);
  if (directive === undefined) {
    directive = { pairs: [], headers: [] };
    table.directives.set(key, directive);
  }
  return directive;
}

/** Follows a header's path, in which each name of an array has the element's index behind it. */
function openTable(root: TomlTable, header: AST.TOMLTable): TomlTable {
  let table = root;
  let elements: TomlTable[] | undefined;
  let path: readonly string[] = [];
  for (const [position, part] of header.resolvedKey.entries()) {
    if (typeof part === 'string') {
      path = [...path, part];
      const directive = directiveOf(table, part);
      directive.headers.push(header);
      if (typeof header.resolvedKey[position + 1] === 'number') {
        directive.elements ??= [];
        elements = directive.elements;
        continue;
      }
      directive.table ??= newTable(path);
      table = directive.table;
    } else if (elements !== undefined) {
      elements[part] ??= newTable(path);
      table = elements[part];
    }
    table.headers.push(header);
  }
  table.header = header;
  return table;
}

function addPair(parent: TomlTable, pair: AST.TOMLKeyValue): void {
  let table = parent;
  for (const [index, name] of keyNames(pair.key).entries()) {
    const directive = directiveOf(table, name);
    directive.pairs.push(pair);
    if (index === pair.key.keys.length - 1) directive.value = pair.value;
    else {
      directive.table ??= newTable([...table.path, name]);
      table = directive.table;
      table.dotted.push({ pair, depth: index + 1 });
    }
  }
}
