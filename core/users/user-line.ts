/** Lines of `api.users`: `{{ALG}}name:level:salt:hash`. Pure. */

/** A user of the client API. */
export interface User {
  /** How `hash` was made: `SHA256`, `SCRYPT`. Whether anybody can check it is another question. */
  readonly algorithm: string;
  /** 1 to 256 letters and digits. */
  readonly name: string;
  /** Access level, 0 to 9. */
  readonly level: number;
  /** 0 to 64 hexadecimal digits. */
  readonly salt: string;
  /** 16 to 256 printable ASCII characters. */
  readonly hash: string;
}

/** ALG and name are letters and digits, level a digit, salt hexadecimal (may be empty), hash printable. */
const USER_LINE =
  /^\{\{(?<algorithm>[A-Za-z0-9]+)\}\}(?<name>[A-Za-z0-9]{1,256}):(?<level>[0-9]):(?<salt>[0-9A-Fa-f]{0,64}):(?<hash>[!-~]{16,256})$/;

/** The user that a line describes; undefined if it is not such a line. */
export function parseUserLine(line: string): User | undefined {
  const groups = USER_LINE.exec(line)?.groups;
  if (groups === undefined) return undefined;
  const { algorithm = '', name = '', level = '', salt = '', hash = '' } = groups;
  return { algorithm, name, level: Number(level), salt, hash };
}

/** The line of a user. @throws RangeError if a part of it has a form that no line can have */
export function formatUserLine(user: User): string {
  const line = `{{${user.algorithm}}}${user.name}:${user.level}:${user.salt}:${user.hash}`;
  if (!USER_LINE.test(line)) throw new RangeError(`the user "${user.name}" cannot be written as a line`);
  return line;
}

/** Whether this can be the name of a user. */
export function isUserName(text: string): boolean {
  return /^[A-Za-z0-9]{1,256}$/.test(text);
}
