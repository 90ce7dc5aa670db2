/** Users and groups of this host, as far as files name them: keepalived does without what somebody unknown would run. */
import { readFileSync } from 'node:fs';
import type { TomlValue } from './toml.ts';

/** Who runs a program, and what is to be said about it. */
export interface Account {
  readonly entries: readonly (readonly [key: string, value: TomlValue])[];
  readonly comments: readonly string[];
}

/**
 * The directives that say who runs a program, and a comment for a user or a group that this host does not know.
 * @param account user and group, names or numbers; undefined: nobody is named
 */
export function accountOf([user, group]: readonly string[] = []): Account {
  const all = [
    ...(user === undefined ? [] : [{ what: 'user', name: user, file: '/etc/passwd' }]),
    ...(group === undefined ? [] : [{ what: 'group', name: group, file: '/etc/group' }]),
  ];
  return {
    entries: all.map(({ what, name }) => [what, name]),
    comments: all
      .filter(({ name, file }) => !isKnown(name, file))
      .map(
        ({ what, name }) => `${what} ${name}: is not there on this host, and keepalived does not run it then`,
      ),
  };
}

/** A number needs no entry; where the file cannot be read, everybody may be there. */
function isKnown(name: string, file: string): boolean {
  if (/^\d+$/.test(name)) return true;
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .some((line) => line.startsWith(`${name}:`));
  } catch {
    return true;
  }
}
