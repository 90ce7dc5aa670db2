/** What a program writes: its last line, and where the rest of it goes once nobody wants to know. */
import { Socket } from 'node:net';
import { LastLine } from './last-line.ts';
import { addon } from './native.ts';

/** Of programs that have left somebody behind who still has their output: so many outputs are read on, the newest. */
const MOST_LEFT = 64;

/** Between two looks at one of them, in ms: a flood of it is to cost next to nothing. */
const BETWEEN = 50;

/** Outputs that are read on, and thrown away. */
const left = new Set<Output>();

/** The standard output, or the standard error, of one program. */
export class Output {
  readonly line = new LastLine();
  /** Resolves once nobody has it any more. */
  readonly ended: Promise<void>;
  /** What the program is to have. Undefined: it has it. */
  private inner: number | undefined;
  private readonly stream: Socket;

  /** @throws Error with an errno `code` if there is none to be had */
  constructor() {
    const [outer, inner] = addon().openPipe();
    this.inner = inner;
    this.stream = new Socket({ fd: outer, readable: true, writable: false });
    this.stream.on('data', (part: Buffer) => this.line.add(part));
    this.stream.on('error', () => {}); // 'close' follows
    this.ended = new Promise((resolve) => {
      this.stream.once('close', () => {
        left.delete(this);
        resolve();
      });
    });
  }

  /** The descriptor for the program. */
  get descriptor(): number {
    return this.inner!;
  }

  /** The program has it, or there is none. */
  handed(): void {
    if (this.inner !== undefined) addon().closeDescriptor(this.inner);
    this.inner = undefined;
  }

  /** It is not read any more: who still writes is sent SIGPIPE. */
  close(): void {
    this.handed();
    this.stream.destroy();
  }

  /** It goes nowhere from now on: who still writes, and must not be ended by that, is let. It keeps nobody from ending. */
  leave(): void {
    if (this.stream.destroyed) return;
    const { stream } = this;
    stream.removeAllListeners('data').on('data', () => {
      stream.pause();
      setTimeout(() => stream.resume(), BETWEEN).unref();
    });
    stream.resume();
    stream.unref();
    left.add(this);
    if (left.size <= MOST_LEFT) return;
    const [oldest] = left;
    left.delete(oldest!);
    oldest!.close();
  }
}
