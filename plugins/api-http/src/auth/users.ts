/** Users of the API, as far as sessions need them: passwords are the core's business. Pure. */

/** A user of `[api]` `users`. */
export interface ApiUser {
  readonly name: string;
  /** 0 reads, 1 to 9 read and write. */
  readonly level: number;
  /** The whole line. Sessions are bound to it: with another password or level it is another line. */
  readonly line: string;
}

/** Users by name. */
export type ApiUsers = ReadonlyMap<string, ApiUser>;

/** What can be the name of a user: 1 to 256 letters and digits. */
export const USER_NAME = /^[A-Za-z0-9]{1,256}$/;

const USER_LINE = /^\{\{[A-Za-z0-9]+\}\}(?<name>[A-Za-z0-9]{1,256}):(?<level>[0-9]):/;

/** @param lines of `{{ALG}}name:level:salt:hash`; what is none is left out. The first of a name counts */
export function usersOf(lines: readonly string[]): ApiUsers {
  const users = new Map<string, ApiUser>();
  for (const line of lines) {
    const { name, level } = USER_LINE.exec(line)?.groups ?? {};
    if (name !== undefined && !users.has(name)) users.set(name, { name, level: Number(level), line });
  }
  return users;
}
