/** The manual pages: from the argument table, and from the documents, which the generated tables are in. Pure. */
import {
  COMMAND_OPTIONS,
  COMMANDS,
  type CommandRow,
  EXIT_STATUSES,
  IMPORT_OPTIONS,
  LISTEN_OPTIONS,
  LOCAL_COMMANDS,
  OPTIONS,
  type OptionRow,
  PASSWORD_OPTIONS,
  PASSWORD_STATUSES,
  PASSWORD_WORDS,
  STANDBY_OPTIONS,
  UPGRADE_OPTIONS,
} from '../../core/cli/argument-table.ts';
import { type Block, parseMarkdown, under } from './markdown.ts';
import { blocks, example, head, paragraph, section, term } from './roff.ts';

/** Where more is to be read, for each page. */
const PAGES = ['rvrrpd(8)', 'rvrrpd.conf(5)', 'rvrrpd-pw(1)', 'rvrrpd-plugin(7)'] as const;

/** The documents that the pages are made from. */
export interface Documents {
  /** docs/operating.md. */
  readonly operating: string;
  /** docs/configuration.md, its tables made. */
  readonly configuration: string;
  /** docs/plugins.md. */
  readonly plugins: string;
}

/** The pages, by the names of their files. */
export function manualPages(documents: Documents): ReadonlyMap<string, string> {
  return new Map([
    ['rvrrpd.8', daemonPage(parseMarkdown(documents.operating))],
    ['rvrrpd.conf.5', configurationPage(parseMarkdown(documents.configuration))],
    ['rvrrpd-pw.1', passwordPage()],
    ['rvrrpd-plugin.7', pluginPage(parseMarkdown(documents.plugins))],
  ]);
}

/** What a command takes beside `-c` and `--json`, as the synopsis has it. */
function behind({ operand, options }: CommandRow): string {
  const own = COMMAND_OPTIONS.filter(({ long }) => options.includes(long)).map(
    ({ long, value }) => ` [**--${long}**${value === undefined ? '' : ` *${value}*`}]`,
  );
  const last = operand === undefined ? '' : ` ${operand.replace(/[A-Z]+(\.\.\.)?/, '*$&*')}`;
  return `${own.join('')}${last}`;
}

function daemonPage(operating: readonly Block[]): string {
  const commands = Object.entries(COMMANDS);
  const local = Object.entries(LOCAL_COMMANDS);
  return [
    head('rvrrpd', 8, 'VRRP daemon'),
    section('Synopsis'),
    paragraph(synopsis('rvrrpd', OPTIONS)),
    paragraph(synopsis('rvrrpd -m0', LISTEN_OPTIONS)),
    paragraph(
      commands
        .map(([name, row]) => `**rvrrpd ${name}** [**-c** *FILE*] [**--json**]${behind(row)}`)
        .join(', '),
    ),
    ...local.map(([name, { operand }]) =>
      paragraph(`${synopsis(`rvrrpd ${name}`, IMPORT_OPTIONS)} *${operand}*`),
    ),
    section('Description'),
    paragraph(
      'Two or more routers share an IP address; one of them, the Master, answers for it, and when it fails another takes ' +
        'over. rvrrpd speaks VRRPv2 (RFC 3768) over IPv4 and VRRPv3 (RFC 9568) over IPv4 and IPv6.',
    ),
    paragraph('The smallest useful configuration; `rvrrpd.conf(5)` has all directives:'),
    example([
      '[[vrouter]]',
      'group = 1                # the same number on all routers that share the address',
      'interface = "eth0"',
      'vip = "10.100.100.1"     # the address that they share',
      'priority = 200           # the highest is Master',
      'netdrv = "libnl"',
      'iftype = "macvlan"',
    ]),
    section('Options'),
    ...OPTIONS.map(option),
    section('Options of mode 0'),
    ...LISTEN_OPTIONS.map(option),
    section('Commands'),
    paragraph(
      'They ask the running daemon, which is found by its configuration file (`-c`, or the default), in the network ' +
        'namespace that they run in.',
    ),
    ...commands.map(([name, { text, more }]) => term(`**${name}**`, sentences(text, more))),
    ...[...STANDBY_OPTIONS, ...UPGRADE_OPTIONS].map(option),
    section('Without a daemon'),
    ...local.map(([name, { text, more }]) => term(`**${name}**`, sentences(text, more))),
    ...IMPORT_OPTIONS.map(option),
    section('Exit status'),
    ...EXIT_STATUSES.map(([status, meaning]) => term(`**${status}**`, sentences(meaning))),
    ...[
      ...['Start and stop', 'Ask and reload', 'Upgrade', 'Stand-by and fail-over'],
      ...['In the background', 'With systemd', 'Privileges'],
      ...['What a Master does to the kernel', 'Coming from keepalived'],
    ].flatMap((heading) => [section(heading), blocks(under(operating, heading), 2)]),
    section('Files'),
    term('`/etc/rvrrpd.conf`, `/etc/rvrrpd/rvrrpd.conf`', 'the configuration, looked for in this order'),
    term('`/run/rvrrpd`', 'control sockets, and the journals of what is the daemon’s in the kernel'),
    section('Environment'),
    term('`NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`', 'of systemd: see `sd_notify(3)`'),
    term(
      '`CREDENTIALS_DIRECTORY`',
      'of systemd: where `{ credential = "NAME" }` of the configuration is read',
    ),
    seeAlso('rvrrpd(8)'),
  ].join('');
}

function configurationPage(document: readonly Block[]): string {
  const [title, ...rest] = document;
  if (title?.kind !== 'heading') throw new Error('docs/configuration.md must begin with a heading');
  return [
    head('rvrrpd.conf', 5, 'configuration of rvrrpd(8)'),
    section('Description'),
    blocks(rest, 2),
    seeAlso('rvrrpd.conf(5)'),
  ].join('');
}

function passwordPage(): string {
  const words = PASSWORD_WORDS.map(([name], index) => (index === 0 ? `*${name}*` : `[*${name}*]`)).join(' ');
  return [
    head('rvrrpd-pw', 1, 'makes lines for the users of the client API of rvrrpd(8)'),
    section('Synopsis'),
    paragraph(`**rvrrpd-pw** ${words} ${PASSWORD_OPTIONS.map(optional).join(' ')}`),
    section('Description'),
    paragraph('Prints a line for `users` in the `[api]` section of `rvrrpd.conf(5)`.'),
    ...PASSWORD_WORDS.map(([name, text]) => term(`*${name}*`, sentences(text))),
    section('Options'),
    ...PASSWORD_OPTIONS.map(option),
    paragraph('A *PASSWORD* that starts with a dash goes behind `--`.'),
    section('Exit status'),
    ...PASSWORD_STATUSES.map(([status, meaning]) => term(`**${status}**`, sentences(meaning))),
    section('Examples'),
    example(['rvrrpd-pw admin --level 1', 'pass vrrp/admin | rvrrpd-pw admin']),
    seeAlso('rvrrpd-pw(1)'),
  ].join('');
}

function pluginPage(document: readonly Block[]): string {
  return [
    head('rvrrpd-plugin', 7, 'how to write a plugin for rvrrpd(8)'),
    section('Description'),
    blocks(document.slice(1), 2),
    seeAlso('rvrrpd-plugin(7)'),
  ].join('');
}

function seeAlso(own: (typeof PAGES)[number]): string {
  const others = PAGES.filter((page) => page !== own).map((page) => `\`${page}\``);
  return `${section('See also')}${paragraph(others.join(', '))}`;
}

function synopsis(command: string, rows: readonly OptionRow[]): string {
  return `**${command}** ${rows.map(optional).join(' ')}`;
}

function optional({ long, short, value }: OptionRow): string {
  const name = short === undefined ? `--${long}` : `-${short}`;
  return value === undefined ? `[**${name}**]` : `[**${name}** *${value}*]`;
}

function option({ long, short, value, text, more }: OptionRow & { readonly more?: string }): string {
  const names = [...(short === undefined ? [] : [`**-${short}**`]), `**--${long}**`].join(', ');
  return term(value === undefined ? names : `${names} *${value}*`, sentences(text, more));
}

/** Words of `--help` as a sentence. */
function sentences(text: string, more?: string): string {
  const first = text.replaceAll('\n', '; ');
  const capital = `${first.charAt(0).toUpperCase()}${first.slice(1)}`;
  return more === undefined ? `${capital}.` : `${capital}. ${more}`;
}
