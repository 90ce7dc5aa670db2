/** A process that a lab has started, its output captured. */
import type { ChildProcess } from 'node:child_process';
import { eventually } from './wait.ts';

/** How a process ended. */
export interface Exit {
  /** Exit code; `null` if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A started process. */
export class Running {
  /** Everything written so far. */
  stdout = '';
  stderr = '';
  /** Set once it has ended and its output is complete. */
  exit: Exit | undefined;
  /** Resolves when it has ended and its output is complete. */
  readonly exited: Promise<Exit>;

  constructor(
    /** For messages. */
    readonly name: string,
    readonly child: ChildProcess,
  ) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.exit = { code, signal };
        resolve(this.exit);
      });
    });
    this.exited.catch(() => {}); // whoever waits sees it; nobody has to
  }

  /** @throws Error if it could not be started */
  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.name} was not started`);
    return this.child.pid;
  }

  /** Everything written so far, for messages. */
  get output(): string {
    return `${this.stdout}${this.stderr}`;
  }

  /** Sends a signal, unless it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.exit === undefined) this.child.kill(signal);
  }

  /**
   * Waits for output that matches.
   * @throws Error after `deadlineMs`, or when it ends first, with all of its output
   */
  async waitForOutput(pattern: RegExp, deadlineMs = 30_000): Promise<RegExpMatchArray> {
    return eventually(`"${pattern.source}" from ${this.name}`, deadlineMs, () => {
      const found = this.output.match(pattern);
      if (!found && this.exit)
        throw new Error(`${this.name} ended: ${JSON.stringify(this.exit)}\n${this.output}`);
      return found ?? undefined;
    });
  }

  /** Asks it to end and waits. @throws Error after `deadlineMs` */
  async stop(signal: NodeJS.Signals = 'SIGTERM', deadlineMs = 20_000): Promise<Exit> {
    this.signal(signal);
    return eventually(`the end of ${this.name}`, deadlineMs, () => this.exit, 5);
  }
}
