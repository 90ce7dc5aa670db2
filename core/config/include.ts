/** `include`: which files a configuration consists of, and what is in them. */
import { readdir, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../shared/errors.ts';
import { MOST_OCTETS, readRegularFile, UnreadableFile, withinTime } from '../shared/read-file.ts';
import type { ConfigDocument } from './document.ts';
import { own } from './edit/table.ts';
import { type ConfigIssue, type ConfigPath, directiveName } from './issues.ts';
import { parseDocument } from './parse.ts';

/** Files that a configuration may consist of. */
const MOST_FILES = 1000;
/** Files that may include one another in a row. */
const DEEPEST_INCLUDE = 8;
/** ms for all of them together. */
const PATIENCE = 5000;

/** A file that was read because another one includes it. */
export interface IncludedText {
  /** Absolute path. */
  readonly file: string;
  readonly text: string;
}

/** The files of a configuration. */
export interface Included {
  /** The main file first, each included one behind what includes it. */
  readonly parts: readonly ConfigDocument[];
  /** The texts of all but the first. */
  readonly texts: readonly IncludedText[];
  readonly issues: readonly ConfigIssue[];
}

/** Reads what a file includes, and what that includes. Never rejects: what is wrong is in `issues`. */
export async function readIncluded(main: ConfigDocument): Promise<Included> {
  const reader = new Reader();
  await reader.add(main, [await identity(main.file)]);
  return reader;
}

/** The same from texts that were read before, in their order. */
export function parseIncluded(main: ConfigDocument, texts: readonly IncludedText[]): Included {
  const parts = [main];
  const issues: ConfigIssue[] = [];
  for (const { file, text } of texts) {
    const parsed = parseDocument(file, text);
    issues.push(...parsed.issues);
    if (parsed.document !== undefined) parts.push(parsed.document);
  }
  return { parts, texts, issues };
}

class Reader implements Included {
  readonly parts: ConfigDocument[] = [];
  readonly texts: IncludedText[] = [];
  readonly issues: ConfigIssue[] = [];
  /** Files by their real paths: where the first directive is that includes each. */
  private readonly seen = new Map<string, string>();
  private readonly end = performance.now() + PATIENCE;
  private octets = 0;

  /** @param chain real paths of the files that include one another, this one last */
  async add(document: ConfigDocument, chain: readonly string[]): Promise<void> {
    this.parts.push(document);
    const patterns = own(document.data, 'include');
    if (patterns === undefined) return;
    if (!Array.isArray(patterns)) {
      this.error(document, ['include'], 'must be an array of paths and patterns: [ "conf.d/*.toml" ]');
      return;
    }
    for (const [index, pattern] of patterns.entries()) {
      const path = ['include', index];
      if (typeof pattern !== 'string' || pattern === '' || pattern.includes('\0')) {
        this.error(document, path, 'must be a path or a pattern, such as "conf.d/*.toml"');
        continue;
      }
      try {
        const isPattern = WILD.test(pattern);
        const files = isPattern ? await this.expand(dirname(document.file), pattern) : [pattern];
        for (const file of files) {
          await this.include(resolve(dirname(document.file), file), { document, path, isPattern, chain });
        }
      } catch (error) {
        if (!(error instanceof UnreadableFile)) throw error;
        this.error(document, path, error.message);
      }
    }
  }

  private async include(
    file: string,
    {
      document,
      path,
      isPattern,
      chain,
    }: {
      readonly document: ConfigDocument;
      readonly path: ConfigPath;
      readonly isPattern: boolean;
      readonly chain: readonly string[];
    },
  ): Promise<void> {
    const real = await this.soon(identity(file));
    const what = isPattern ? `${file} ` : '';
    if (chain.includes(real)) {
      const self = chain.at(-1) === real ? 'itself' : 'a file that includes this one';
      this.error(document, path, `${what}is ${self}: files must not include each other in a circle`);
      return;
    }
    const before = this.seen.get(real);
    if (before !== undefined) {
      if (!isPattern) this.error(document, path, `is included already in ${before}`);
      return;
    }
    if (chain.length > DEEPEST_INCLUDE) {
      this.error(document, path, `${what}is the ${chain.length}th in a row: ${DEEPEST_INCLUDE} at most`);
      return;
    }
    if (this.parts.length >= MOST_FILES) {
      throw new UnreadableFile(`makes more than ${MOST_FILES} files of the configuration`);
    }
    const { line } = document.places.position(path);
    this.seen.set(real, `${document.file}:${line}`);
    let text: string;
    try {
      const limits = { most: Math.max(1, MOST_OCTETS - this.octets), patience: this.patience() };
      const octets = await readRegularFile(file, limits);
      this.octets += octets.length;
      text = octets.toString('utf8');
    } catch (error) {
      // What a pattern stands for need not be there.
      if (isPattern && (error as NodeJS.ErrnoException).code === 'ENOENT') return;
      this.error(document, path, `${file} ${reason(error)}`);
      return;
    }
    this.texts.push({ file, text });
    const parsed = parseDocument(file, text);
    this.issues.push(...parsed.issues);
    if (parsed.document !== undefined) await this.add(parsed.document, [...chain, real]);
  }

  /** Paths that a pattern stands for, sorted; none if a folder is not there. */
  private async expand(folder: string, pattern: string): Promise<string[]> {
    let found = [pattern.startsWith('/') ? '/' : ''];
    for (const step of pattern.split('/').filter((each) => each !== '')) {
      if (!WILD.test(step)) {
        found = found.map((path) => join(path, step));
        continue;
      }
      const expression = expressionOf(step);
      const next: string[] = [];
      for (const path of found) {
        const names = await this.soon(namesIn(resolve(folder, path)));
        const fits = names.filter(
          (name) => expression.test(name) && (step.startsWith('.') || !name.startsWith('.')),
        );
        next.push(...fits.sort((a, b) => (a < b ? -1 : 1)).map((name) => join(path, name)));
        if (next.length > MOST_FILES) {
          throw new UnreadableFile(`stands for more than ${MOST_FILES} files`);
        }
      }
      found = next;
    }
    return found;
  }

  private patience(): number {
    return Math.max(1, this.end - performance.now());
  }

  private soon<T>(work: Promise<T>): Promise<T> {
    return withinTime(work, this.patience());
  }

  private error({ places }: ConfigDocument, path: ConfigPath, message: string): void {
    const value = places.source(path);
    const issue = {
      severity: 'error',
      position: places.position(path),
      directive: directiveName(path),
    } as const;
    this.issues.push({ ...issue, ...(value === undefined ? {} : { value }), message });
  }
}

/** What makes a path a pattern. */
const WILD = /[*?[]/;

/** One step of a path, with `*`, `?` and `[…]`, `[!…]`. */
function expressionOf(step: string): RegExp {
  const source = step.replace(/\[(!?)([^\]/]+)\]|[\s\S]/g, (all: string, not?: string, set?: string) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\^\]]/g, '\\$&')}]`;
    if (all === '*') return '.*';
    return all === '?' ? '.' : all.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  });
  try {
    return new RegExp(`^${source}$`, 'su');
  } catch {
    throw new UnreadableFile('is no pattern: what is in brackets is no set of characters');
  }
}

/** The file that a path leads to; the path itself if there is none. */
async function identity(file: string): Promise<string> {
  return realpath(file).catch(() => file);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new UnreadableFile(`cannot be looked for in ${folder}: ${messageOf(error)}`);
  }
}

function reason(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'is not there: no such file';
    case 'EACCES':
      return "cannot be read, permission denied: rvrrpd's user must be allowed to";
    default:
      if (!(error instanceof UnreadableFile)) return `cannot be read: ${messageOf(error)}`;
      return error.message.replace(/^cannot be read within .*/, `cannot be read within ${PATIENCE / 1000} s`);
  }
}
