/** Lines of `api.users` as the configuration sees them. */
import { parseUserLine } from '../users/user-line.ts';

/** Whether a line can be a user's. Whether anybody can check its ALG is for the client API to say. */
export function isUserLine(line: string): boolean {
  return parseUserLine(line) !== undefined;
}

/** A user line without its salt and hash, for messages: `"{{SHA256}}admin:…"`. */
export function publicPart(line: string): string | undefined {
  const match = /^\{\{[A-Za-z0-9]{1,32}\}\}[A-Za-z0-9]{1,64}(?=:)/.exec(line);
  return match === null ? undefined : `"${match[0]}:…"`;
}
