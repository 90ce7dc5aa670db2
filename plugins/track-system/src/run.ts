/** One run of a program, to its end or to the end of its time. */
import { spawn } from 'node:child_process';
import type { Account } from './accounts.ts';
import { LastLine } from './last-line.ts';
import { addon } from './native.ts';

/** How it went. */
export interface Outcome {
  /** Absent: a signal has ended it. */
  readonly code?: number;
  readonly signal?: string;
  /** The last line that it has written; empty: none. */
  readonly words: string;
}

/** What to run. */
export interface Program {
  readonly command: readonly string[];
  readonly account: Account;
  readonly environment: Readonly<Record<string, string>>;
  /** What it has started goes on when it has ended by itself. Default: it ends too. */
  readonly leavesRest?: true;
}

/** How long its output is waited for, once it and its process group have ended, in ms. */
const OUTPUT_PATIENCE = 100;

/**
 * Runs it, in a process group and session of its own, without any descriptor but standard input (empty), output and error.
 * Whatever it has started and left in its process group ends with it, unless {@link Program.leavesRest} says otherwise.
 * @param signal ends it and its process group at once
 * @throws Error with an errno `code` if it cannot be started, or if it was ended by `signal`
 */
export function run(
  { command, account, environment, leavesRest }: Program,
  signal: AbortSignal,
): Promise<Outcome> {
  const { closeAtExec, guardChild, releaseChild } = addon();
  const [file = '', ...args] = command;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    closeAtExec(); // our own are so already; others the daemon was started with
    const own = { uid: process.geteuid?.(), gid: process.getegid?.() };
    const { uid, gid } = account;
    const child = spawn(file, args, {
      cwd: '/',
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      // Given, they take away the other groups too: not to be asked for without need, as that needs a capability.
      ...(uid === own.uid && gid === own.gid ? {} : { uid, gid }),
    });
    const { pid } = child;
    const output = new LastLine();
    const errors = new LastLine();
    child.stdout.on('data', (part: Buffer) => output.add(part));
    child.stderr.on('data', (part: Buffer) => errors.add(part));
    let timer: NodeJS.Timeout | undefined;
    const killGroup = (): void => {
      try {
        if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      } catch {
        // ESRCH: all have ended.
      }
    };
    const settle = (how: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', killGroup);
      child.stdout.destroy();
      child.stderr.destroy();
      how();
    };
    child.on('error', (error) => settle(() => reject(error)));
    if (pid === undefined) return; // 'error' follows
    guardChild(pid);
    signal.addEventListener('abort', killGroup);
    child.on('exit', (code, by) => {
      if (!leavesRest || signal.aborted) killGroup(); // what it has left behind
      releaseChild(pid);
      const answer = () =>
        settle(() => {
          if (signal.aborted) return reject(new Error('its time was over'));
          const words = output.text() || errors.text();
          resolve({ words, ...(code === null ? {} : { code }), ...(by === null ? {} : { signal: by }) });
        });
      child.on('close', answer);
      // Somebody who has left the process group may keep its output open for ever.
      timer = setTimeout(answer, OUTPUT_PATIENCE);
    });
  });
}
