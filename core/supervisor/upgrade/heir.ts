/** The new process as the old one sees it: it is started, talks on a line, and is ended if it is not to take over. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import { native } from '../../native/index.ts';
import { CodedError, messageOf } from '../../shared/errors.ts';
import { Line } from './line.ts';

/** In the environment of the new process: its descriptors for messages, for descriptors, and for its standard error. */
export const HEIR_MARK = 'RVRRPD_TAKES_OVER';
/** Those are. */
const DESCRIPTORS = { stream: 3, rights: 4, standardError: 5 } as const;
/** Octets of what it has complained of that are told. */
const COMPLAINT = 2000;
/** It is gone so many ms after SIGKILL, or nothing can be done about it. */
const DEATH = 2000;

/** See the file's comment. */
export class Heir {
  /** How its process has ended: `ended with code 1`. */
  readonly ended: Promise<string>;
  /** What it says its process id is; that of what was started until then. */
  pid: number;

  private constructor(
    private readonly child: ChildProcess,
    readonly line: Line,
    /** A file without a name, which its standard error goes to. */
    private readonly words: number,
  ) {
    this.pid = child.pid ?? 0;
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(`could not be started: ${messageOf(error)}`));
      child.once('exit', (code, signal) =>
        resolve(signal === null ? `ended with code ${code}` : `was ended by ${signal}`),
      );
    });
  }

  /**
   * Starts it.
   * @param detached it gets a session of its own
   * @param folder where files may be made
   * @throws Error of the system
   */
  static start([program, ...args]: readonly [string, ...string[]], detached: boolean, folder: string): Heir {
    const words = namelessFile(folder);
    const [mine, its] = native.socketPair();
    let child: ChildProcess;
    // The service manager's watchdog is for whoever is the daemon.
    const { WATCHDOG_PID: _, ...env } = process.env;
    try {
      child = spawn(program, args, {
        detached,
        // Its standard error is ours once it has taken over: until then we tell what it says.
        stdio: ['ignore', 'inherit', words, 'pipe', its, 2],
        env: { ...env, [HEIR_MARK]: Object.values(DESCRIPTORS).join(' ') },
      });
    } catch (error) {
      closeSync(words);
      native.closeDescriptor(mine);
      throw error;
    } finally {
      native.closeDescriptor(its);
    }
    const stream = child.stdio[DESCRIPTORS.stream] as Socket;
    return new Heir(child, new Line(stream, mine), words);
  }

  /** Why it is gone, with the last of what it has complained of. */
  async epitaph(): Promise<CodedError> {
    const late = new Promise<string>((resolve) => setTimeout(resolve, DEATH, 'has ended').unref());
    const how = await Promise.race([this.ended, late]);
    const said = this.complaint;
    return new CodedError('upgrade-failed', `the new process ${how}${said === '' ? '' : `: ${said}`}`);
  }

  /** What it has written to its standard error: its end, in one line. */
  private get complaint(): string {
    const text = Buffer.alloc(64 << 10);
    const begin = Math.max(0, fstatSync(this.words).size - text.length);
    const length = readSync(this.words, text, 0, text.length, begin);
    return text
      .toString('utf8', 0, length)
      .trim()
      .replaceAll(/\s*\n\s*/g, '; ')
      .slice(-COMPLAINT);
  }

  /** Ends it. When this resolves it is gone, and has nothing of ours any more. */
  async kill(): Promise<void> {
    for (const pid of new Set([this.pid, this.child.pid])) {
      try {
        if (pid !== undefined && pid > 0) process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
    const late = new Promise<void>((resolve) => setTimeout(resolve, DEATH).unref());
    await Promise.race([this.line.cut, late]);
    this.line.close();
  }

  /** Nothing is to be known of it any more. */
  forget(): void {
    closeSync(this.words);
    this.child.unref();
  }
}

/** A full or read-only folder is no reason not to upgrade: then it is not known what the new process complains of. */
function namelessFile(folder: string): number {
  const file = path.join(folder, `${process.pid}-${Date.now()}.stderr`);
  try {
    const descriptor = openSync(file, 'wx+', 0o600);
    rmSync(file);
    return descriptor;
  } catch {
    return openSync('/dev/null', 'r+');
  }
}
