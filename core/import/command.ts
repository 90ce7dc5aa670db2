/** `script` of a `vrrp_script`: the words of a command, as our `exec` has them. Pure. */
import type { Statement } from './statements.ts';

/** A command, and what is to be said about it. */
export interface ImportedCommand {
  /** An absolute path first. */
  readonly words: readonly string[];
  readonly comment?: string;
}

/** What only a shell understands, outside quotes. The `&` of an address such as `http://x/?a=1&b=2` is none of it. */
const SHELL = /[|;<>`]|&&|&(?=\s|$)|\$[({?A-Za-z]/;
/** A word of several that stands for itself alone to a shell; in any other, such letters were within quotes. */
const OPERATOR = /^(\|\|?|&&?|;|\d*(>>?|<)\S*)$/;

/**
 * Understands a directive whose value is a program with its arguments; undefined if there is none.
 * @param isFollowed whether arguments are put behind it
 */
export function commandOf(
  { words: [, ...words] }: Statement,
  isFollowed = false,
): ImportedCommand | undefined {
  const [only = ''] = words;
  const text = words.length === 1 ? only.trim() : words.map(quoted).join(' ');
  if (text === '') return undefined;
  if (words.length === 1 ? SHELL.test(text.replace(QUOTED, '')) : words.some((word) => OPERATOR.test(word))) {
    const shell = text.includes('/dev/tcp/') || text.includes('/dev/udp/') ? '/bin/bash' : '/bin/sh';
    return {
      words: isFollowed ? [shell, '-c', `${text} "$@"`, shell] : [shell, '-c', text],
      comment: 'has what only a shell understands; keepalived has started none for it since 2.0',
    };
  }
  const parts = words.length === 1 ? parted(only) : words;
  if (parts[0]!.startsWith('/')) return { words: parts };
  return {
    words: ['/usr/bin/env', ...parts],
    comment: 'env finds the program in PATH; better is its own path',
  };
}

const QUOTED = /'[^']*'|"[^"]*"/g;

/** As a shell takes it for one word, unless it is one of its own. */
function quoted(word: string): string {
  return OPERATOR.test(word) || /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** At spaces, but for those within quotes. */
function parted(text: string): string[] {
  const parts: string[] = [];
  for (const [, quoted, double, plain] of text.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+|['"])/g))
    parts.push((quoted ?? double ?? plain)!);
  return parts;
}
