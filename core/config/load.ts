/** Finds, reads and interprets the configuration file. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { cosmiconfig, type PublicExplorer } from 'cosmiconfig';
import { messageOf } from '../shared/errors.ts';
import { expectRegularFile, UnreadableFile, withinTime } from '../shared/read-file.ts';
import { type AssemblyResult, assemble } from './assembly.ts';
import type { ConfigDocument, ConfigFormat } from './document.ts';
import { hostNames } from './host-tables.ts';
import { type Included, type IncludedText, parseIncluded, readIncluded } from './include.ts';
import { type Interpretation, interpret } from './interpret.ts';
import { type ConfigIssue, hasErrors, sortIssues } from './issues.ts';
import { OutsideValues } from './outside-values.ts';
import { parseDocument } from './parse.ts';
import { readReferences } from './read-references.ts';

/** Where the configuration is looked for, in this order, if the command line names no file. */
export const SEARCH_PLACES = ['rvrrpd.conf', 'rvrrpd/rvrrpd.conf'] as const;
/** The folder that {@link SEARCH_PLACES} are in. */
export const SEARCH_FOLDER = '/etc';

const NAME_ONE = 'name the configuration file itself with -c FILE';

/** What came of it. */
export type LoadedConfiguration =
  /**
   * There is a document, if perhaps a faulty one: `issues` tells. `text` is what it was read from, `included` what it
   * includes.
   */
  | (Interpretation & {
      readonly document: ConfigDocument;
      readonly text: string;
      readonly included: readonly IncludedText[];
    })
  /** There is none: not found, not readable, or not TOML or JSON. */
  | {
      readonly document?: undefined;
      readonly text?: undefined;
      readonly included?: undefined;
      readonly config?: undefined;
      readonly plugins?: undefined;
      readonly issues: readonly ConfigIssue[];
    };

/** What a configuration needs beside its own text, as it was when that was read. */
export interface Surroundings {
  /** What its references stand for. */
  readonly outside: OutsideValues;
  /** The files that it includes. */
  readonly included: readonly IncludedText[];
  /** Names of this host. */
  readonly hosts: readonly string[];
}

/**
 * Loads the configuration. Never rejects for what the operator can put right: everything is in `issues`, in
 * the order of the file.
 * @param path the file; absent: the first of {@link SEARCH_PLACES} that exists
 * @param format its format; absent: by its name or content
 * @param folder where to search if there is no `path`
 * @param hosts names of this host
 */
export async function loadConfig(
  path?: string,
  format?: ConfigFormat,
  folder: string = SEARCH_FOLDER,
  hosts: readonly string[] = hostNames(),
): Promise<LoadedConfiguration> {
  const read = await find(path, folder);
  if ('issues' in read) return { issues: read.issues };
  const { file, text } = read;
  const parsed = parseDocument(file, text, format);
  if (parsed.document === undefined) return { issues: parsed.issues };
  const files = await readIncluded(parsed.document);
  const outside = await readReferences(files.parts);
  return interpreted(files, text, outside, hosts);
}

/**
 * The same for a text that may become the content of `file`.
 * @param around what it needs beside that; absent: nothing
 */
export function loadText(
  file: string,
  text: string,
  format?: ConfigFormat,
  around: Partial<Surroundings> = {},
): LoadedConfiguration {
  const { outside = new OutsideValues(), included = [], hosts = hostNames() } = around;
  const parsed = parseDocument(file, text, format);
  if (parsed.document === undefined) return { issues: parsed.issues };
  return interpreted(parseIncluded(parsed.document, included), text, outside, hosts);
}

/** The document of such a text, not interpreted. @returns undefined if there is none: a file cannot be parsed */
export function documentOfText(
  file: string,
  text: string,
  format?: ConfigFormat,
  { outside = new OutsideValues(), included = [], hosts = hostNames() }: Partial<Surroundings> = {},
): ConfigDocument | undefined {
  const { document } = parseDocument(file, text, format);
  const whole = document && together(parseIncluded(document, included), hosts).document;
  return whole && { ...whole, outside };
}

function interpreted(
  files: Included,
  text: string,
  outside: OutsideValues,
  hosts: readonly string[],
): LoadedConfiguration {
  const order = files.parts.map(({ file }) => file);
  const assembled = together(files, hosts);
  if (assembled.document === undefined) return { issues: sortIssues(assembled.issues, order) };
  const document = { ...assembled.document, outside };
  const interpretation = interpret(document);
  const issues = sortIssues([...assembled.issues, ...interpretation.issues], order);
  return { ...interpretation, document, text, included: files.texts, issues };
}

/** The files as one document, unless something is wrong with one of them. */
function together({ parts, issues }: Included, hosts: readonly string[]): AssemblyResult {
  if (hasErrors(issues)) return { issues };
  const { document, issues: found } = assemble(parts, hosts);
  return { ...(document && { document }), issues: [...issues, ...found] };
}

/** A file's content, or why there is none. */
type Read = { readonly file: string; readonly text: string } | { readonly issues: readonly ConfigIssue[] };

async function find(path: string | undefined, folder: string): Promise<Read> {
  // The loader's result goes through cosmiconfig's `$import` and package.json handling: no document does.
  let read: Read | undefined;
  const loader = (file: string, text: string): object => {
    read = { file, text };
    return {};
  };
  const file = path === undefined ? undefined : resolve(path);
  const places = SEARCH_PLACES.map((place) => join(folder, place));
  try {
    // cosmiconfig reads whatever it is, however long that takes.
    for (const place of file === undefined ? places : [file]) {
      try {
        await expectRegularFile(place);
      } catch (error) {
        if (!(error instanceof UnreadableFile)) continue; // told below
        return fileFault(place, file === undefined ? error.message : `${error.message}: ${NAME_ONE}`);
      }
    }
    const explorer = explore(loader, file === undefined ? '' : extname(file));
    const reading = file === undefined ? explorer.search(folder) : explorer.load(file);
    const result = await withinTime(reading);
    if (read !== undefined) return read;
    if (result !== null) return { file: result.filepath, text: '' }; // an empty file: no loader is called
  } catch (error) {
    return fileFault(file ?? folder, reason(error));
  }
  // cosmiconfig passes over files that it may not read: that must not look as if there were none.
  for (const place of places) {
    const fault = await access(place, constants.R_OK).then(
      () => stat(place).then((entry) => (entry.isDirectory() ? 'is a directory' : undefined)),
      (error: unknown) => ((error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : reason(error)),
    );
    if (fault !== undefined) return fileFault(place, fault);
  }
  return fileFault(
    places[0] ?? folder,
    `no configuration: looked for ${places.join(' and ')}; name one with -c FILE`,
  );
}

/**
 * A cosmiconfig explorer that reads our files alone. While it is made, cosmiconfig looks into the working
 * directory for a configuration of its own, `.config/config.js` included, and would run that with our
 * privileges: `/`, where only root can write, is the working directory meanwhile.
 */
function explore(loader: (file: string, content: string) => object, extension: string): PublicExplorer {
  const before = process.cwd();
  process.chdir('/');
  try {
    return cosmiconfig('rvrrpd', {
      searchPlaces: [...SEARCH_PLACES],
      searchStrategy: 'none',
      ignoreEmptySearchPlaces: false,
      cache: false,
      loaders: { noExt: loader, '.conf': loader, ...(extension === '' ? {} : { [extension]: loader }) },
    });
  } finally {
    process.chdir(before);
  }
}

function fileFault(file: string, message: string): Read {
  return { issues: [{ severity: 'error', position: { file }, directive: '', message }] };
}

function reason(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'there is no such file: name the configuration with -c FILE';
    case 'EACCES':
      return 'cannot be read, permission denied: run rvrrpd as root';
    case 'EISDIR':
      return `is a directory: ${NAME_ONE}`;
    default:
      if (error instanceof UnreadableFile) return error.message;
      return `cannot be read: ${messageOf(error)}`;
  }
}
