/** The daemon under test: its real executable, started the way the guide says. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../core/shared/package-root.ts';
import type { Host } from './host.ts';
import type { Lab } from './lab.ts';
import type { Exit, Running } from './running.ts';
import { eventually } from './wait.ts';

/** One `[[vrouter]]`: directives as in the guide. */
export interface VrouterDirectives {
  readonly group: number;
  readonly interface: string;
  readonly vip: string;
  readonly priority?: number;
  readonly preemption?: boolean;
  readonly timers?: { readonly advert: number };
  readonly version?: 2 | 3;
  readonly accept?: boolean;
  readonly checksum?: 'auto' | 'rfc9568' | 'pseudo-header';
  readonly rfc3768?: boolean;
  readonly iftype?: string;
  readonly netdrv?: string;
  readonly vifname?: string;
  readonly address_check?: 'any' | 'all' | 'none';
  readonly socket_filter?: boolean;
  readonly peers?: readonly string[];
  readonly source?: string;
  readonly min_ttl?: number;
  readonly start_delay?: number;
  readonly boot_delay?: number;
  readonly link_delay?: number;
  readonly link_debounce?: number;
  readonly hearing?: number;
  readonly preempt_delay?: number;
  readonly down_timer_adverts?: number;
  readonly announce?: Readonly<Record<string, unknown>>;
  readonly auth_type?: string;
  /** The secret, or where it stands. */
  readonly auth_secret?: string | Readonly<Record<string, string>>;
  /** `[vrouter.auth]`. */
  readonly auth?: Readonly<Record<string, unknown>>;
  /** Names of `[[track]]`, or with a weight. */
  readonly track?: readonly (string | { readonly name: string; readonly weight: number })[];
  readonly track_interface?: boolean;
  /** `[[vrouter.address]]`. */
  readonly address?: readonly Readonly<Record<string, string | boolean>>[];
  readonly lease?: number;
}

/** The same with any number of addresses. */
export type VrouterTable = Omit<VrouterDirectives, 'vip'> & { readonly vip: string | readonly string[] };

/** How to start the daemon. */
export interface RvrrpdOptions {
  /** `debug`. Default 0. */
  readonly debug?: number;
  /** Further general directives. */
  readonly directives?: Readonly<Record<string, unknown>>;
  /** Runs it on a terminal of its own, where it logs readable lines. Default false: a pipe, JSON lines. */
  readonly terminal?: boolean;
  /** `discard`: its output goes nowhere. Default `capture`. */
  readonly output?: 'capture' | 'discard';
  /** Further tables of the configuration file, such as `[plugins]`, in TOML. */
  readonly tables?: string;
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What its host is called, for the daemon alone. Default: what the machine is. */
  readonly hostname?: string;
}

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

/** A virtual router in the answer to SIGUSR1. */
export interface RouterCounters {
  readonly interface: string;
  readonly group: number;
  readonly state: string;
  readonly counters: Readonly<Record<string, unknown>> & {
    readonly dropped: Readonly<Record<string, number>>;
  };
}

/** The answer to SIGUSR1. */
export interface Counters {
  /** How often packets or timers have woken the engine. */
  readonly wakeUps: number;
  readonly routers: readonly RouterCounters[];
  /** What belongs to no virtual router. */
  readonly strangers: { readonly dropped: Readonly<Record<string, number>> };
}

/** The daemon's executable. @throws Error if it has not been built */
export function executable(): string {
  const file = path.join(packageRoot(), 'dist/rvrrpd.js');
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run build\``);
  return file;
}

function tomlTable(table: object): string {
  return Object.entries(table)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} = ${tomlValue(value)}\n`)
    .join('');
}

function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, inner]) => `${name} = ${tomlValue(inner)}`);
  return `{ ${fields.join(', ')} }`;
}

/** A configuration in TOML; every path in it is below `base`. */
export function rvrrpdConfiguration(
  base: string,
  vrouters: readonly VrouterTable[],
  debug = 0,
  directives: Readonly<Record<string, unknown>> = {},
): string {
  const general = {
    debug,
    pid: `${base}.pid`,
    working_dir: path.dirname(base),
    main_log: `${base}.log`,
    error_log: `${base}-error.log`,
    ...directives,
  };
  return `${tomlTable(general)}${vrouters.map((vrouter) => `\n[[vrouter]]\n${tomlTable(vrouter)}`).join('')}`;
}

/**
 * Writes the configuration of a host's daemon, the same file each time: that is how a daemon knows what its
 * predecessor left in the kernel.
 * @returns its path
 */
export function writeConfiguration(
  lab: Lab,
  host: Host,
  vrouters: readonly VrouterTable[],
  options: RvrrpdOptions = {},
): string {
  const base = path.join(lab.folder, `rvrrpd-${host.name}`);
  const tables = options.tables === undefined ? '' : `\n${options.tables}`;
  const configuration = rvrrpdConfiguration(base, vrouters, options.debug, options.directives);
  writeFileSync(`${base}.toml`, `${configuration}${tables}`);
  return `${base}.toml`;
}

/** The lines of a text, each with its position. @param at the text's own */
function linesOf(text: string, at: number): (readonly [at: number, line: string])[] {
  let next = at;
  return text.split('\n').map((line) => {
    const here = next;
    next += line.length + 1;
    return [here, line] as const;
  });
}

/** A line of the log, none if it is not JSON. */
function parsed(line: string): LogLine[] {
  if (!line.startsWith('{')) return [];
  try {
    return [JSON.parse(line) as LogLine];
  } catch {
    return [];
  }
}

/** A running rvrrpd. */
export class Rvrrpd {
  /** The lines of its standard output up to {@link logRead}, each with its position. */
  private readonly logLines: (readonly [at: number, line: LogLine])[] = [];
  private logRead = 0;
  /** The end of the last question for the counters. */
  private asked: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly running: Running,
    /** Holds its process id, where `running` is not itself. */
    private readonly pidFile: string | undefined,
  ) {}

  /** Starts it with these virtual routers; it may not speak VRRP yet when this returns. */
  static start(lab: Lab, host: Host, vrouters: readonly VrouterTable[], options: RvrrpdOptions = {}): Rvrrpd {
    return Rvrrpd.startWith(host, writeConfiguration(lab, host, vrouters, options), options);
  }

  /** Starts it with a configuration file and further arguments. */
  static startWith(
    host: Host,
    file: string,
    options: RvrrpdOptions = {},
    args: readonly string[] = [],
  ): Rvrrpd {
    const command = [executable(), '-m1', '-c', file, ...args];
    const start = {
      ...(options.output && { output: options.output }),
      ...(options.env && { env: options.env }),
    };
    if (options.hostname !== undefined) {
      const name = 'echo "$0" > /proc/sys/kernel/hostname; exec "$@"';
      const args = ['-u', 'sh', '-c', name, options.hostname, process.execPath, ...command];
      return new Rvrrpd(host.start('unshare', args, start), undefined);
    }
    if (!options.terminal) return new Rvrrpd(host.start(process.execPath, command, start), undefined);
    const pidFile = `${file}.terminal-pid`;
    return new Rvrrpd(host.startOnTerminal(process.execPath, command, pidFile, start), pidFile);
  }

  /** The daemon's process id. */
  async pid(): Promise<number> {
    const file = this.pidFile;
    if (file === undefined) return this.running.pid;
    return eventually(
      'the process id of rvrrpd',
      20_000,
      () => Number(readFileSync(file, 'utf8')) || undefined,
    );
  }

  /** The log so far, or from a position in its text on; lines that are not JSON left out. */
  log(from = 0): LogLine[] {
    const { stdout, output } = this.running;
    const end = stdout.lastIndexOf('\n') + 1;
    for (const [at, line] of linesOf(stdout.slice(this.logRead, end), this.logRead)) {
      this.logLines.push(...parsed(line).map((each) => [at, each] as const));
    }
    this.logRead = end;
    const known = this.logLines.filter(([at]) => at >= from).map(([, line]) => line);
    const start = Math.max(from, end);
    return [...known, ...linesOf(output.slice(start), start).flatMap(([, line]) => parsed(line))];
  }

  /** Waits until it runs: all its virtual routers have left Initialize, signals are answered. */
  async ready(deadlineMs = 30_000): Promise<void> {
    await this.running.waitForOutput(/rvrrpd \S+ running /, deadlineMs);
  }

  /** What it has counted up to now. One question after the other: of two signals at once one may be lost. */
  counters(): Promise<Counters> {
    const answer = this.asked.then(() => this.askForCounters());
    this.asked = answer.catch(() => {});
    return answer;
  }

  private async askForCounters(): Promise<Counters> {
    const answers = () => this.log().filter(({ msg }) => msg === 'counters');
    await this.ready(); // before that, SIGUSR1 is Node.js's own
    const before = answers().length;
    this.running.signal('SIGUSR1');
    const line = await eventually('the counters', 20_000, () => answers()[before]);
    return line as unknown as Counters;
  }

  /**
   * SIGHUP, and waits for what comes of it.
   * @returns what was logged from then on, the verdict last: `reloaded: …` or `not reloaded: …`
   */
  async reload(deadlineMs = 60_000): Promise<LogLine[]> {
    const before = this.running.stdout.length;
    process.kill(await this.pid(), 'SIGHUP');
    return eventually(
      'the verdict on the reload',
      deadlineMs,
      () => {
        const lines = this.log(before);
        const verdict = lines.findIndex(({ msg }) => /^(not )?reloaded: /.test(msg ?? ''));
        return verdict >= 0 && lines.slice(0, verdict + 1);
      },
      10,
    );
  }

  /** Ends it in an orderly way. @throws Error if it takes longer than `deadlineMs` */
  async stop(signal: NodeJS.Signals = 'SIGTERM', deadlineMs = 15_000): Promise<Exit> {
    if (this.pidFile === undefined) return this.running.stop(signal, deadlineMs);
    process.kill(await this.pid(), signal);
    return eventually('the end of rvrrpd', deadlineMs, () => this.running.exit, 5);
  }

  /** SIGKILL. @returns when, in ms since the epoch */
  async kill(): Promise<number> {
    process.kill(await this.pid(), 'SIGKILL');
    const time = Date.now();
    await this.running.exited;
    return time;
  }
}
