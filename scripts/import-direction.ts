/**
 * Holds the imports of the core against the order of its rooms in docs/architecture.md: a file imports from its own
 * room and from those below it, and no two files import each other.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

/** The rooms, folders below the project's, from the highest down. Those of one line don't know each other. */
export type Rooms = readonly (readonly string[])[];

/** A file and the files that it imports by relative paths; all paths from the project's folder. */
export interface Imports {
  readonly file: string;
  readonly imports: readonly { readonly path: string; readonly line: number }[];
}

/** Reads the rooms from the block of code under the heading "Direction of imports". @throws Error if there is none */
export function readRooms(document: string): Rooms {
  const block = /^## Direction of imports$[\s\S]*?^```$([\s\S]*?)^```$/m.exec(document)?.[1];
  if (block === undefined) throw new Error('no block of code under "## Direction of imports"');
  const lines = block.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => (/^(core\/[\w/-]+(?:, core\/[\w/-]+)*)/.exec(line)?.[1] ?? '').split(', '));
}

/** The relative imports and re-exports of a file, types too. */
export function readImports(root: string, file: string): Imports {
  const text = readFileSync(join(root, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const imports: { path: string; line: number }[] = [];
  const note = (specifier: ts.Node): void => {
    if (!ts.isStringLiteral(specifier) || !specifier.text.startsWith('.')) return;
    const { line } = source.getLineAndCharacterOfPosition(specifier.getStart(source));
    imports.push({ path: normalize(join(dirname(file), specifier.text)), line: line + 1 });
  };
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier)
      note(node.moduleSpecifier);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      note(node.arguments[0]!);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) note(node.argument.literal);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { file, imports };
}

/** The room that a file is in: the longest that it is below. */
function roomOf(rooms: Rooms, file: string): string | undefined {
  return rooms
    .flat()
    .filter((room) => file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** Every import against the direction, as `file:line: …`; and every file that is in no room. */
export function findClimbers(rooms: Rooms, files: readonly Imports[]): string[] {
  const level = new Map(rooms.flatMap((line, at) => line.map((room) => [room, at] as const)));
  const found: string[] = [];
  for (const { file, imports } of files) {
    const from = roomOf(rooms, file);
    if (from === undefined) {
      found.push(`${file}: in no room of docs/architecture.md`);
      continue;
    }
    for (const { path, line } of imports) {
      const to = roomOf(rooms, path);
      if (to === from || (to !== undefined && level.get(to)! > level.get(from)!)) continue;
      found.push(`${file}:${line}: ${from} must not import from ${to ?? path}`);
    }
  }
  return found;
}

/** Every circle of imports between files, each once, as `a -> b -> a`. */
export function findCircles(files: readonly Imports[]): string[] {
  const next = new Map(files.map(({ file, imports }) => [file, imports.map(({ path }) => path)]));
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) circles.push([...way.slice(at), file].join(' -> '));
    if (at >= 0 || done.has(file)) return;
    for (const path of next.get(file) ?? []) walk(path, [...way, file]);
    done.add(file);
  };
  for (const file of next.keys()) walk(file, []);
  return circles;
}
