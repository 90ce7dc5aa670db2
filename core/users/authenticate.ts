/** Whether a name and a password are those of a user. */
import { PasswordHashError, verifyPassword } from './password-hash.ts';
import { parseUserLine, type User } from './user-line.ts';

/** Somebody who is not there has this password's hash; nobody knows the password, and none would do. */
const NOBODY: User = {
  algorithm: 'SHA256',
  name: '',
  level: 0,
  salt: '0',
  hash: '0'.repeat(64),
};

/**
 * Checks a password against the lines of `[api]` `users`. For a name that no line has, another user's hash is
 * checked, so that the time it takes does not tell which names there are. scrypt runs in Node.js's thread pool.
 * @param complain told why a line cannot be used at all; never a password or a hash
 * @returns the user; undefined if name or password are wrong
 */
export async function authenticate(
  lines: readonly string[],
  name: string,
  password: string,
  complain: (message: string) => void,
): Promise<User | undefined> {
  const users = lines.flatMap((line) => parseUserLine(line) ?? []);
  const user = users.find((each) => each.name === name);
  try {
    const holds = await verifyPassword(user ?? decoy(users, name), password);
    return user && holds ? user : undefined;
  } catch (error) {
    if (!(error instanceof PasswordHashError)) throw error;
    if (user) complain(`user ${name} cannot log in: ${error.message}`);
    return undefined;
  }
}

/** The same one for the same name each time: a name that takes turns would be one that does not exist. */
function decoy(users: readonly User[], name: string): User {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)!) >>> 0;
  return users[sum % users.length] ?? NOBODY;
}
