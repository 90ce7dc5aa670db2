/** Lines of `api.users`: `{{ALG}}name:level:salt:hash`. */

/** ALG and name are letters and digits, level a digit, salt hexadecimal (may be empty), hash printable. */
const USER_LINE = /^\{\{[A-Za-z0-9]+\}\}[A-Za-z0-9]{1,256}:[0-9]:[0-9A-Fa-f]{0,64}:[!-~]{16,256}$/;

/** Whether a line can be a user's. Whether anybody can check its ALG is for the client API to say. */
export function isUserLine(line: string): boolean {
  return USER_LINE.test(line);
}

/** A user line without its salt and hash, for messages: `"{{SHA256}}admin:…"`. */
export function publicPart(line: string): string | undefined {
  const match = /^\{\{[A-Za-z0-9]{1,32}\}\}[A-Za-z0-9]{1,64}(?=:)/.exec(line);
  return match === null ? undefined : `"${match[0]}:…"`;
}
