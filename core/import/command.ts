/** `script` of a `vrrp_script`: the words of a command, as our `exec` has them. Pure. */
import type { Statement } from './statements.ts';

/** A command, and what is to be said about it. */
export interface ImportedCommand {
  /** An absolute path first. */
  readonly words: readonly string[];
  readonly comment?: string;
}

/** What only a shell understands. */
const SHELL = /[|&;<>`]|\$[({?A-Za-z]/;

/**
 * Understands a directive whose value is a program with its arguments; undefined if there is none.
 * @param isFollowed whether arguments are put behind it
 */
export function commandOf(
  { words: [, ...words] }: Statement,
  isFollowed = false,
): ImportedCommand | undefined {
  const [only = ''] = words;
  const text = words.join(' ').trim();
  if (text === '') return undefined;
  if (SHELL.test(text)) {
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

/** At spaces, but for those within quotes. */
function parted(text: string): string[] {
  const parts: string[] = [];
  for (const [, quoted, double, plain] of text.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+|['"])/g))
    parts.push((quoted ?? double ?? plain)!);
  return parts;
}
