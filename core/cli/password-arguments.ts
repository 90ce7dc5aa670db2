/** The command line of `rvrrpd-pw`. Pure. No message repeats an argument: any of them may be the password. */
import { parseArgs } from 'node:util';
import { HASH_ALGORITHMS, type HashAlgorithm } from '../users/password-hash.ts';
import { isUserName } from '../users/user-line.ts';
import {
  ALGORITHMS,
  PASSWORD_OPTIONS,
  PASSWORD_STATUSES,
  PASSWORD_WORDS,
  parseable,
} from './argument-table.ts';
import { exitStatuses, optionRows, rows } from './help-text.ts';

/** What the command line asks for. */
export type PasswordCommand =
  | {
      readonly command: 'make';
      readonly user: string;
      /** Absent: to be asked for. */
      readonly password?: string;
      readonly algorithm: HashAlgorithm;
      /** 0 to 9. */
      readonly level: number;
    }
  | { readonly command: 'help' }
  | { readonly command: 'version' }
  /** `message` says what is wrong with the command line. */
  | { readonly command: 'usage-error'; readonly message: string };

/** What `--help` prints. */
export const PASSWORD_HELP = `Usage: rvrrpd-pw USER [PASSWORD] [ALG] [options]

Prints a line for "users" in the [api] section of the configuration of rvrrpd.

${rows(PASSWORD_WORDS)}
${optionRows([{ options: PASSWORD_OPTIONS }])}
A PASSWORD that starts with a dash goes behind "--": rvrrpd-pw carol -- -secret

${exitStatuses(PASSWORD_STATUSES)}`;

/** @param args without the names of the interpreter and of the script */
export function parsePasswordArguments(args: readonly string[]): PasswordCommand {
  let parsed: ReturnType<typeof scan>;
  try {
    parsed = scan(args);
  } catch (error) {
    return usageError(fault(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) return { command: 'help' };
  if (values.version === true) return { command: 'version' };

  const [user, password, positional, ...more] = positionals;
  if (user === undefined) return usageError('USER is missing');
  if (more.length > 0) return usageError('there are too many arguments: a PASSWORD with blanks needs quotes');
  if (!isUserName(user)) return usageError('USER must be 1 to 256 letters and digits');
  if (password === '') return usageError('PASSWORD must not be empty');
  if (positional !== undefined && values.alg !== undefined) {
    return usageError('ALG is given twice, by its place and by --alg');
  }
  const algorithm = algorithmOf(positional ?? values.alg);
  if (algorithm === undefined) return usageError(`ALG must be ${ALGORITHMS.join(' or ')}`);
  const level = values.level ?? '0';
  if (!/^[0-9]$/.test(level)) return usageError('LEVEL must be 0 to 9');
  return {
    command: 'make',
    user,
    algorithm,
    level: Number(level),
    ...(password === undefined ? {} : { password }),
  };
}

function scan(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: true,
    options: parseable(PASSWORD_OPTIONS),
  });
}

function algorithmOf(text: string | undefined): HashAlgorithm | undefined {
  return text === undefined ? 'SCRYPT' : HASH_ALGORITHMS[ALGORITHMS.indexOf(text.toLowerCase())];
}

/** Why node:util refused the arguments, without the argument that its own sentence repeats. */
function fault(error: unknown): string {
  return (error as { readonly code?: unknown }).code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE'
    ? 'the value of an option is missing or not wanted'
    : 'there is an unknown option; a PASSWORD that starts with a dash goes behind "--"';
}

function usageError(message: string): PasswordCommand {
  return { command: 'usage-error', message: `${message}; see rvrrpd-pw --help` };
}
