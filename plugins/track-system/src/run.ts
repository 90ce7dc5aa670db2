/** One run of a program, to its end or to the end of its time. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Account } from './accounts.ts';
import { addon } from './native.ts';
import { Output } from './output.ts';

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
  /** What it has started goes on when it has ended by itself, and may write what it likes. Default: it ends too. */
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
    const outputs: Output[] = [];
    let child: ChildProcess;
    try {
      const [output, errors] = [addOutput(outputs), addOutput(outputs)];
      child = spawn(file, args, {
        cwd: '/',
        env: { ...environment },
        stdio: ['ignore', output.descriptor, errors.descriptor],
        detached: true,
        // Given, they take away the other groups too: not to be asked for without need, as that needs a capability.
        ...(uid === own.uid && gid === own.gid ? {} : { uid, gid }),
      });
    } catch (error) {
      for (const each of outputs) each.close();
      throw error;
    }
    for (const each of outputs) each.handed();
    const { pid } = child;
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
      for (const each of outputs) {
        if (leavesRest && !signal.aborted) each.leave();
        else each.close();
      }
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
          const words = outputs.map(({ line }) => line.text()).find((text) => text !== '') ?? '';
          resolve({ words, ...(code === null ? {} : { code }), ...(by === null ? {} : { signal: by }) });
        });
      void Promise.all(outputs.map(({ ended }) => ended)).then(answer);
      // Somebody who has left the process group may keep its output open for ever.
      timer = setTimeout(answer, OUTPUT_PATIENCE);
    });
  });
}

function addOutput(outputs: Output[]): Output {
  const output = new Output();
  outputs.push(output);
  return output;
}
