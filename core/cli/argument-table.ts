/**
 * The arguments of `rvrrpd` and `rvrrpd-pw`, once: what is parsed, what `--help` prints, the manual pages and the
 * completions of shells (scripts/docs) all come from here.
 */
import { CONFIG_FORMATS } from '../config/document.ts';
import type { ControlCommand } from '../supervisor/control-messages.ts';
import { HASH_ALGORITHMS } from '../users/password-hash.ts';

/** One option. */
export interface OptionRow {
  /** Without the dashes. */
  readonly long: string;
  /** One letter. */
  readonly short?: string;
  /** What its value is called; absent: it takes none. */
  readonly value?: string;
  /** What its value is, where a shell can complete it. Absent: nothing that could be listed, or `choices`. */
  readonly kind?: 'file' | 'interface';
  /** All values that there are. */
  readonly choices?: readonly string[];
  /** What it does, in the words of `--help`. A line break stays one. */
  readonly text: string;
  /** What the manual page says beside that. */
  readonly more?: string;
}

/** A word that stands alone on the command line. */
export interface CommandRow {
  readonly text: string;
  readonly more?: string;
  /** What stands behind it, in brackets if it may be left out; absent: nothing. */
  readonly operand?: string;
  /** The long options that it takes. */
  readonly options: readonly string[];
}

/** Options under one heading of `--help`. The same option may stand under several. */
export interface OptionGroup {
  /** Ends with a colon. Absent: those at the top. */
  readonly heading?: string;
  readonly options: readonly OptionRow[];
}

const CONF = { long: 'conf', short: 'c', value: 'FILE', kind: 'file' } as const;
const HELP_AND_VERSION = [
  { long: 'help', short: 'h', text: 'print this and exit' },
  { long: 'version', short: 'V', text: 'print the version and exit' },
] as const satisfies readonly OptionRow[];

/** Options of `rvrrpd`. */
export const OPTIONS = [
  {
    long: 'mode',
    short: 'm',
    value: 'MODE',
    choices: ['0', '1', '2'],
    text:
      '0: print each VRRP packet seen on an interface (-i)\n' +
      '1: run in the foreground (default)\n' +
      '2: run as a daemon in the background',
    more:
      'In the foreground it logs to standard output, JSON lines on a pipe, readable ones on a terminal. In the background ' +
      'it returns once the virtual routers run, and says why if they do not.',
  },
  {
    ...CONF,
    text: 'configuration file; default: /etc/rvrrpd.conf, then /etc/rvrrpd/rvrrpd.conf',
  },
  {
    long: 'cfg-format',
    short: 'g',
    value: 'FORMAT',
    choices: CONFIG_FORMATS,
    text: 'format of the configuration file: toml or json; default: by its name or content',
  },
  {
    long: 'debug',
    short: 'd',
    value: 'LEVEL',
    choices: ['0', '1', '2', '3', '4', '5'],
    text: '0 to 5, how much is logged; overrides "debug" of the configuration',
  },
  {
    long: 'check',
    text: 'check the configuration, print what is wrong with it, and exit',
    more:
      'Everything that is wrong is printed, with file and line, and what is known to keep a Master from having its ' +
      'addresses on this host. Nothing is started, and no code of a plugin but the network driver’s runs.',
  },
  ...HELP_AND_VERSION,
] as const satisfies readonly OptionRow[];

/** Options of mode 0. */
export const LISTEN_OPTIONS = [
  { long: 'iface', short: 'i', value: 'INTERFACE', kind: 'interface', text: 'interface to listen on' },
  { long: 'json', text: 'print one JSON object a line' },
  { long: 'count', value: 'NUMBER', text: 'end after so many packets' },
  { ...CONF, text: 'check authentication with the secrets of its virtual routers on the interface' },
  { long: 'auth-type', value: 'NAME', text: 'check authentication of this auth_type' },
  {
    long: 'secret-file',
    value: 'FILE',
    kind: 'file',
    text: 'with the secret in this file; -: standard input',
  },
] as const satisfies readonly OptionRow[];

/** Options of `rvrrpd standby` and `rvrrpd failover`. */
export const STANDBY_OPTIONS = [
  { long: 'for', value: 'TIME', text: 'standby: resumes by itself after 90s, 30m, 2h, 1h30m …' },
  { long: 'force', text: 'standby: although no other router has been heard of' },
  { long: 'rate', value: 'NUMBER', text: 'Masters that give up in a second; default: 10' },
] as const satisfies readonly OptionRow[];

/** Options of `rvrrpd upgrade`. */
export const UPGRADE_OPTIONS = [
  { long: 'node', value: 'FILE', kind: 'file', text: 'program of the Node.js that is to run it' },
] as const satisfies readonly OptionRow[];

/** Options of `rvrrpd import`. */
export const IMPORT_OPTIONS = [
  {
    long: 'config-id',
    value: 'ID',
    text: 'what keepalived’s conditions (@ID) are compared with, its -i; default: the name of this host',
  },
  {
    long: 'output',
    value: 'FILE',
    kind: 'file',
    text: 'writes a new file that only its owner can read; default: standard output',
  },
] as const satisfies readonly OptionRow[];

/** Options that some commands have and no mode has. */
export const COMMAND_OPTIONS: readonly OptionRow[] = [
  ...STANDBY_OPTIONS,
  ...UPGRADE_OPTIONS,
  ...IMPORT_OPTIONS,
];

/** The headings of `rvrrpd --help`. */
export const OPTION_GROUPS: readonly OptionGroup[] = [
  { options: OPTIONS },
  { heading: 'Mode 0, which needs no configuration:', options: LISTEN_OPTIONS },
  { heading: 'Stand-by and fail-over:', options: STANDBY_OPTIONS },
  { heading: 'rvrrpd upgrade:', options: UPGRADE_OPTIONS },
  { heading: 'rvrrpd import:', options: IMPORT_OPTIONS },
];

/** What can be asked of the daemon that runs. */
export const COMMANDS: Readonly<Record<ControlCommand, CommandRow>> = {
  status: {
    text: 'the state of each router; with --json counters too',
    more: 'Also what is configured and does not run, and how the last reload went.',
    options: ['conf', 'json'],
  },
  reload: {
    text: 'reads the configuration again, and tells how it went',
    more:
      'As SIGHUP, but it waits, prints the outcome, and tells it by its exit status. No virtual router leaves its state, ' +
      'and no advertisement is late. A reload that fails leaves everything as it was.',
    options: ['conf', 'json'],
  },
  upgrade: {
    text: 'has the installed version take over, or that of EXECUTABLE',
    more:
      'Another version, or another Node.js: no virtual router leaves its state, and no advertisement is late. If the new ' +
      'version does not start, or cannot take over, the old one runs on, and it is said why.',
    operand: '[EXECUTABLE]',
    options: ['conf', 'json', 'node'],
  },
  plugins: {
    text: 'what is loaded; without a daemon: what would be',
    options: ['conf', 'json', 'cfg-format'],
  },
  standby: {
    text: 'does not become Master until resumed; a Master gives up, if another router is there to take over',
    more:
      'Behind it names: an interface (eth0), a virtual router (eth0/7, eth0/7/ipv6), a group of [[sync]], or all, which is ' +
      'the default. It lasts over reloads and restarts. Refused without --force where no other router has been heard of. ' +
      'Of many, Masters give up one after the other; where nobody takes over, that one is Master again, and the rest is left.',
    operand: '[NAME...]',
    options: ['conf', 'json', 'for', 'force', 'rate'],
  },
  resume: {
    text: 'ends the stand-by of these names, or of all',
    operand: '[NAME...]',
    options: ['conf', 'json'],
  },
  failover: {
    text: 'Masters with these names give up, and are Master again only if nobody else is',
    operand: 'NAME...',
    options: ['conf', 'json', 'rate'],
  },
};

/** Commands that need no daemon. */
export const LOCAL_COMMANDS = {
  import: {
    text: 'makes a configuration of keepalived’s, KEEPALIVED.CONF',
    more:
      'It goes to standard output, or to a new file. What has no counterpart is a comment with the line and why. Included ' +
      'files, conditions and definitions are as keepalived takes them. Nothing is started, and nothing is changed.',
    operand: 'KEEPALIVED.CONF',
    options: ['config-id', 'output'],
  },
} as const satisfies Readonly<Record<string, CommandRow>>;

/** Exit statuses of `rvrrpd`. */
export const EXIT_STATUSES: readonly (readonly [status: number, meaning: string])[] = [
  [0, 'all is well'],
  [1, 'the configuration is wrong or something could not be started, reloaded or upgraded'],
  [2, 'the command line is wrong'],
  [3, 'no daemon runs that could be asked'],
];

/** Names of the algorithms of passwords as they are given on the command line. */
export const ALGORITHMS: readonly string[] = HASH_ALGORITHMS.map((name) => name.toLowerCase());

/** What `rvrrpd-pw` takes by its place. */
export const PASSWORD_WORDS: readonly (readonly [name: string, text: string])[] = [
  ['USER', '1 to 256 letters and digits'],
  [
    'PASSWORD',
    'left out: asked for, twice, without showing it; or one line of standard input, if that is no terminal. Best left ' +
      'out: other users of this machine may see the arguments of a command, and the shell keeps them',
  ],
  ['ALG', 'scrypt (default), or sha256 for routers that know nothing else: a stolen line is soon guessed'],
];

/** Options of `rvrrpd-pw`. */
export const PASSWORD_OPTIONS = [
  { long: 'alg', value: 'ALG', choices: ALGORITHMS, text: 'the same, without a PASSWORD before it' },
  {
    long: 'level',
    value: 'LEVEL',
    choices: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    text: '0 (default): may read; 1 to 9: may change things',
  },
  ...HELP_AND_VERSION,
] as const satisfies readonly OptionRow[];

/** Exit statuses of `rvrrpd-pw`. */
export const PASSWORD_STATUSES: readonly (readonly [status: number, meaning: string])[] = [
  [0, 'all is well'],
  [1, 'there is no usable password'],
  [2, 'the command line is wrong'],
];

/** What `node:util` wants of a row. */
type Parsed<R extends OptionRow> = {
  readonly [Row in R as Row['long']]: {
    readonly type: Row extends { readonly value: string } ? 'string' : 'boolean';
    readonly short?: string;
  };
};

/** The rows as `node:util`'s parseArgs takes them; an option that is there twice is the same one. */
export function parseable<const R extends OptionRow>(rows: readonly R[]): Parsed<R> {
  const options = rows.map(({ long, short, value }) => [
    long,
    { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) },
  ]);
  return Object.fromEntries(options) as Parsed<R>;
}
