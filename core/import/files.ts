/** The files of a configuration: which ones an `include` means, and what is in them. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';

/** What is asked of the file system; made up in tests. */
export interface FileSource {
  /** Text of a file. @throws Error that says why it cannot be read */
  read(file: string): string;
  /** Names in a folder; none if it is not there. */
  names(folder: string): readonly string[];
}

/** A configuration is no larger than that, in octets. */
const MOST_OCTETS = 16 * 1024 * 1024;

/** The real ones. */
export const FILES: FileSource = {
  read: (file) => {
    const { size } = statSync(file);
    if (size > MOST_OCTETS) throw new Error(`has more than ${MOST_OCTETS} octets`);
    return readFileSync(file, 'utf8');
  },
  names: (folder) => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  },
};

const WILD = /[*?[]/;

/**
 * The files that an `include` means, sorted for each pattern as glob(3) does.
 * @param pattern with `*`, `?`, `[…]` and csh's `{a,b}`
 * @param folder of the file that says so
 */
export function filesOf(pattern: string, folder: string, files: FileSource): string[] {
  return alternatives(pattern).flatMap((each) => expand(isAbsolute(each) ? each : join(folder, each), files));
}

function expand(path: string, files: FileSource): string[] {
  if (!WILD.test(path)) return [path];
  const folder = dirname(path);
  const last = basename(path);
  const folders = WILD.test(folder) ? expand(folder, files) : [folder];
  if (!WILD.test(last)) return folders.map((each) => join(each, last));
  const form = expressionOf(last);
  return folders.flatMap((each) =>
    [...files.names(each)]
      .filter((name) => form.test(name) && (last.startsWith('.') || !name.startsWith('.')))
      .sort()
      .map((name) => join(each, name)),
  );
}

function expressionOf(step: string): RegExp {
  const source = step.replace(/\[([!^]?)(\]?[^\]]*)\]|[\s\S]/g, (all: string, not?: string, set?: string) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\^\]]/g, '\\$&')}]`;
    if (all === '*') return '.*';
    return all === '?' ? '.' : all.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 's');
}

/** `a{b,c{d,e}}` is `ab`, `acd` and `ace`. */
function alternatives(pattern: string): string[] {
  const open = pattern.indexOf('{');
  if (open < 0) return [pattern];
  const commas = [open];
  let depth = 0;
  for (let at = open; at < pattern.length; at++) {
    const letter = pattern[at];
    if (letter === '{') depth++;
    else if (letter === ',' && depth === 1) commas.push(at);
    else if (letter === '}' && --depth === 0) {
      commas.push(at);
      const parts = commas.slice(1).map((to, index) => pattern.slice(commas[index]! + 1, to));
      return parts.flatMap((part) =>
        alternatives(`${pattern.slice(0, open)}${part}${pattern.slice(at + 1)}`),
      );
    }
  }
  return [pattern];
}
