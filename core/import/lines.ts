/**
 * The lines of a configuration as keepalived takes them in: comments gone, conditions decided, definitions put in, blocks
 * of sequences and lists written out, included files in their place (keepalived.conf(5), "ADVANCED CONFIGURATION").
 */
import { dirname, resolve } from 'node:path';
import { type FileSource, filesOf } from './files.ts';
import { ImportError, type Place } from './place.ts';
import { repeats } from './sequences.ts';
import { withoutComment } from './words.ts';

/** A line that counts. */
export interface Line {
  readonly text: string;
  readonly place: Place;
}

/** What comes of a configuration's files. */
export interface Lines {
  readonly lines: readonly Line[];
  /** Those with a condition that does not hold here, and what it is. */
  readonly skipped: readonly (Line & { readonly condition: string })[];
}

/** Files in one another, lines and replacements: whoever needs more has a circle. */
const DEEPEST = 32;
const MOST_LINES = 200_000;
const MOST_REPLACEMENTS = 10_000;

/**
 * Reads a configuration.
 * @param file its path
 * @param configId what conditions are compared with
 * @throws ImportError for what cannot be read or understood
 * @throws Error if the file itself cannot be read
 */
export function readLines(file: string, configId: string, files: FileSource): Lines {
  const reader = new Reader(configId, files);
  reader.addFile(file, files.read(file), 1);
  return reader;
}

class Reader implements Lines {
  readonly lines: Line[] = [];
  readonly skipped: (Line & { readonly condition: string })[] = [];
  private readonly defined = new Map<string, readonly Line[]>();

  constructor(
    private readonly configId: string,
    private readonly files: FileSource,
  ) {}

  addFile(file: string, text: string, depth: number): void {
    const before = this.defined.get('_PWD');
    this.define('_PWD', dirname(resolve(file)), { file, line: 1 });
    this.define('_INSTANCE', this.configId, { file, line: 1 });
    this.define('_HASH', '#', { file, line: 1 });
    this.define('_BANG', '!', { file, line: 1 });
    const physical = text
      .replace(/^\ufeff/, '')
      .split(/\r?\n/)
      .map((line, index) => ({
        text: withoutComment(line).trim(),
        place: { file, line: index + 1 },
      }));
    for (let at = 0; at < physical.length; at++) {
      const parts = [physical[at]!];
      while (parts.at(-1)!.text.endsWith('\\') && at + 1 < physical.length) parts.push(physical[++at]!);
      this.addWhole(parts, depth);
    }
    if (before) this.defined.set('_PWD', before);
  }

  /** A line, and those that a backslash at its end joins to it: lines of a definition, otherwise one line. */
  private addWhole(parts: readonly Line[], depth: number): void {
    const lines = parts.map(({ text, place }) => ({ text: text.replace(/\\$/, '').trim(), place }));
    const [first] = lines as [Line];
    const isDefinition = /^(@\S+\s+)?\$[A-Za-z_]\w*=/.test(first.text);
    if (isDefinition) this.add(first, depth, lines.slice(1));
    else this.add({ place: first.place, text: lines.map(({ text }) => text).join(' ') }, depth);
  }

  /** @param more further lines of a definition */
  private add(line: Line, depth: number, more: readonly Line[] = []): void {
    const { text, place } = line;
    if (text === '') return;
    if (this.lines.length >= MOST_LINES)
      throw new ImportError({ place, message: `makes more than ${MOST_LINES} lines of the configuration` });
    const definition = /^\$([A-Za-z_]\w*)=(.*)$/s.exec(text);
    if (definition) {
      const own = { place, text: definition[2]!.trim() };
      // Behind the name of a definition of several lines is nothing.
      this.defined.set(definition[1]!, more.length > 0 && own.text === '' ? more : [own, ...more]);
      return;
    }
    const condition = /^@([!^]?)(\S+)(?:\s+(.*))?$/s.exec(text);
    if (condition) {
      const [, not, name, rest = ''] = condition;
      if ((name === this.configId) === (not === '')) this.add({ place, text: rest }, depth, more);
      else this.skipped.push({ place, text: rest, condition: `@${not}${name}` });
      return;
    }
    const repeated = repeats(text, place, (each) => this.inOneLine(each, place));
    if (repeated) {
      for (const values of repeated.values) {
        for (const [name, value] of values) this.define(name, value, place);
        this.add({ place, text: repeated.rest }, depth);
      }
      return;
    }
    const filled = this.filledIn(line);
    const [only] = filled as [Line];
    if (filled.length > 1 || /^[@$~]/.test(only.text)) {
      // A variable that nobody has defined stays, and would come back for ever.
      if (filled.length === 1 && only.text === text) this.push(only, depth);
      else {
        if (depth > DEEPEST) throw new ImportError({ place, message: `${text}: is defined by itself` });
        for (const each of filled) this.add(each, depth + 1);
      }
    } else this.push(only, depth);
  }

  private push(line: Line, depth: number): void {
    const include = /^include([rmwba]?)\s+(.+)$/.exec(line.text);
    if (include) this.include(include[2]!.replace(/^(["'])(.*)\1$/, '$2'), line.place, depth, include[1]!);
    else if (line.text !== '') this.lines.push(line);
  }

  private include(pattern: string, place: Place, depth: number, check: string): void {
    const found = filesOf(pattern, dirname(place.file), this.files);
    if (found.length === 0 && 'wba'.includes(check) && check !== '')
      throw new ImportError({ place, message: `include${check} ${pattern}: there is no such file` });
    for (const file of found) {
      if (depth >= DEEPEST)
        throw new ImportError({
          place,
          message: `include ${pattern}: more than ${DEEPEST} files in one another`,
        });
      let text: string;
      try {
        text = this.files.read(file);
      } catch (error) {
        const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
        throw new ImportError({ place, message: `include ${pattern}: ${file} cannot be read: ${why}` });
      }
      this.addFile(file, text, depth + 1);
    }
  }

  private define(name: string, value: string, place: Place): void {
    this.defined.set(name, [{ text: value, place }]);
  }

  /** The line with what its variables stand for now; several if one of them has several. */
  private filledIn(line: Line): readonly Line[] {
    let { text } = line;
    const { place } = line;
    const random = /\$\{_RANDOM\b[^}]*\}/.exec(text)?.[0];
    if (random !== undefined)
      throw new ImportError({
        place,
        message: `${random}: is another number each time: must be the number itself`,
      });
    for (let count = 0; ; count++) {
      const found = this.variable(text);
      if (!found) return [{ text: text.trim(), place }];
      if (count >= MOST_REPLACEMENTS || text.length > 1_000_000)
        throw new ImportError({ place, message: `${line.text}: is defined by itself` });
      const [before, value, after] = found;
      if (value.length > 1) {
        const last = value.length - 1;
        return value.map((each, at) => ({
          text: `${at === 0 ? before : ''}${each.text}${at === last ? after : ''}`.trim(),
          place: each.place,
        }));
      }
      text = `${before}${value[0]!.text}${after}`;
    }
  }

  private inOneLine(text: string, place: Place): string {
    return this.filledIn({ text, place })
      .map((line) => line.text)
      .join(' ');
  }

  /** The first variable of a text that is defined: what is before it, its value, what is behind it. */
  private variable(text: string): [before: string, value: readonly Line[], after: string] | undefined {
    for (const match of text.matchAll(/\$\{(\w+)\}|\$(\w+)(?=\s|$)/g)) {
      const value = this.defined.get((match[1] ?? match[2])!);
      if (value === undefined) continue;
      return [text.slice(0, match.index), value, text.slice(match.index + match[0].length)];
    }
    return undefined;
  }
}
