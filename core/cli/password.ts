/** Does what the command line of `rvrrpd-pw` asks for: prints a user line for the client API. */
import { packageVersion } from '../shared/package-root.ts';
import { hashPassword } from '../users/password-hash.ts';
import { formatUserLine } from '../users/user-line.ts';
import { ExitCode } from './arguments.ts';
import { PASSWORD_HELP, parsePasswordArguments } from './password-arguments.ts';
import { askPassword, NoPassword, readPasswordLine } from './password-input.ts';

/** @param args without the names of the interpreter and of the script */
export async function passwordMain(args: readonly string[]): Promise<ExitCode> {
  const command = parsePasswordArguments(args);
  switch (command.command) {
    case 'help':
      process.stdout.write(PASSWORD_HELP);
      return ExitCode.Ok;
    case 'version':
      console.log(packageVersion());
      return ExitCode.Ok;
    case 'usage-error':
      console.error(`rvrrpd-pw: ${command.message}`);
      return ExitCode.Usage;
    case 'make': {
      const { user, level, algorithm } = command;
      try {
        const password = command.password ?? (await read());
        console.log(formatUserLine({ name: user, level, ...(await hashPassword(password, algorithm)) }));
        return ExitCode.Ok;
      } catch (error) {
        if (!(error instanceof NoPassword)) throw error;
        console.error(`rvrrpd-pw: ${error.message}`);
        return ExitCode.Failure;
      }
    }
  }
}

function read(): Promise<string> {
  const { stdin, stderr } = process;
  return stdin.isTTY ? askPassword(stdin, stderr) : readPasswordLine(stdin);
}
