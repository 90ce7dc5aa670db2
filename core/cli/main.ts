/** Does what the command line asks for. */
import { packageVersion } from '../shared/package-root.ts';
import { check, type RunOptions, runForeground } from '../supervisor/run.ts';
import { ExitCode, HELP, Mode, parseArguments } from './arguments.ts';

/** What each mode that is not there yet is for. */
const NOT_YET: Partial<Record<Mode, string>> = {
  [Mode.Listen]: '-m0 (printing advertisements) is not available yet: use tcpdump -vni IFACE vrrp',
  [Mode.Daemon]: '-m2 (running in the background) is not available yet: use -m1 under a service manager',
};

/** @param args without the names of the interpreter and of the script */
export async function main(args: readonly string[]): Promise<ExitCode> {
  const command = parseArguments(args);
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
      const missing = NOT_YET[command.mode];
      if (missing === undefined) return runForeground(options);
      console.error(`rvrrpd: ${missing}`);
      return ExitCode.Usage;
    }
  }
}
