/** Which processes are the ones that are looked for. */
import path from 'node:path';
import { isProcess, listProcesses, readCommand, readProgram, readStat } from './proc.ts';

/** What a process must be like. What is absent does not matter. */
export interface Looks {
  readonly process?: string;
  readonly command_line?: string;
  readonly match?: 'exact' | 'begin' | 'contain';
}

/** The kernel's names end there, in octets. */
const LONGEST_NAME = 15;

/** See the file's comment. */
export class Census {
  private readonly process: string | undefined;
  private readonly commandLine: string | undefined;
  /** By process id: what was found out about which process. */
  private readonly known = new Map<number, { readonly key: string; readonly fits: boolean }>();

  /** @param proc where /proc is */
  constructor(
    private readonly looks: Looks,
    private readonly proc = '/proc',
  ) {
    // What /proc shows are octets.
    this.process = octets(looks.process);
    this.commandLine = octets(looks.command_line);
  }

  /** All that there are, by looking at every process. @throws Error if there is no /proc */
  take(): Set<number> {
    const pids = listProcesses(this.proc);
    const found = new Set(pids.filter((pid) => this.isOne(pid)));
    const alive = new Set(pids);
    for (const pid of this.known.keys()) if (!alive.has(pid)) this.known.delete(pid);
    return found;
  }

  /** Whether a process is one. */
  isOne(pid: number): boolean {
    const stat = readStat(this.proc, pid);
    if (stat === undefined || stat.zombie) return false;
    // Who executes another program changes its name as a rule; if not, the kernel's events tell (`forget`).
    const key = `${stat.started} ${stat.name}`;
    const known = this.known.get(pid);
    if (known?.key === key && this.commandLine === undefined) return known.fits;
    const fits = this.fits(pid, stat.name);
    this.known.set(pid, { key, fits });
    return fits;
  }

  /** Whether there is a process of this id, which has not ended. Threads have ids of the same kind. */
  isThere(pid: number): boolean {
    const stat = readStat(this.proc, pid);
    return stat !== undefined && !stat.zombie && isProcess(this.proc, pid);
  }

  /** What was known of a process does not hold any more. */
  forget(pid: number): void {
    this.known.delete(pid);
  }

  private fits(pid: number, name: string): boolean {
    const { process, commandLine } = this;
    if (process === undefined && commandLine === undefined) return true;
    const words = readCommand(this.proc, pid);
    if (process !== undefined) {
      const short = process.length <= LONGEST_NAME && name === process;
      const first = path.basename(words[0] ?? '') === process;
      if (!short && !first && octets(readProgram(this.proc, pid)) !== process) return false;
    }
    if (commandLine === undefined) return true;
    const line = words.join(' ').trimEnd();
    const { match = 'exact' } = this.looks;
    if (match === 'begin') return line.startsWith(commandLine);
    return match === 'contain' ? line.includes(commandLine) : line === commandLine;
  }
}

function octets(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'utf8').toString('latin1');
}
