/** What programs that plugins run have in common: their directives, their environment, and why they cannot be run. */
import { type Account, accountOf, readAccountFiles } from './accounts.ts';

/** As a login has it, whatever the daemon's own is. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment of a program: nothing of the daemon's is in it. @param more variables beside or instead of it */
export function programEnvironment(
  { name, home }: Account,
  more: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return {
    PATH,
    LANG: 'C.UTF-8',
    HOME: home,
    ...(name === undefined ? {} : { USER: name, LOGNAME: name }),
    ...more,
  };
}

/**
 * Who a program runs as, by the directives `user` and `group`.
 * @param command the program first
 * @throws Error that names the directive, if that cannot be
 */
export function programAccount(
  command: readonly string[],
  user: string | number | undefined,
  group: string | number | undefined,
): Account {
  if (!command[0]?.startsWith('/'))
    throw new Error(`command = ["${command[0] ?? ''}", …]: the program must be an absolute path`);
  const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  return accountOf(readAccountFiles(), own, user, group);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file, or not what its first line asks for',
  EACCES: 'not permitted: is it executable, for this user?',
  EPERM: 'the daemon may not run programs as this user (CAP_SETUID, CAP_SETGID)',
};

/** Why a program cannot be run, for an operator. @param error of `run` */
export function startFailure(error: unknown): string {
  const { code = '', message } = error as { code?: string; message?: string };
  return REASONS[code] ?? (code || String(message));
}
