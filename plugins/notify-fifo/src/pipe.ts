/**
 * A named pipe that is written to without ever being waited for: neither for somebody who opens it, nor for room in it
 * (O_NONBLOCK, man 7 fifo).
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, fstatSync, lstatSync, openSync, statSync, writeSync } from 'node:fs';

/** Between two attempts, in ms: the first, and the longest one. Each is twice as long as the one before. */
const FIRST_LOOK = 10;
const LONGEST_LOOK = 500;

/** Making a pipe takes no longer than so many ms. */
const MAKING = 2000;

const OTHER = 'is no named pipe';

/** See the file's comment. */
export class Pipe {
  private descriptor: number | undefined;
  /** What of a line is to follow before anything else: whoever reads has its beginning. */
  private unfinished: { readonly id: number; readonly rest: Buffer } | undefined;

  /** @param mode octal, of a pipe that has to be made */
  constructor(
    private readonly path: string,
    private readonly mode: string,
  ) {}

  /** @throws Error if something else is in its place */
  check(): void {
    const found = lstatSync(this.path, { throwIfNoEntry: false });
    if (found?.isSymbolicLink()) return; // to what is seen when it is opened
    if (found !== undefined && !found.isFIFO())
      throw new Error(
        `path = "${this.path}": is there, and no named pipe: remove it, or choose another path`,
      );
  }

  /**
   * Writes all of it, as soon as somebody reads.
   * @param id of the line: the rest of one that was not finished is the same line, even if its text is another by now
   * @throws Error once `signal` is aborted, or if it cannot be written to
   */
  async write(id: number, line: Buffer, signal: AbortSignal): Promise<void> {
    while (this.unfinished) {
      const { rest, id: begun } = this.unfinished;
      if ((await this.put(begun, rest, signal, true)) && begun === id) return;
    }
    while (!(await this.put(id, line, signal, false)));
  }

  /** @returns whether it is written; false: another pipe is in its place, which has nothing of it */
  private async put(id: number, line: Buffer, signal: AbortSignal, isRest: boolean): Promise<boolean> {
    let pause = FIRST_LOOK;
    let written = 0;
    let why = 'nobody reads it';
    this.unfinished = undefined;
    while (written < line.length) {
      if (signal.aborted) {
        // Up to PIPE_BUF octets are written all at once, or not at all.
        if (written > 0 || isRest) this.unfinished = { id, rest: line.subarray(written) };
        // Who begins to read gets what waits at once, however long nobody has.
        throw Object.assign(this.failure(why), { pause: LONGEST_LOOK });
      }
      if (this.isReplaced()) {
        this.close();
        if (written > 0 || isRest) return false;
      }
      try {
        this.descriptor ??= this.open();
        written += writeSync(this.descriptor, line, written);
        continue;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // EPIPE: whoever has read has gone. It stays open: what is in it and was not read is the next one's.
        if (code === 'EAGAIN') why = 'it is full, and nobody reads it';
        else if (code === 'ENXIO' || code === 'EPIPE') why = 'nobody reads it';
        else throw this.failure(code ?? (error as Error).message);
      }
      await sleep(pause, signal);
      pause = Math.min(pause * 2, LONGEST_LOOK);
    }
    return true;
  }

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  /** Whether what is open is not what has the name by now. */
  private isReplaced(): boolean {
    if (this.descriptor === undefined) return false;
    const named = statSync(this.path, { throwIfNoEntry: false });
    const { dev, ino } = fstatSync(this.descriptor);
    return named?.ino !== ino || named.dev !== dev;
  }

  private open(): number {
    const { path } = this;
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) this.make();
    // Looked at before it is opened: to open something else may do something.
    if (statSync(path, { throwIfNoEntry: false })?.isFIFO() === false) throw new Error(OTHER);
    const descriptor = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    if (fstatSync(descriptor).isFIFO()) return descriptor;
    closeSync(descriptor);
    throw new Error(OTHER);
  }

  private make(): void {
    const { path, mode } = this;
    try {
      const stdio = ['ignore', 'ignore', 'pipe'] as const;
      execFileSync('mkfifo', ['-m', mode, path], { timeout: MAKING, stdio: [...stdio] });
    } catch (error) {
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return; // somebody else was faster
      const { stderr, message } = error as Error & { readonly stderr?: Buffer };
      const said = stderr?.toString().trim().split('\n').at(-1);
      throw new Error(`cannot be made: ${said || message}`, { cause: error });
    }
  }

  private failure(why: string): Error {
    return new Error(`${this.path}: ${why}`);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
