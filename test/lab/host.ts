/** A machine of the lab: a network namespace, and what runs in it. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { Running } from './running.ts';

const execFileAsync = promisify(execFile);

/** How {@link Host.start} starts a process. */
export interface StartOptions {
  /** `discard`: nothing is captured, for processes that write a lot. Default `capture`. */
  readonly output?: 'capture' | 'discard';
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Opens a pipe to its standard input. Default: none. */
  readonly input?: boolean;
}

/** A network namespace. */
export class Host {
  /** Every process that {@link start} has started. */
  readonly started: Running[] = [];

  constructor(
    /** Short name: `r1`, `client`. */
    readonly name: string,
    /** Name of the namespace. */
    readonly namespace: string,
  ) {}

  /**
   * Runs a command to its end.
   * @returns what it wrote to standard output
   * @throws Error with its standard error if it fails
   */
  async run(command: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await execFileAsync('ip', ['netns', 'exec', this.namespace, command, ...args], {
      maxBuffer: 64 << 20,
    });
    return stdout;
  }

  /** `ip` in this namespace, one command given as a sentence: `ip('link set eth0 up')`. */
  async ip(sentence: string): Promise<string> {
    const { stdout } = await execFileAsync('ip', ['-n', this.namespace, ...sentence.split(' ')], {
      maxBuffer: 64 << 20,
    });
    return stdout;
  }

  /** The MAC at which this host's kernel believes an address to be; `undefined` if it does not know. */
  async neighbour(address: string): Promise<string | undefined> {
    const [bare, zone] = address.split('%');
    const text = await this.ip(`-j neigh show to ${bare}${zone ? ` dev ${zone}` : ''}`);
    const [entry] = (text.trim() === '' ? [] : JSON.parse(text)) as { readonly lladdr?: string }[];
    return entry?.lladdr;
  }

  /** Many `ip` commands in one process, for set-ups of thousands of interfaces and addresses. */
  async ipBatch(sentences: readonly string[]): Promise<void> {
    const running = new Running(
      'ip -batch',
      spawn('ip', ['-n', this.namespace, '-batch', '-'], { stdio: ['pipe', 'pipe', 'pipe'] }),
    );
    running.child.stdin?.end(`${sentences.join('\n')}\n`);
    const { code } = await running.exited;
    if (code !== 0) throw new Error(`ip -batch in ${this.name}: ${running.stderr}`);
  }

  /** Writes settings below /proc/sys, by name with dots or, for names with dots in them, slashes. */
  async sysctl(settings: Readonly<Record<string, string | number>>): Promise<void> {
    const words = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    await this.run('sysctl', '-q', '-w', ...words);
  }

  /** Starts a process. `pid` is the command's own: `ip netns exec` replaces itself by it. */
  start(command: string, args: readonly string[], options: StartOptions = {}): Running {
    const out = options.output === 'discard' ? 'ignore' : 'pipe';
    const child = spawn('ip', ['netns', 'exec', this.namespace, command, ...args], {
      stdio: [options.input ? 'pipe' : 'ignore', out, out],
      env: { ...process.env, ...options.env },
    });
    const running = new Running(`${[command, ...args].join(' ')} in ${this.name}`, child);
    this.started.push(running);
    return running;
  }
  /**
   * Starts a process on a terminal of its own, through `script` (util-linux), whose output it becomes. The
   * command's own process id goes to `pidFile`. Its arguments must not need quoting.
   */
  startOnTerminal(
    command: string,
    args: readonly string[],
    pidFile: string,
    options: StartOptions = {},
  ): Running {
    const line = `echo $$ > ${pidFile}; exec ${[command, ...args].join(' ')}`;
    return this.start('script', ['-qefc', line, '/dev/null'], { ...options, input: true });
  }
}
