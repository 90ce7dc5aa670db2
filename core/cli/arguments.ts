/** The command line of `rvrrpd`. Pure: what is printed and done about it is the caller's. */
import { parseArgs } from 'node:util';
import { CONFIG_FORMATS, type ConfigFormat } from '../config/document.ts';
import {
  CONTROL_COMMANDS,
  type ControlCommand,
  type ControlDetails,
} from '../supervisor/control-messages.ts';
import {
  COMMANDS,
  EXIT_STATUSES,
  IMPORT_OPTIONS,
  LISTEN_OPTIONS,
  LOCAL_COMMANDS,
  OPTION_GROUPS,
  OPTIONS,
  parseable,
  STANDBY_OPTIONS,
  UPGRADE_OPTIONS,
} from './argument-table.ts';
import { exitStatuses, optionRows, rows } from './help-text.ts';
import { type ImportCommand, importCommand } from './import-arguments.ts';
import { isStandbyCommand, type StandbyCommand, standbyDetails } from './standby-arguments.ts';

/** Exit codes. */
export const ExitCode = {
  Ok: 0,
  /** The configuration is wrong, or something could not be started. */
  Failure: 1,
  /** The command line is wrong. */
  Usage: 2,
  /** There is no daemon that could be asked. */
  NotRunning: 3,
} as const;
/** One of {@link ExitCode}. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Operating modes of `-m`. */
export const Mode = {
  /** Print each VRRP packet seen on an interface. */
  Listen: 0,
  /** Run in the foreground. */
  Foreground: 1,
  /** Run as a daemon. */
  Daemon: 2,
} as const;
/** One of {@link Mode}. */
export type Mode = (typeof Mode)[keyof typeof Mode];

/** What the command line asks for. */
export type Command =
  | {
      readonly command: 'run';
      readonly mode: Exclude<Mode, typeof Mode.Listen>;
      /** Configuration file. Absent: the default places. */
      readonly conf?: string;
      /** Format of the configuration file. Absent: by its name or content. */
      readonly format?: ConfigFormat;
      /** Overrides the `debug` directive. */
      readonly debug?: DebugLevel;
      /** Only check the configuration: print what is wrong with it, start nothing. */
      readonly check: boolean;
    }
  | {
      /** Mode 0: print each VRRP packet seen on an interface. */
      readonly command: 'listen';
      readonly iface: string;
      /** One JSON object a line. */
      readonly json: boolean;
      /** Packets to print before it ends; absent: no limit. At least 1. */
      readonly count?: number;
      /** Configuration file whose secrets are to be used. Absent: none, not the default places. */
      readonly conf?: string;
      readonly format?: ConfigFormat;
      /** A secret for every virtual router; `file` is `-` for standard input. */
      readonly secret?: { readonly authType: string; readonly file: string };
    }
  | {
      /** Ask or tell the running daemon something. */
      readonly command: ControlCommand;
      /** Its configuration file. Absent: the default places. */
      readonly conf?: string;
      /** Format of the configuration file; for `plugins` alone, which may have to read it. */
      readonly format?: ConfigFormat;
      /** Print one JSON object. */
      readonly json: boolean;
      /** For `standby`, `resume` and `failover`. */
      readonly details?: ControlDetails;
      /** For `upgrade` alone: the new version's executable, and the Node.js that is to run it. Absent: as it was started. */
      readonly executable?: string;
      readonly node?: string;
    }
  | ImportCommand
  | { readonly command: 'help' }
  | { readonly command: 'version' }
  /** `message` says what is wrong with the command line; exit with {@link ExitCode.Usage}. */
  | { readonly command: 'usage-error'; readonly message: string };

/** Values of the `debug` directive and of `-d`. */
export type DebugLevel = 0 | 1 | 2 | 3 | 4 | 5;

/** What `-h` prints. */
export const HELP = `Usage: rvrrpd [options]
       rvrrpd status|reload|plugins [-c FILE] [--json]
       rvrrpd upgrade [-c FILE] [--json] [--node FILE] [EXECUTABLE]
       rvrrpd standby [--for TIME] [--force] [--rate NUMBER] [NAME...]
       rvrrpd resume [NAME...]
       rvrrpd failover [--rate NUMBER] NAME...
       rvrrpd import [--config-id ID] [--output FILE] KEEPALIVED.CONF

${optionRows(OPTION_GROUPS)}
The running daemon, found by its configuration file (-c, or the default):
${rows(Object.entries(COMMANDS).map(([name, { text }]) => [name, text]))}

Without a daemon:
${rows(Object.entries(LOCAL_COMMANDS).map(([name, { text }]) => [name, text]))}
${exitStatuses(EXIT_STATUSES)}`;

/**
 * Parses the command line.
 * @param args without the names of the interpreter and of the script: `process.argv.slice(2)`
 */
export function parseArguments(args: readonly string[]): Command {
  let values: Values;
  let words: readonly string[];
  try {
    ({ values, positionals: words } = scan(args));
  } catch (error) {
    return usageError(error instanceof Error ? plain(error.message) : String(error));
  }
  // Whoever asks for help gets it, whatever else is wrong.
  if (values.help === true) return { command: 'help' };
  if (values.version === true) return { command: 'version' };

  const word = words[0];
  if (word !== undefined) {
    if (word === 'import') {
      const asked = importCommand(words.slice(1), values);
      return 'fault' in asked ? usageError(asked.fault) : asked;
    }
    const command = CONTROL_COMMANDS.find((each) => each === word);
    if (command === undefined) return usageError(`unexpected argument '${word}'`);
    if (isStandbyCommand(command)) return aboutRouters(command, words.slice(1), values);
    const more = command === 'upgrade' ? words[2] : words[1];
    if (more !== undefined) return usageError(`unexpected argument '${more}'`);
    return control(command, values, words[1]);
  }

  const mode = digit(values.mode ?? '1', 2);
  if (mode === undefined) return usageError(`-m ${values.mode}: the mode must be 0, 1 or 2`);
  const debug = values.debug === undefined ? undefined : digit(values.debug, 5);
  if (values.debug !== undefined && debug === undefined) {
    return usageError(`-d ${values.debug}: the debug level must be 0 to 5`);
  }
  const format = values['cfg-format'];
  if (format !== undefined && !isFormat(format)) return wrongFormat(format);
  for (const name of ['conf', 'iface', 'auth-type', 'secret-file'] as const) {
    if (values[name] === '') return usageError(`--${name} must not be empty`);
  }
  const check = values.check ?? false;
  if (mode === Mode.Listen && !check) return listen(values, format);
  for (const name of ['for', 'force', 'rate'] as const) {
    if (values[name] !== undefined) return usageError(`--${name} is for rvrrpd standby`);
  }
  if (values.node !== undefined) return usageError('--node is for rvrrpd upgrade');
  for (const name of ['config-id', 'output'] as const) {
    if (values[name] !== undefined) return usageError(`--${name} is for rvrrpd import`);
  }
  for (const name of ['json', 'count', 'auth-type', 'secret-file'] as const) {
    if (values[name] !== undefined) return usageError(`--${name} is for listening: use it with -m0`);
  }
  return {
    command: 'run',
    mode: mode === Mode.Daemon ? Mode.Daemon : Mode.Foreground,
    check,
    ...(values.conf === undefined ? {} : { conf: values.conf }),
    ...(format === undefined ? {} : { format }),
    ...(debug === undefined ? {} : { debug: debug as DebugLevel }),
  };
}

/** `rvrrpd status` and its like. */
function control(command: ControlCommand, values: Values, executable?: string): Command {
  const { conf, json, 'cfg-format': format, node, ...others } = values;
  const foreign = Object.keys(others)[0];
  if (foreign !== undefined) return usageError(`--${foreign} is not for rvrrpd ${command}`);
  if (conf === '') return usageError('--conf must not be empty');
  if (format !== undefined && command !== 'plugins') {
    return usageError(`--cfg-format is not for rvrrpd ${command}`);
  }
  if (format !== undefined && !isFormat(format)) return wrongFormat(format);
  if (node !== undefined && command !== 'upgrade') return usageError(`--node is not for rvrrpd ${command}`);
  if (node === '' || executable === '') return usageError('a path must not be empty');
  return {
    command,
    json: json ?? false,
    ...(executable === undefined ? {} : { executable }),
    ...(node === undefined ? {} : { node }),
    ...(conf === undefined ? {} : { conf }),
    ...(format === undefined ? {} : { format }),
  };
}

/** `rvrrpd standby` and its like. */
function aboutRouters(command: StandbyCommand, names: readonly string[], values: Values): Command {
  const { for: lasts, force, rate, ...others } = values;
  const asked = control(command, others);
  if (asked.command === 'usage-error') return asked;
  const details = standbyDetails(command, names, { for: lasts, force, rate });
  return 'fault' in details ? usageError(details.fault) : ({ ...asked, details } as Command);
}

function listen(values: Values, format: ConfigFormat | undefined): Command {
  const { iface, conf, count, 'auth-type': authType, 'secret-file': file } = values;
  if (iface === undefined) return usageError('-m0 needs -i INTERFACE');
  if (count !== undefined && !/^[1-9][0-9]{0,14}$/.test(count)) {
    return usageError(`--count ${count}: the number must be 1 or more`);
  }
  if ((authType === undefined) !== (file === undefined)) {
    return usageError('--auth-type and --secret-file need each other');
  }
  if (conf !== undefined && file !== undefined) {
    return usageError('the secret is either that of --secret-file or those of --conf');
  }
  return {
    command: 'listen',
    iface,
    json: values.json ?? false,
    ...(count === undefined ? {} : { count: Number(count) }),
    ...(conf === undefined ? {} : { conf }),
    ...(format === undefined ? {} : { format }),
    ...(authType === undefined || file === undefined ? {} : { secret: { authType, file } }),
  };
}

function scan(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: true,
    options: parseable([
      ...OPTIONS,
      ...LISTEN_OPTIONS,
      ...STANDBY_OPTIONS,
      ...UPGRADE_OPTIONS,
      ...IMPORT_OPTIONS,
    ]),
  });
}

type Values = ReturnType<typeof scan>['values'];

/** The number that a single digit up to `maximum` stands for. */
function digit(text: string, maximum: number): number | undefined {
  return /^[0-9]$/.test(text) && Number(text) <= maximum ? Number(text) : undefined;
}

function isFormat(text: string): text is ConfigFormat {
  return (CONFIG_FORMATS as readonly string[]).includes(text);
}

function wrongFormat(format: string): Command {
  return usageError(`-g ${format}: the format must be ${CONFIG_FORMATS.join(' or ')}`);
}

function usageError(message: string): Command {
  return { command: 'usage-error', message: `${message}; see rvrrpd --help` };
}

/** node:util's sentence, without its advice on how to pass what we don't have. */
function plain(message: string): string {
  const sentence = message.split('\n')[0] ?? message;
  const first = sentence.split('. ')[0] ?? sentence;
  return first.charAt(0).toLowerCase() + first.slice(1);
}
