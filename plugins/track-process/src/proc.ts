/** Processes as /proc shows them (man 5 proc). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/** What tells one process from another of the same id. */
export interface ProcessStat {
  /** The kernel's name of it, 15 octets at most. */
  readonly name: string;
  /** It has ended, and nobody has asked for its exit code yet. */
  readonly zombie: boolean;
  /** When it started, in ticks since boot. */
  readonly started: string;
}

/** Reads a process; undefined: there is none. @param proc where /proc is */
export function readStat(proc: string, pid: number): ProcessStat | undefined {
  const text = read(path.join(proc, String(pid), 'stat'));
  // The name may have anything in it, parentheses too: it ends at the last one.
  const end = text.lastIndexOf(')');
  if (end < 0) return undefined;
  const rest = text.slice(end + 2).split(' ');
  return {
    name: text.slice(text.indexOf('(') + 1, end),
    zombie: rest[0] === 'Z' || rest[0] === 'X',
    started: rest[19] ?? '',
  };
}

/** Whether an id is that of a process: /proc has those of threads too, but does not list them. */
export function isProcess(proc: string, id: number): boolean {
  const [, group] = /^Tgid:\s*(\d+)$/m.exec(read(path.join(proc, String(id), 'status'))) ?? [];
  return Number(group) === id;
}

/** The words of a process's command line; none of a thread of the kernel. */
export function readCommand(proc: string, pid: number): string[] {
  const text = read(path.join(proc, String(pid), 'cmdline'));
  const words = text.split('\0');
  if (words.at(-1) === '') words.pop();
  return words;
}

/** The file that a process runs, without its folder; empty: not to be known. */
export function readProgram(proc: string, pid: number): string {
  try {
    return path.basename(readlinkSync(path.join(proc, String(pid), 'exe')).replace(/ \(deleted\)$/, ''));
  } catch {
    return ''; // a thread of the kernel, or another user's that we may not look at
  }
}

/** The ids of all processes. @throws Error if there is no /proc */
export function listProcesses(proc: string): number[] {
  return readdirSync(proc)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return ''; // it has ended meanwhile
  }
}
