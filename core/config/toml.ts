/**
 * TOML configuration files. @iarna/toml gives the data; it keeps no positions, so toml-eslint-parser reads the
 * same text first for those. Both must accept it: what only one of them understands is an error, not a guess.
 */
import TOML from '@iarna/toml';
import { type AST, ParseError, parseTOML, traverseNodes } from 'toml-eslint-parser';
import { messageOf } from '../shared/errors.ts';
import { type ParseResult, Places, type RawTable, syntaxError } from './document.ts';
import type { ConfigIssue } from './issues.ts';
import { scanNesting } from './nesting.ts';

/** Parses a TOML 1.0 configuration. */
export function parseTomlDocument(file: string, text: string): ParseResult {
  let ast: AST.TOMLProgram;
  try {
    ast = parseTOML(text, { tomlVersion: '1.0' });
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { issues: [explain(file, text, error)] };
  }
  const inherited = inheritedKey(ast);
  if (inherited !== undefined) {
    const { line, column } = inherited.loc.start;
    const message = `unknown directive: "${keyName(inherited)}"`;
    return { issues: [syntaxError(file, line, column + 1, message)] };
  }
  let data: TOML.JsonMap;
  try {
    data = TOML.parse(text.replaceAll('\r\n', '\n')); // it takes the \r in a comment for a mistake
  } catch (error) {
    const { line = 0, col = 0 } = error as { line?: number; col?: number };
    const message = `not valid TOML: ${plain(messageOf(error))}`;
    return { issues: [syntaxError(file, line + 1, col + 1, message)] };
  }
  const places = new Places(file);
  for (const node of ast.body[0].body) {
    if (node.type === 'TOMLTable') {
      addTable(places, node);
      for (const pair of node.body) addPair(places, node.resolvedKey, pair, text);
    } else addPair(places, [], node, text);
  }
  return {
    document: { file, format: 'toml', data: plainData(data) as RawTable, places },
    issues: [],
  };
}

/** The mistake is often before the place where the parser gives up: at a bracket that was never closed. */
function explain(file: string, text: string, error: ParseError): ConfigIssue {
  const { lineNumber: line, index } = error;
  const unclosed = scanNesting(text, 'toml', index).open[0];
  if (unclosed?.header === true && unclosed.line < line) {
    const header = text.split('\n', unclosed.line)[unclosed.line - 1]!.trim();
    const end = header.startsWith('[[') ? ']]' : ']';
    const message = `not valid TOML: the table header is not closed: it ends with ${end}`;
    return syntaxError(file, unclosed.line, 1, message);
  }
  const still =
    unclosed === undefined || unclosed.line === line
      ? ''
      : `; the ${unclosed.bracket} in line ${unclosed.line} is still open here`;
  return syntaxError(file, line, error.column + 1, `not valid TOML: ${plain(error.message)}${still}`);
}

/**
 * A key that every object has without anybody setting it: @iarna/toml takes such a one for a table that is there
 * already, and writes into it. None is a directive.
 */
function inheritedKey(ast: AST.TOMLProgram): TomlKey | undefined {
  let found: TomlKey | undefined;
  traverseNodes(ast, {
    enterNode(node) {
      if (node.type === 'TOMLBare' || node.type === 'TOMLQuoted') {
        if (keyName(node) in Object.prototype) found ??= node;
      }
    },
    leaveNode() {},
  });
  return found;
}

type TomlKey = AST.TOMLBare | AST.TOMLQuoted;

function keyName(key: TomlKey): string {
  return key.type === 'TOMLBare' ? key.name : key.value;
}

/** Notes a table's header, and for `[a.b]` also `a`, if nothing before has mentioned it. */
function addTable(places: Places, table: AST.TOMLTable): void {
  const path = table.resolvedKey;
  for (let length = 1; length <= path.length; length++) {
    places.add(path.slice(0, length), table.loc.start.line);
  }
}

function addPair(places: Places, parent: (string | number)[], pair: AST.TOMLKeyValue, text: string): void {
  let path = parent;
  for (const key of pair.key.keys) {
    path = [...path, keyName(key)];
    places.add(path, pair.loc.start.line); // dotted keys make tables on the way
  }
  addValue(places, path, pair.value, text);
}

function addValue(places: Places, path: (string | number)[], value: AST.TOMLContentNode, text: string): void {
  if (value.type === 'TOMLInlineTable') {
    places.add(path, value.loc.start.line);
    for (const pair of value.body) addPair(places, path, pair, text);
    return;
  }
  places.add(path, value.loc.start.line, text.slice(value.range[0], value.range[1]));
  if (value.type !== 'TOMLArray') return;
  for (const [index, element] of value.elements.entries()) addValue(places, [...path, index], element, text);
}

/**
 * Dates become text: no directive is one. Integers beyond 2^53 come as bigint, cut to 64 bits: they become
 * infinite, which is out of every range. What is shown to the operator is the source text anyway.
 */
function plainData(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.POSITIVE_INFINITY;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plainData);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainData(inner)]));
  }
  return value;
}

/** The message without @iarna/toml's quotation of the source: the line may hold a secret. */
function plain(message: string): string {
  const first = message.split('\n')[0] ?? message;
  const text = first.replace(/ at row \d+, col \d+, pos \d+:?$/, '');
  return text.charAt(0).toLowerCase() + text.slice(1);
}
