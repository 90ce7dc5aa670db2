/** Does what the command line asks for. */
import { packageVersion } from '../shared/package-root.ts';
import { runSniffer, type SnifferOptions } from '../sniffer/run.ts';
import { runBackground } from '../supervisor/background.ts';
import { check } from '../supervisor/check/check.ts';
import { type RunOptions, runForeground } from '../supervisor/run.ts';
import type { Signals } from '../supervisor/signals.ts';
import { type Command, ExitCode, HELP, Mode, parseArguments } from './arguments.ts';
import { runControl } from './control.ts';
import { runImport } from './import.ts';
import { NoPassword } from './password-input.ts';
import { readSecret } from './secret.ts';

/**
 * @param args without the names of the interpreter and of the script
 * @param signals caught since the process began
 */
export async function main(args: readonly string[], signals: Signals): Promise<ExitCode> {
  const command = parseArguments(args);
  if (command.command !== 'run' || command.check) signals.release();
  switch (command.command) {
    case 'help':
      process.stdout.write(HELP);
      return ExitCode.Ok;
    case 'version':
      console.log(packageVersion());
      return ExitCode.Ok;
    case 'usage-error':
      console.error(`rvrrpd: ${command.message}`);
      return ExitCode.Usage;
    case 'run': {
      const { conf, format, debug } = command;
      const options: RunOptions = {
        ...(conf === undefined ? {} : { config: conf }),
        ...(format === undefined ? {} : { format }),
        ...(debug === undefined ? {} : { debug }),
      };
      if (command.check) return check(options);
      if (command.mode === Mode.Foreground) return runForeground(options, signals);
      return runBackground(options, args, signals);
    }
    case 'listen':
      return listen(command);
    case 'import':
      return runImport(command);
    case 'status':
    case 'reload':
    case 'plugins':
    case 'standby':
    case 'resume':
    case 'failover':
    case 'upgrade':
      return runControl(command);
  }
}

async function listen(command: Extract<Command, { command: 'listen' }>): Promise<ExitCode> {
  const { iface, json, count, conf, format, secret } = command;
  const options: SnifferOptions = {
    interface: iface,
    json,
    ...(count === undefined ? {} : { count }),
    ...(conf === undefined ? {} : { config: conf }),
    ...(format === undefined ? {} : { format }),
  };
  if (secret === undefined) return runSniffer(options);
  try {
    const { authType, file } = secret;
    return await runSniffer({ ...options, secret: { authType, secret: await readSecret(file) } });
  } catch (error) {
    if (!(error instanceof NoPassword)) throw error;
    console.error(`rvrrpd: ${error.message}`);
    return ExitCode.Failure;
  }
}
