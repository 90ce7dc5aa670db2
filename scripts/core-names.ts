/**
 * Finds plugins' names in the core. The core resolves plugins through their manifests: a name in it would be a
 * branch, a default or a special case that a third party's plugin cannot have.
 *
 * The rule: nowhere in a file of the core stands the name of a plugin's folder or package; and no string literal
 * is, or quotes, a name that a plugin answers to in the configuration. Words outside of literals are free:
 * "static", "ether" and the like are ordinary ones. Trackers and hooks are called as the things that they track ("link", "file"),
 * words that the core has of its own: their names are looked for in its code about them alone.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** What must not be in the core. */
export interface PluginNames {
  /** Names of the folders below `plugins/`: `<kind>-<name>`. */
  readonly folders: readonly string[];
  /** The `names` of all manifests, but those of trackers and hooks. */
  readonly configuration: readonly string[];
  /** The `names` of trackers and hooks. */
  readonly trackers?: readonly string[];
}

/** The part of a `package.json` that matters here; what plugins share has no manifest. */
interface Package {
  readonly rvrrpd?: { readonly kind: string; readonly names: readonly string[] };
}

/** The names of all plugins below a folder. */
export function pluginNames(pluginsFolder: string): PluginNames {
  const folders = readdirSync(pluginsFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  const manifests = folders.flatMap((folder) => {
    const text = readFileSync(join(pluginsFolder, folder, 'package.json'), 'utf8');
    return (JSON.parse(text) as Package).rvrrpd ?? [];
  });
  const named = (isTracker: boolean) => [
    ...new Set(
      manifests
        .filter(({ kind }) => (kind === 'track' || kind === 'notify') === isTracker)
        .flatMap(({ names }) => names),
    ),
  ];
  return { folders, configuration: named(false), trackers: named(true) };
}

/** Code about trackers and hooks: it must treat them all alike. Its tests have to call them something. */
function isAboutTrackers(file: string): boolean {
  return /track|notify|hook/.test(file) && !file.endsWith('.test.ts');
}

/** Every file of the core that is code: TypeScript and native sources, tests included; data is not. */
export function coreFiles(coreFolder: string): string[] {
  return readdirSync(coreFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => /\.(ts|mts|cts|js|mjs|cc|cpp|c|h|hpp|gypi?)$/.test(file))
    .filter((file) => !/\/(fixtures|build|prebuilds)\//.test(file))
    .sort();
}

/** Names found in one file, as `file:line: what`. */
export function findNames(file: string, text: string, names: PluginNames): string[] {
  const found: string[] = [];
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length;
  for (const folder of names.folders) {
    for (const match of text.matchAll(
      new RegExp(`(?<![\\w-])(rvrrpd-plugin-)?${escaped(folder)}(?![\\w-])`, 'g'),
    )) {
      found.push(`${file}:${lineOf(match.index)}: plugin ${folder}`);
    }
  }
  for (const { offset, literal, isKernelLinkType } of literals(file, text)) {
    for (const name of [...names.configuration, ...(isAboutTrackers(file) ? (names.trackers ?? []) : [])]) {
      const quoted = new RegExp(`["'\`]${escaped(name)}["'\`]`);
      if (literal === name ? !isKernelLinkType : quoted.test(literal)) {
        found.push(`${file}:${lineOf(offset)}: configuration name "${name}"`);
      }
    }
  }
  return found;
}

interface Literal {
  readonly offset: number;
  readonly literal: string;
  /** See {@link isKernelLinkType}. */
  readonly isKernelLinkType: boolean;
}

function literals(file: string, text: string): Literal[] {
  return /\.[mc]?[tj]s$/.test(file) ? scriptLiterals(file, text) : nativeLiterals(text);
}

function scriptLiterals(file: string, text: string): Literal[] {
  const found: Literal[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      found.push({ offset: node.getStart(), literal: node.text, isKernelLinkType: isKernelLinkType(node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return found;
}

/**
 * Links have types of their own in the kernel (`ip -d link`), and one of them is called as an interface type of
 * ours is. `type: '…'`, `link.type === '…'`, and the capability of a driver to make such links
 * (`DriverCapability`) are about those: they are the language of the plugin API, not a plugin's name.
 */
function isKernelLinkType(node: ts.Node): boolean {
  const type = ts.isLiteralTypeNode(node.parent) ? node.parent.parent : node.parent;
  const holder = ts.isUnionTypeNode(type) ? type.parent : type;
  if (ts.isPropertyAssignment(holder) || ts.isPropertySignature(holder)) {
    return ts.isIdentifier(holder.name) && holder.name.text === 'type';
  }
  if (ts.isBinaryExpression(holder)) {
    return ts.isPropertyAccessExpression(holder.left) && holder.left.name.text === 'type';
  }
  return ts.isTypeAliasDeclaration(holder) && holder.name.text === 'DriverCapability';
}

/** String literals of C and C++, comments left out. */
function nativeLiterals(text: string): Literal[] {
  const found: Literal[] = [];
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"((?:\\.|[^"\\\n])*)"/g;
  for (const match of text.matchAll(token)) {
    if (match[1] !== undefined) {
      found.push({ offset: match.index, literal: match[1].replace(/\\(.)/g, '$1'), isKernelLinkType: false });
    }
  }
  return found;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
